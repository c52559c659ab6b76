//! The payments of all accounts, for staff.

use serde::{Deserialize, Serialize};

use crate::calendar::CivilDate;
use crate::ids::{AccountId, PaymentId};
use crate::money::{Currency, MinorUnits};
use crate::payment::PaymentStage;
use crate::tender::Tender;

/// `GET /api/v1/payments?state=&on=&limit=&after=`, newest first; with `format=csv` the same
/// rows as a file. Amounts are minor units of the row's currency, in the file decimals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EveryonesPayments {
    pub items: Vec<EveryonesPayment>,
    pub next: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EveryonesPayment {
    pub id: PaymentId,
    pub account_id: AccountId,
    pub account_number: String,
    pub account_name: String,
    pub stage: PaymentStage,
    pub amount: MinorUnits,
    pub received: MinorUnits,
    pub currency: Currency,
    pub tender: Tender,
    pub method: Option<String>,
    /// The business day it was received on; where it was not, the day it was started.
    pub on: CivilDate,
    pub started_at: String,
    pub receipt_number: Option<String>,
    pub refunded: MinorUnits,
    pub refunding: MinorUnits,
    pub withdrawn: MinorUnits,
}
