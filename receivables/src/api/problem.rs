//! Problems: every error answer, `application/problem+json` (RFC 9457).

use serde::{Deserialize, Serialize};

use crate::allocation::Preview;
use crate::ids::PaymentId;
use crate::payment::MoneyTaken;

/// The browser matches on `code` and `errors[].code`, never on text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `/problems/{code}`.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    /// For this case, in the reader's words.
    pub detail: String,
    /// The request's id, to tell the biller.
    pub instance: String,
    pub code: String,
    pub money_taken: MoneyTaken,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// With `allocation-changed`: what the same payment would do now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<Box<Preview>>,
    /// With `balance-reserved`: the payment in flight; with `likely-duplicate`: the earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<PaymentId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldProblem {
    /// A JSON pointer into the request: `#/amount`; or `header:Idempotency-Key`.
    pub pointer: String,
    pub code: String,
    pub detail: String,
}
