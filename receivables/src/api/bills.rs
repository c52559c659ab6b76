//! Bills: details, the past, and those on hold.

use serde::{Deserialize, Serialize};

use crate::bill::{BillLine, BillStatus, BillingPeriod};
use crate::calendar::CivilDate;
use crate::ids::{AccountId, BillId, PaymentId};
use crate::money::{Currency, MinorUnits};
use crate::open_item::{PartPayment, Standing};

/// `GET /api/v1/bills/{id}` (billDetailsForKey). `total == paid + open` where nothing was
/// credited or written off. Amounts in minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BillDetails {
    pub id: BillId,
    pub account_id: AccountId,
    pub account_number: String,
    pub number: String,
    pub period: Option<BillingPeriod>,
    pub issued_on: CivilDate,
    pub due_on: Option<CivilDate>,
    pub currency: Currency,
    pub total: MinorUnits,
    pub paid: MinorUnits,
    pub open: MinorUnits,
    pub in_flight: MinorUnits,
    pub standing: Standing,
    pub part_payment: PartPayment,
    pub hold_reason: Option<String>,
    pub status: BillStatus,
    pub part_paid: bool,
    pub today: CivilDate,
    pub lines: Vec<BillDetailsLine>,
    /// Every part of a payment applied to this bill, oldest first.
    pub applications: Vec<BillApplication>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BillDetailsLine {
    pub line: BillLine,
    /// The line's share of what is paid so far.
    pub paid: MinorUnits,
}

/// A recorded line of an allocation, as it shows on the bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BillApplication {
    pub payment_id: PaymentId,
    pub receipt_number: Option<String>,
    pub applied_on: CivilDate,
    pub amount: MinorUnits,
}

/// One row of `GET /api/v1/accounts/{id}/bills?status=paid` (pastBillsForAccount).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BillRow {
    pub id: BillId,
    pub number: String,
    pub period: Option<BillingPeriod>,
    pub issued_on: CivilDate,
    pub due_on: Option<CivilDate>,
    pub total: MinorUnits,
    pub open: MinorUnits,
    pub currency: Currency,
    pub status: BillStatus,
    pub part_paid: bool,
    /// The day of the application that settled it.
    pub paid_on: Option<CivilDate>,
}

/// A page of rows, newest first; `next` goes back as `?after=`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BillPage {
    pub items: Vec<BillRow>,
    pub next: Option<String>,
}

/// `POST /api/v1/bills/{id}/hold`: nobody asks for the bill, and it takes no new payment, until
/// it is released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HoldRequest {
    /// The customer reads it. 1 to 200 characters on one line.
    pub reason: String,
}

/// `POST /api/v1/bills/{id}/release`: the bill is asked for again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseRequest {
    /// For those who read the timeline later. At most 200 characters on one line.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What holding or releasing a bill does, or would do. Amounts are minor units of `currency`; the
/// sums are of the whole account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HoldDocument {
    pub bill_id: BillId,
    pub account_id: AccountId,
    pub number: String,
    pub currency: Currency,
    /// After it.
    pub standing: Standing,
    pub hold_reason: Option<String>,
    pub open: MinorUnits,
    /// Of payments in progress: they are still applied to the bill when they arrive.
    pub in_flight: MinorUnits,
    pub owed_before: MinorUnits,
    pub owed_after: MinorUnits,
    pub past_due_before: MinorUnits,
    pub past_due_after: MinorUnits,
    pub on_hold_before: MinorUnits,
    pub on_hold_after: MinorUnits,
    pub dry_run: bool,
}
