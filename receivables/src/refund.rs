//! A refund's life: its states, and what may happen in each.
//!
//! | from \ event | under way | paid back | failed | cancelled | refused | no answer |
//! |---|---|---|---|---|---|---|
//! | created      | pending | done | failed | cancelled | refused | unknown |
//! | pending      | =       | done | failed | cancelled | –       | =       |
//! | unknown      | pending | done | failed | cancelled | refused | =       |
//! | done         | =       | =    | failed | –         | –       | =       |
//! | refused      | pending | done | –      | –         | =       | =       |
//! | failed       | –       | –    | =      | –         | –       | =       |
//! | cancelled    | –       | –    | –      | =         | –       | =       |
//!
//! `=` stays as it is (late or repeated news), `–` is refused. A refund that was done can still
//! fail: the payer's bank sends the money back, days later. What the gateway once called failed
//! or cancelled stays so, because an answer asked for earlier may arrive later; but what it
//! never made (refused) and then shows after all is taken. A test walks every pair.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What our book knows of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum RefundState {
    /// Committed with its key; the gateway has not been asked yet.
    Created,
    /// The gateway is on it.
    Pending,
    /// We asked and got no clear answer. Holds its amount until it is resolved.
    Unknown,
    /// The money went back, and the book says so.
    Done,
    /// The gateway made none: nothing went back.
    Refused,
    /// Made and failed, also after it was done: the money is here again.
    Failed,
    Cancelled,
}

/// What can happen to a refund. Named as history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefundEvent {
    UnderWay,
    PaidBack,
    FailedAtBank,
    CancelledAtGateway,
    RefusedByGateway,
    NoClearAnswer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a refund that is {from:?} cannot take the event {event:?}")]
pub struct InvalidRefundTransition {
    pub from: RefundState,
    pub event: RefundEvent,
}

use RefundEvent as E;
use RefundState as S;

/// Every allowed pair and where it leads. What is not listed is refused.
pub const REFUND_TRANSITIONS: &[(RefundState, RefundEvent, RefundState)] = &[
    (S::Created, E::UnderWay, S::Pending),
    (S::Created, E::PaidBack, S::Done),
    (S::Created, E::FailedAtBank, S::Failed),
    (S::Created, E::CancelledAtGateway, S::Cancelled),
    (S::Created, E::RefusedByGateway, S::Refused),
    (S::Created, E::NoClearAnswer, S::Unknown),
    (S::Pending, E::UnderWay, S::Pending),
    (S::Pending, E::PaidBack, S::Done),
    (S::Pending, E::FailedAtBank, S::Failed),
    (S::Pending, E::CancelledAtGateway, S::Cancelled),
    (S::Pending, E::NoClearAnswer, S::Pending),
    (S::Unknown, E::UnderWay, S::Pending),
    (S::Unknown, E::PaidBack, S::Done),
    (S::Unknown, E::FailedAtBank, S::Failed),
    (S::Unknown, E::CancelledAtGateway, S::Cancelled),
    (S::Unknown, E::RefusedByGateway, S::Refused),
    (S::Unknown, E::NoClearAnswer, S::Unknown),
    (S::Done, E::UnderWay, S::Done),
    (S::Done, E::PaidBack, S::Done),
    (S::Done, E::FailedAtBank, S::Failed),
    (S::Done, E::NoClearAnswer, S::Done),
    (S::Refused, E::UnderWay, S::Pending),
    (S::Refused, E::PaidBack, S::Done),
    (S::Refused, E::RefusedByGateway, S::Refused),
    (S::Refused, E::NoClearAnswer, S::Refused),
    (S::Failed, E::FailedAtBank, S::Failed),
    (S::Failed, E::NoClearAnswer, S::Failed),
    (S::Cancelled, E::CancelledAtGateway, S::Cancelled),
    (S::Cancelled, E::NoClearAnswer, S::Cancelled),
];

impl RefundState {
    pub const ALL: [Self; 7] =
        [S::Created, S::Pending, S::Unknown, S::Done, S::Refused, S::Failed, S::Cancelled];

    /// The stored spelling, the same as on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Pending => "pending",
            Self::Unknown => "unknown",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// The one way a state changes.
    pub fn on(self, event: RefundEvent) -> Result<Self, InvalidRefundTransition> {
        REFUND_TRANSITIONS
            .iter()
            .find(|(from, on, _)| (*from, *on) == (self, event))
            .map(|(_, _, to)| *to)
            .ok_or(InvalidRefundTransition { from: self, event })
    }

    /// On its way: its amount can be given back no second time.
    pub const fn is_under_way(self) -> bool {
        matches!(self, Self::Created | Self::Pending | Self::Unknown)
    }
}

impl RefundEvent {
    pub const ALL: [Self; 6] = [
        E::UnderWay,
        E::PaidBack,
        E::FailedAtBank,
        E::CancelledAtGateway,
        E::RefusedByGateway,
        E::NoClearAnswer,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the module's documentation: `.` refused, else the first two letters of the
    /// next state, in the order of `RefundEvent::ALL`.
    const TABLE: &[(RefundState, &str)] = &[
        (S::Created, "pe do fa ca re un"),
        (S::Pending, "pe do fa ca .  pe"),
        (S::Unknown, "pe do fa ca re un"),
        (S::Done, "do do fa .  .  do"),
        (S::Refused, "pe do .  .  re re"),
        (S::Failed, ".  .  fa .  .  fa"),
        (S::Cancelled, ".  .  .  ca .  ca"),
    ];

    #[test]
    fn every_pair_of_refund_state_and_event_is_either_listed_or_refused() {
        for (from, row) in TABLE {
            let cells: Vec<&str> = row.split_whitespace().collect();
            assert_eq!(cells.len(), RefundEvent::ALL.len());
            for (event, expected) in RefundEvent::ALL.into_iter().zip(cells) {
                let next = from.on(event).map_or(".", |state| &state.code()[..2]);
                assert_eq!(next, expected, "{from:?} on {event:?}");
            }
        }
        assert_eq!(TABLE.len(), RefundState::ALL.len());
    }

    #[test]
    fn every_refund_state_is_stored_under_one_spelling() {
        for state in RefundState::ALL {
            assert_eq!(RefundState::parse(state.code()), Some(state));
        }
    }

    #[test]
    fn a_refund_holds_its_amount_until_it_is_known_what_became_of_it() {
        for state in RefundState::ALL {
            let waits = matches!(state, S::Created | S::Pending | S::Unknown);
            assert_eq!(state.is_under_way(), waits, "{state:?}");
        }
    }
}
