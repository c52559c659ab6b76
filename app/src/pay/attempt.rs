//! The payment this tab has started, or is about to: its id is made and remembered before the
//! first request, so that a repeat, a reload or Back finds the same payment again.

use receivables::allocation::Fingerprint;
use receivables::ids::{AccountId, PaymentId};
use serde::{Deserialize, Serialize};

use super::draft::Draft;
use crate::ui::browser;

#[derive(Clone, Serialize, Deserialize)]
pub struct Attempt {
    pub payment: PaymentId,
    /// The preview it was started for; a payment of another preview is another payment.
    pub fingerprint: Option<Fingerprint>,
}

fn attempt_key(account: AccountId) -> String {
    format!("paydown-attempt-{account}")
}

fn draft_key(account: AccountId) -> String {
    format!("paydown-draft-{account}")
}

pub fn remembered(account: AccountId) -> Option<Attempt> {
    browser::recall_document(&attempt_key(account))
}

/// A payment that exists on the server already, to be finished here.
pub fn remember(account: AccountId, payment: PaymentId) {
    let attempt = Attempt { payment, fingerprint: None };
    browser::remember_document(&attempt_key(account), &attempt);
}

/// The payment for this preview: the one remembered, else a new one, remembered from now on.
pub fn payment_for(account: AccountId, fingerprint: &Fingerprint) -> Option<PaymentId> {
    if let Some(attempt) = remembered(account)
        && attempt.fingerprint.as_ref() == Some(fingerprint)
    {
        return Some(attempt.payment);
    }
    let payment = PaymentId::from_parts(browser::now_ms(), &browser::chance()?);
    let attempt = Attempt { payment, fingerprint: Some(fingerprint.clone()) };
    browser::remember_document(&attempt_key(account), &attempt);
    Some(payment)
}

pub fn forget(account: AccountId) {
    browser::forget(&attempt_key(account));
}

pub fn draft(account: AccountId) -> Option<Draft> {
    browser::recall_document(&draft_key(account))
}

pub fn keep_draft(account: AccountId, draft: &Draft) {
    browser::remember_document(&draft_key(account), draft);
}

pub fn forget_draft(account: AccountId) {
    browser::forget(&draft_key(account));
}
