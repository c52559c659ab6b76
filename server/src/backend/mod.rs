//! The biller's own system: what we tell it. One message a payment, by the outbox, so that it is
//! told at least once and knows a repeat by its Idempotency-Key.

use receivables::calendar::Micros;
use receivables::receipt::Receipt;
use serde_json::json;

use crate::clock::instant_text;
use crate::outbox::{NewOutbox, OutboxKind};
use crate::state::Portal;

/// What a payment settled, for the outbox of the posting's own transaction.
pub fn write_back(portal: &Portal, receipt: &Receipt, now: Micros) -> NewOutbox {
    let bills = receipt.lines.iter().map(|line| {
        json!({
            "bill_number": line.bill_number,
            "paid": line.amount,
            "left_to_pay": line.left_to_pay,
        })
    });
    let payload = json!({
        "payment_id": receipt.payment_id,
        "receipt_number": receipt.number,
        "account_number": receipt.account_number,
        "paid": receipt.amount,
        "currency": receipt.currency,
        "paid_on": receipt.paid_on,
        "posted_at": instant_text(now),
        "credit_on_account": receipt.credit_on_account,
        "bills": bills.collect::<Vec<_>>(),
    });
    NewOutbox {
        id: portal.outbox_id(),
        account_id: Some(receipt.account_id),
        kind: OutboxKind::WriteBack,
        payload,
        due_at: now,
    }
}
