//! Refunds and disputes. Amounts are minor units of `currency`.

use serde::{Deserialize, Serialize};

use crate::bill::BillingPeriod;
use crate::calendar::CivilDate;
use crate::dispute::DisputeState;
use crate::ids::{AccountId, BillId, DisputeId, PaymentId, RefundId};
use crate::money::{Currency, MinorUnits};
use crate::refund::RefundState;

/// `POST /api/v1/payments/{id}/refunds`, with an `Idempotency-Key`; with `?dry_run=true` only
/// the preview comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefundRequest {
    pub amount: MinorUnits,
    pub currency: Currency,
    /// Why, for the record; the payer is not shown it.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A bill that opens again. `left_after == left_before + amount`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReopenedLine {
    pub bill_id: BillId,
    pub bill_number: String,
    pub period: Option<BillingPeriod>,
    pub due_on: Option<CivilDate>,
    pub left_before: MinorUnits,
    pub amount: MinorUnits,
    pub left_after: MinorUnits,
}

/// What a refund would do. `sum(lines.amount) + from_credit == amount`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefundPreview {
    pub payment_id: PaymentId,
    pub amount: MinorUnits,
    pub currency: Currency,
    /// The bills that open again, the newest application first.
    pub lines: Vec<ReopenedLine>,
    /// What comes from the account's credit.
    pub from_credit: MinorUnits,
    pub credit_before: MinorUnits,
    pub credit_after: MinorUnits,
    /// What of the payment can still go back, before and after.
    pub refundable_before: MinorUnits,
    pub refundable_after: MinorUnits,
    /// The gateway did not take this payment: staff give the money back, and this records it.
    pub by_hand: bool,
}

/// A refund as staff see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefundDocument {
    pub id: RefundId,
    pub payment_id: PaymentId,
    pub account_id: AccountId,
    pub state: RefundState,
    pub amount: MinorUnits,
    pub currency: Currency,
    pub by_hand: bool,
    pub reason: Option<String>,
    pub requested_by: String,
    pub requested_at: String,
    pub changed_at: String,
    /// The gateway's word for why it failed or was refused.
    pub failure: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefundList {
    pub items: Vec<RefundDocument>,
}

/// A refund as the payer sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefundRow {
    pub id: RefundId,
    pub state: RefundState,
    pub amount: MinorUnits,
    /// When it came to stand as it does.
    pub on: CivilDate,
}

/// A dispute as everyone sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DisputeRow {
    pub id: DisputeId,
    pub state: DisputeState,
    pub amount: MinorUnits,
    /// What the bank has taken back and not returned.
    pub withdrawn: MinorUnits,
    pub on: CivilDate,
}
