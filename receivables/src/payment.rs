//! A payment's life: its states, what may happen in each, and what a payer is told.
//!
//! | from \ event      | created at gateway | declined | bank confirming | received | refused | cancelled | expired | no answer |
//! |---|---|---|---|---|---|---|---|---|
//! | created           | awaiting payer | – | processing | posted | failed | cancelled | expired | unknown |
//! | awaiting payer    | =              | = | processing | posted | –      | cancelled | expired | unknown |
//! | processing        | =              | awaiting payer | = | posted | – | cancelled | – | unknown |
//! | unknown           | awaiting payer | awaiting payer | processing | posted | failed | cancelled | expired | = |
//! | failed, cancelled, expired | – | – | –  | posted | – | =/– | =/– | – |
//! | posted            | =              | = | =          | =        | – | = | = | = |
//!
//! `=` stays as it is (late or repeated news), `–` is refused. Money that was received is
//! posted from every state; nothing undoes a posted payment here (only a refund, a dispute or a
//! reversal does, by new entries). A test walks every pair.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What our book knows of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PaymentState {
    /// Committed with its key and its reservation; the gateway has not been asked yet.
    Created,
    /// The gateway knows it; the payer has to give a card, or to try another.
    AwaitingPayer,
    /// The bank has been asked and has not confirmed.
    Processing,
    /// We asked and got no clear answer. Blocks a second payment of the same items.
    Unknown,
    /// Received, applied, receipt numbered.
    Posted,
    /// Refused by the gateway before anything could be paid.
    Failed,
    Cancelled,
    Expired,
}

/// What can happen to a payment. Named as history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaymentEvent {
    CreatedAtGateway,
    DeclinedByBank,
    BankIsConfirming,
    MoneyReceived,
    RefusedByGateway,
    CancelConfirmed,
    ExpiryConfirmed,
    NoClearAnswer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a payment that is {from:?} cannot take the event {event:?}")]
pub struct InvalidTransition {
    pub from: PaymentState,
    pub event: PaymentEvent,
}

use PaymentEvent as E;
use PaymentState as S;

/// Every allowed pair and where it leads. What is not listed is refused.
pub const TRANSITIONS: &[(PaymentState, PaymentEvent, PaymentState)] = &[
    (S::Created, E::CreatedAtGateway, S::AwaitingPayer),
    (S::Created, E::BankIsConfirming, S::Processing),
    (S::Created, E::MoneyReceived, S::Posted),
    (S::Created, E::RefusedByGateway, S::Failed),
    (S::Created, E::CancelConfirmed, S::Cancelled),
    (S::Created, E::ExpiryConfirmed, S::Expired),
    (S::Created, E::NoClearAnswer, S::Unknown),
    (S::AwaitingPayer, E::CreatedAtGateway, S::AwaitingPayer),
    (S::AwaitingPayer, E::DeclinedByBank, S::AwaitingPayer),
    (S::AwaitingPayer, E::BankIsConfirming, S::Processing),
    (S::AwaitingPayer, E::MoneyReceived, S::Posted),
    (S::AwaitingPayer, E::CancelConfirmed, S::Cancelled),
    (S::AwaitingPayer, E::ExpiryConfirmed, S::Expired),
    (S::AwaitingPayer, E::NoClearAnswer, S::Unknown),
    (S::Processing, E::CreatedAtGateway, S::Processing),
    (S::Processing, E::DeclinedByBank, S::AwaitingPayer),
    (S::Processing, E::BankIsConfirming, S::Processing),
    (S::Processing, E::MoneyReceived, S::Posted),
    (S::Processing, E::CancelConfirmed, S::Cancelled),
    (S::Processing, E::NoClearAnswer, S::Unknown),
    (S::Unknown, E::CreatedAtGateway, S::AwaitingPayer),
    (S::Unknown, E::DeclinedByBank, S::AwaitingPayer),
    (S::Unknown, E::BankIsConfirming, S::Processing),
    (S::Unknown, E::MoneyReceived, S::Posted),
    (S::Unknown, E::RefusedByGateway, S::Failed),
    (S::Unknown, E::CancelConfirmed, S::Cancelled),
    (S::Unknown, E::ExpiryConfirmed, S::Expired),
    (S::Unknown, E::NoClearAnswer, S::Unknown),
    (S::Failed, E::MoneyReceived, S::Posted),
    (S::Cancelled, E::MoneyReceived, S::Posted),
    (S::Cancelled, E::CancelConfirmed, S::Cancelled),
    (S::Expired, E::MoneyReceived, S::Posted),
    (S::Expired, E::ExpiryConfirmed, S::Expired),
    (S::Expired, E::CancelConfirmed, S::Expired),
    (S::Posted, E::CreatedAtGateway, S::Posted),
    (S::Posted, E::DeclinedByBank, S::Posted),
    (S::Posted, E::BankIsConfirming, S::Posted),
    (S::Posted, E::MoneyReceived, S::Posted),
    (S::Posted, E::CancelConfirmed, S::Posted),
    (S::Posted, E::ExpiryConfirmed, S::Posted),
    (S::Posted, E::NoClearAnswer, S::Posted),
];

impl PaymentState {
    pub const ALL: [Self; 8] = [
        S::Created,
        S::AwaitingPayer,
        S::Processing,
        S::Unknown,
        S::Posted,
        S::Failed,
        S::Cancelled,
        S::Expired,
    ];

    /// The stored spelling.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::AwaitingPayer => "awaiting_payer",
            Self::Processing => "processing",
            Self::Unknown => "unknown",
            Self::Posted => "posted",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// The one way a state changes.
    pub fn on(self, event: PaymentEvent) -> Result<Self, InvalidTransition> {
        TRANSITIONS
            .iter()
            .find(|(from, on, _)| (*from, *on) == (self, event))
            .map(|(_, _, to)| *to)
            .ok_or(InvalidTransition { from: self, event })
    }

    /// Does it still hold its reservation on the open items?
    pub const fn is_in_flight(self) -> bool {
        matches!(self, Self::Created | Self::AwaitingPayer | Self::Processing | Self::Unknown)
    }

    /// Is no further news expected?
    pub const fn is_final(self) -> bool {
        !self.is_in_flight()
    }

    /// The face a payer sees. `declined`: the bank has refused a try since the last one.
    pub const fn stage(self, declined: bool) -> PaymentStage {
        match self {
            Self::Created | Self::AwaitingPayer if declined => PaymentStage::Declined,
            Self::Created | Self::AwaitingPayer => PaymentStage::AwaitingPayer,
            Self::Processing => PaymentStage::InProgress,
            Self::Unknown => PaymentStage::Checking,
            Self::Posted => PaymentStage::Paid,
            Self::Failed => PaymentStage::Failed,
            Self::Cancelled => PaymentStage::Cancelled,
            Self::Expired => PaymentStage::Expired,
        }
    }
}

impl PaymentEvent {
    pub const ALL: [Self; 8] = [
        E::CreatedAtGateway,
        E::DeclinedByBank,
        E::BankIsConfirming,
        E::MoneyReceived,
        E::RefusedByGateway,
        E::CancelConfirmed,
        E::ExpiryConfirmed,
        E::NoClearAnswer,
    ];

    /// The stored spelling.
    pub const fn code(self) -> &'static str {
        match self {
            Self::CreatedAtGateway => "created_at_gateway",
            Self::DeclinedByBank => "declined_by_bank",
            Self::BankIsConfirming => "bank_is_confirming",
            Self::MoneyReceived => "money_received",
            Self::RefusedByGateway => "refused_by_gateway",
            Self::CancelConfirmed => "cancel_confirmed",
            Self::ExpiryConfirmed => "expiry_confirmed",
            Self::NoClearAnswer => "no_clear_answer",
        }
    }
}

/// What a payer is told: few words, each with its own page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PaymentStage {
    AwaitingPayer,
    Declined,
    InProgress,
    Checking,
    Paid,
    Failed,
    Cancelled,
    Expired,
}

/// Whether money left the payer, as every answer about a payment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MoneyTaken {
    No,
    Yes,
    Unknown,
}

impl PaymentStage {
    pub const fn money_taken(self) -> MoneyTaken {
        match self {
            Self::Paid => MoneyTaken::Yes,
            Self::InProgress | Self::Checking => MoneyTaken::Unknown,
            Self::AwaitingPayer
            | Self::Declined
            | Self::Failed
            | Self::Cancelled
            | Self::Expired => MoneyTaken::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the module's documentation, a row a state: `.` refused, else the first two
    /// letters of the next state, in the order of `PaymentEvent::ALL`.
    const TABLE: &[(PaymentState, &str)] = &[
        (S::Created, "aw .  pr po fa ca ex un"),
        (S::AwaitingPayer, "aw aw pr po .  ca ex un"),
        (S::Processing, "pr aw pr po .  ca .  un"),
        (S::Unknown, "aw aw pr po fa ca ex un"),
        (S::Posted, "po po po po .  po po po"),
        (S::Failed, ".  .  .  po .  .  .  ."),
        (S::Cancelled, ".  .  .  po .  ca .  ."),
        (S::Expired, ".  .  .  po .  ex ex ."),
    ];

    #[test]
    fn every_pair_of_state_and_event_is_either_listed_or_refused() {
        for (from, row) in TABLE {
            let cells: Vec<&str> = row.split_whitespace().collect();
            assert_eq!(cells.len(), PaymentEvent::ALL.len());
            for (event, expected) in PaymentEvent::ALL.into_iter().zip(cells) {
                let next = from.on(event).map_or(".", |state| &state.code()[..2]);
                assert_eq!(next, expected, "{from:?} on {event:?}");
            }
        }
        assert_eq!(TABLE.len(), PaymentState::ALL.len());
    }

    #[test]
    fn money_received_is_posted_from_every_state_and_nothing_undoes_a_posted_payment() {
        for state in PaymentState::ALL {
            assert_eq!(state.on(E::MoneyReceived), Ok(S::Posted));
        }
        for event in PaymentEvent::ALL {
            assert!(
                S::Posted.on(event).is_ok_and(|s| s == S::Posted) || S::Posted.on(event).is_err()
            );
        }
    }

    #[test]
    fn every_state_is_stored_under_one_spelling() {
        for state in PaymentState::ALL {
            assert_eq!(PaymentState::parse(state.code()), Some(state));
        }
    }

    #[test]
    fn a_payment_is_in_flight_until_no_more_news_is_expected() {
        for state in PaymentState::ALL {
            let waits = matches!(state, S::Created | S::AwaitingPayer | S::Processing | S::Unknown);
            assert_eq!(state.is_in_flight(), waits, "{state:?}");
            assert_eq!(state.is_final(), !waits, "{state:?}");
        }
    }

    #[test]
    fn a_payer_is_told_of_a_decline_only_while_another_try_is_theirs() {
        use PaymentStage as P;
        let undisturbed = PaymentState::ALL.map(|state| state.stage(false));
        let rest = [P::InProgress, P::Checking, P::Paid, P::Failed, P::Cancelled, P::Expired];
        assert_eq!(undisturbed[..2], [P::AwaitingPayer; 2]);
        assert_eq!(undisturbed[2..], rest);
        let declined = PaymentState::ALL.map(|state| state.stage(true));
        assert_eq!(declined[..2], [P::Declined; 2]);
        assert_eq!(declined[2..], rest);
    }

    #[test]
    fn every_event_of_a_payment_is_written_down_by_its_own_word() {
        let words = [
            "created_at_gateway",
            "declined_by_bank",
            "bank_is_confirming",
            "money_received",
            "refused_by_gateway",
            "cancel_confirmed",
            "expiry_confirmed",
            "no_clear_answer",
        ];
        assert_eq!(PaymentEvent::ALL.map(PaymentEvent::code), words);
    }
}
