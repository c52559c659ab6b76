//! Finding an account by whatever a caller has at hand.

use serde::{Deserialize, Serialize};

use crate::calendar::CivilDate;
use crate::ids::{AccountId, BillId, PaymentId};
use crate::money::{Currency, MinorUnits};

/// `GET /api/v1/search?q=`: at most 20, what is called exactly so first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchAnswer {
    pub items: Vec<SearchHit>,
    /// There is more than was listed: a longer word finds less.
    pub is_more: bool,
}

/// An account, and the thing on it that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchHit {
    pub found: Found,
    pub account_id: AccountId,
    pub account_number: String,
    pub account_name: String,
    pub currency: Currency,
    /// Open on bills asked for, in minor units of `currency`.
    pub owed: MinorUnits,
    /// The part of it whose day is over.
    pub past_due: MinorUnits,
    /// When a payment was last received.
    pub last_paid_on: Option<CivilDate>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Found {
    /// The account itself, by its number, its name, or one of its customers.
    Account,
    Bill {
        bill_id: BillId,
        number: String,
        total: MinorUnits,
    },
    Payment {
        payment_id: PaymentId,
        amount: MinorUnits,
    },
}
