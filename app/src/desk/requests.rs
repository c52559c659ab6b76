//! What the desk asks of the server, beside what customers' pages ask too.

use receivables::api::bills::{HoldRequest, ReleaseRequest};
use receivables::api::corrections::{
    AdjustmentRequest, ReapplicationRequest, UnapplicationRequest,
};
use receivables::api::external_payments::ExternalPaymentRequest;
use receivables::api::refunds::RefundRequest;
use receivables::api::work_items::WorkDoneRequest;
use receivables::ids::{AccountId, AdjustmentId, BillId, PaymentId, WorkItemId};

use crate::api::{BASE, Request, page};
use crate::ui::browser;

/// Asked first without a trace, then in earnest with a key of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Earnest {
    DryRun,
    Key(String),
}

impl Earnest {
    /// A key that no other press has; none where the browser has no chance to draw it from.
    pub fn new_key() -> Option<Self> {
        use std::fmt::Write;
        let mut key = String::from("desk-");
        for byte in browser::chance()? {
            // Writing into a String cannot fail.
            let _ = write!(key, "{byte:02x}");
        }
        Some(Self::Key(key))
    }

    fn ask(self, path: String, body: &impl serde::Serialize) -> Request {
        match self {
            Self::DryRun => Request::post(format!("{path}?dry_run=true"), body),
            Self::Key(key) => Request::post(path, body).with_key(key),
        }
    }
}

pub fn hold(bill: BillId, request: &HoldRequest, how: Earnest) -> Request {
    how.ask(format!("{BASE}/bills/{bill}/hold"), request)
}

pub fn release(bill: BillId, request: &ReleaseRequest, how: Earnest) -> Request {
    how.ask(format!("{BASE}/bills/{bill}/release"), request)
}

pub fn dashboard() -> Request {
    Request::get(format!("{BASE}/dashboard"))
}

pub fn work_items(after: Option<&str>) -> Request {
    page(format!("{BASE}/work-items?limit=25"), after)
}

pub fn work_done(item: WorkItemId, note: String) -> Request {
    Request::post(format!("{BASE}/work-items/{item}/done"), &WorkDoneRequest { note })
}

pub fn staff_session() -> Request {
    Request::get(format!("{BASE}/staff/session"))
}

pub fn caller() -> Request {
    Request::get(format!("{BASE}/caller"))
}

pub fn search(typed: &str) -> Request {
    let typed = String::from(js_sys::encode_uri_component(typed));
    Request::get(format!("{BASE}/search?q={typed}"))
}

pub fn people(account: AccountId) -> Request {
    Request::get(format!("{BASE}/accounts/{account}/people"))
}

pub fn timeline(account: AccountId, after: Option<&str>) -> Request {
    page(format!("{BASE}/accounts/{account}/timeline?limit=25"), after)
}

pub fn adjustments(account: AccountId, after: Option<&str>) -> Request {
    page(format!("{BASE}/accounts/{account}/adjustments?limit=25"), after)
}

pub fn record(account: AccountId, request: &ExternalPaymentRequest, how: Earnest) -> Request {
    how.ask(format!("{BASE}/accounts/{account}/external-payments"), request)
}

pub fn external_payments(account: AccountId) -> Request {
    Request::get(format!("{BASE}/accounts/{account}/external-payments?limit=50"))
}

/// `word` is `approval` or `refusal`.
pub fn decide_external(payment: PaymentId, word: &str, how: Earnest) -> Request {
    how.ask(format!("{BASE}/external-payments/{payment}/{word}"), &serde_json::json!({}))
}

pub fn adjust(account: AccountId, request: &AdjustmentRequest, how: Earnest) -> Request {
    how.ask(format!("{BASE}/accounts/{account}/adjustments"), request)
}

/// `word` is `approval`, `refusal` or `reversal`.
pub fn decide(adjustment: AdjustmentId, word: &str, how: Earnest) -> Request {
    how.ask(format!("{BASE}/adjustments/{adjustment}/{word}"), &serde_json::json!({}))
}

pub fn refunds(payment: PaymentId) -> Request {
    Request::get(format!("{BASE}/payments/{payment}/refunds"))
}

pub fn refund(payment: PaymentId, request: &RefundRequest, how: Earnest) -> Request {
    how.ask(format!("{BASE}/payments/{payment}/refunds"), request)
}

pub fn unapply(payment: PaymentId, request: &UnapplicationRequest, how: Earnest) -> Request {
    how.ask(format!("{BASE}/payments/{payment}/unapplications"), request)
}

pub fn reapply(payment: PaymentId, request: &ReapplicationRequest, how: Earnest) -> Request {
    how.ask(format!("{BASE}/payments/{payment}/reapplications"), request)
}
