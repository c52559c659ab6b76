//! What staff put right: payments moved, credit notes, write-offs. Each can be asked for with
//! `?dry_run=true`, which answers the same document and writes nothing.

use serde::{Deserialize, Serialize};

use crate::allocation::DirectedAmount;
use crate::ids::{AccountId, AdjustmentId, BillId, PaymentId};
use crate::money::{Currency, MinorUnits};
use crate::moves::BillChange;

/// `POST /api/v1/payments/{id}/unapplications`: from these bills back to credit on account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnapplicationRequest {
    pub bills: Vec<DirectedAmount>,
}

/// `POST /api/v1/payments/{id}/reapplications`: to these bills, from what of the payment is on
/// account and from what is taken back from other bills in the same step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReapplicationRequest {
    #[serde(default)]
    pub take_back: Vec<DirectedAmount>,
    pub bills: Vec<DirectedAmount>,
}

/// What a move does, or would do. Amounts are minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MoveDocument {
    pub payment_id: PaymentId,
    pub account_id: AccountId,
    pub currency: Currency,
    pub dry_run: bool,
    pub bills: Vec<BillChange>,
    /// The account's credit.
    pub credit_before: MinorUnits,
    pub credit_after: MinorUnits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AdjustmentKind {
    /// Less is owed than was asked for. To a bill, and what the bill does not take to the
    /// account; or to the account.
    CreditNote,
    /// What a bill asks for is given up. Another operator has to approve it.
    WriteOff,
}

impl AdjustmentKind {
    pub const ALL: [Self; 2] = [Self::CreditNote, Self::WriteOff];

    /// The stored spelling, the same as on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::CreditNote => "credit_note",
            Self::WriteOff => "write_off",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AdjustmentState {
    /// Waits for another operator.
    Proposed,
    Posted,
    Declined,
    Reversed,
}

impl AdjustmentState {
    pub const ALL: [Self; 4] = [Self::Proposed, Self::Posted, Self::Declined, Self::Reversed];

    /// The stored spelling, the same as on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Posted => "posted",
            Self::Declined => "declined",
            Self::Reversed => "reversed",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// `POST /api/v1/accounts/{id}/adjustments`, with an `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdjustmentRequest {
    pub kind: AdjustmentKind,
    /// Needed for a write-off.
    #[serde(default)]
    pub bill_id: Option<BillId>,
    pub amount: MinorUnits,
    pub currency: Currency,
    /// Why, for those who read the books later. 1 to 500 characters.
    pub reason: String,
}

/// An adjustment and what it does, or would do. Amounts are minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdjustmentDocument {
    /// None in a dry run.
    pub id: Option<AdjustmentId>,
    pub account_id: AccountId,
    pub kind: AdjustmentKind,
    pub bill_id: Option<BillId>,
    pub amount: MinorUnits,
    pub currency: Currency,
    pub reason: String,
    pub state: AdjustmentState,
    pub proposed_by: String,
    pub decided_by: Option<String>,
    pub reversed_by: Option<String>,
    pub dry_run: bool,
    /// What it does to the bill, where it is about one. Empty once it was posted before.
    pub bills: Vec<BillChange>,
    /// What of it goes to the account's credit.
    pub credit_added: MinorUnits,
}

/// `GET /api/v1/accounts/{id}/adjustments`, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdjustmentPage {
    pub items: Vec<AdjustmentDocument>,
    pub next: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_adjustment_is_stored_by_its_word_on_the_wire() {
        let stored = ["credit_note", "write_off"];
        assert_eq!(AdjustmentKind::ALL.map(AdjustmentKind::code), stored);
        for word in AdjustmentKind::ALL {
            assert_eq!(AdjustmentKind::parse(word.code()), Some(word));
            assert_eq!(serde_json::to_value(word).unwrap(), word.code());
        }
        assert_eq!(AdjustmentKind::parse("something else"), None);
    }

    #[test]
    fn every_state_of_an_adjustment_is_stored_by_its_word_on_the_wire() {
        let stored = ["proposed", "posted", "declined", "reversed"];
        assert_eq!(AdjustmentState::ALL.map(AdjustmentState::code), stored);
        for word in AdjustmentState::ALL {
            assert_eq!(AdjustmentState::parse(word.code()), Some(word));
            assert_eq!(serde_json::to_value(word).unwrap(), word.code());
        }
        assert_eq!(AdjustmentState::parse("something else"), None);
    }
}
