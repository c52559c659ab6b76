//! A dispute's life: what the payer's bank has decided, as the gateway says it now.
//!
//! | from \ told | open | won | lost | closed |
//! |---|---|---|---|---|
//! | open        | =    | won | lost | closed |
//! | won         | =    | =   | –    | –      |
//! | lost        | =    | won | =    | –      |
//! | closed      | =    | won | lost | =      |
//!
//! `=` stays as it is: an answer asked for earlier may arrive later. A lost dispute can be won
//! after all, and a question that was closed can become a real dispute; nothing else goes back.
//! Whether money was withdrawn and came back is told apart from this, each at most once.

use serde::{Deserialize, Serialize};
use thiserror::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DisputeState {
    /// The bank has not decided. Nothing of the payment can be refunded.
    Open,
    /// The money is ours.
    Won,
    /// The money is the payer's.
    Lost,
    /// It was a question, and it came to nothing.
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a dispute that is {from:?} cannot become {told:?}")]
pub struct InvalidDisputeTransition {
    pub from: DisputeState,
    pub told: DisputeState,
}

use DisputeState as S;

/// Every allowed pair and where it leads. What is not listed is refused.
pub const DISPUTE_TRANSITIONS: &[(DisputeState, DisputeState, DisputeState)] = &[
    (S::Open, S::Open, S::Open),
    (S::Open, S::Won, S::Won),
    (S::Open, S::Lost, S::Lost),
    (S::Open, S::Closed, S::Closed),
    (S::Won, S::Open, S::Won),
    (S::Won, S::Won, S::Won),
    (S::Lost, S::Open, S::Lost),
    (S::Lost, S::Won, S::Won),
    (S::Lost, S::Lost, S::Lost),
    (S::Closed, S::Open, S::Closed),
    (S::Closed, S::Won, S::Won),
    (S::Closed, S::Lost, S::Lost),
    (S::Closed, S::Closed, S::Closed),
];

impl DisputeState {
    pub const ALL: [Self; 4] = [S::Open, S::Won, S::Lost, S::Closed];

    /// The stored spelling, the same as on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Won => "won",
            Self::Lost => "lost",
            Self::Closed => "closed",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// The one way a state changes: by what the gateway tells.
    pub fn told(self, told: Self) -> Result<Self, InvalidDisputeTransition> {
        DISPUTE_TRANSITIONS
            .iter()
            .find(|(from, by, _)| (*from, *by) == (self, told))
            .map(|(_, _, to)| *to)
            .ok_or(InvalidDisputeTransition { from: self, told })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_dispute_states_is_either_listed_or_refused() {
        let table = [
            (S::Open, "o w l c"),
            (S::Won, "w w . ."),
            (S::Lost, "l w l ."),
            (S::Closed, "c w l c"),
        ];
        for (from, row) in table {
            for (told, expected) in DisputeState::ALL.into_iter().zip(row.split(' ')) {
                let next = from.told(told).map_or(".", |state| &state.code()[..1]);
                assert_eq!(next, expected, "{from:?} told {told:?}");
            }
        }
        for state in DisputeState::ALL {
            assert_eq!(DisputeState::parse(state.code()), Some(state));
        }
    }
}
