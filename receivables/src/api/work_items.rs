//! What waits for a person.

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, AdjustmentId, PaymentId, RefundId, WorkItemId};

/// `GET /api/v1/work-items?kind=&limit=&after=`: what is open, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkItemPage {
    pub items: Vec<WorkItemRow>,
    pub next: Option<String>,
    /// How many are open of each kind, of all pages; kinds of which none is are left out.
    pub counts: Vec<WorkCount>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkCount {
    pub kind: String,
    pub open: i64,
}

/// One matter. Of the ids there are those of what it is about, where the portal knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkItemRow {
    pub id: WorkItemId,
    /// `unmatched_money`, `payment_unclear`, `payment_slow`, `intent_differs`,
    /// `event_not_applied`, `not_delivered`, `money_went_back`, `refund_unclear`,
    /// `refund_returned`, `disputed`, `approval_waits`, `glass_broken`,
    /// `watched_table`.
    pub kind: String,
    /// What kind of thing it is about, and its name there: the gateway's own for a
    /// `gateway_intent`.
    pub thing: String,
    pub thing_id: String,
    pub why: String,
    pub since: String,
    pub action: WorkAction,
    pub account_id: Option<AccountId>,
    pub account_number: Option<String>,
    pub payment_id: Option<PaymentId>,
    pub refund_id: Option<RefundId>,
    pub adjustment_id: Option<AdjustmentId>,
}

/// The one thing to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum WorkAction {
    /// Say whose money it is: `external-money/{thing_id}/match`.
    Match,
    /// Approve it or decline it: `external-payments/{payment_id}` or
    /// `adjustments/{adjustment_id}`.
    Decide,
    /// Look at the payment; it resolves itself or needs the gateway's own pages.
    SeePayment,
    /// Answer the payer's bank in the gateway's own pages.
    AnswerDispute,
    /// See what keeps the letter or the message from its receiver.
    SeeAccount,
    /// Compare with the gateway's own pages.
    CheckGateway,
    /// Ask who it was.
    CheckStaff,
    /// See what keeps the watched table, or rows of it, from being taken.
    CheckTable,
}

/// `POST /api/v1/work-items/{id}/done`: the matter is settled, as the note says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkDoneRequest {
    /// 1 to 500 characters on one line.
    pub note: String,
}

/// What was ended, by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkDone {
    pub id: WorkItemId,
    pub done_by: String,
    pub note: String,
}
