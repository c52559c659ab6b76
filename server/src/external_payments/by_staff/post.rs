//! Posting what staff recorded, and the document that tells of it.

use receivables::allocation::{Direction, Preview};
use receivables::api::external_payments::{EarlierPayment, ExternalPaymentDocument};
use sqlx::AnyConnection;

use super::super::record::{ByWhom, ExternalPayment, Recording, ToPost, post};
use super::store::StaffRecord;
use crate::accounts::LockedAccount;
use crate::backend;
use crate::clock::instant_text;
use crate::db::DbError;
use crate::outbox;
use crate::payments::{AccountView, view_in};
use crate::receipts;
use crate::state::Portal;

/// As which source the book knows it; the reference is the payment's own id.
const SOURCE: &str = "desk";

/// The account as the money finds it.
pub async fn view(
    tx: &mut AnyConnection,
    portal: &Portal,
    account: &LockedAccount,
    of: &StaffRecord,
) -> Result<AccountView, DbError> {
    let rules = portal.settings.payment_rules(account.currency);
    view_in(tx, account, &rules, of.received_on).await
}

/// Posts it, numbers its receipt, tells the biller's own system, and mails the receipt where
/// that was wished. After the commit wake the outbox.
pub async fn post_recorded(
    tx: &mut AnyConnection,
    portal: &Portal,
    account: &LockedAccount,
    view: &AccountView,
    (record, split): (&mut StaffRecord, &Preview),
) -> Result<(), DbError> {
    let now = portal.now();
    let payment = ExternalPayment {
        id: record.id,
        account_id: record.account_id,
        amount: record.amount,
        tender: record.tender,
        received_on: record.received_on,
        received_at: portal.zone.noon(record.received_on),
        source: SOURCE,
        source_ref: record.id.to_string(),
    };
    let recording = Recording {
        rules: view.rules,
        biller_name: &portal.settings.biller.name,
        demo: portal.is_demo(),
        now,
    };
    let by = ByWhom { started_by: &record.recorded_by, direction: &record.direction };
    let to_post = ToPost { account, view, payment: &payment, split, by, recording };
    let receipt = post(tx, to_post, portal.chance.as_ref()).await?;
    let mut messages = if record.mail_receipt {
        receipts::letters(tx, portal, &receipt, None, now).await?
    } else {
        Vec::new()
    };
    messages.push(backend::write_back(portal, &receipt, now));
    record.receipt_number = Some(receipt.number);
    outbox::enqueue_all(tx, &messages, now).await
}

/// The split of what is here: by the payer's own words where they still hold, else by the order.
pub fn split_of(view: &AccountView, record: &StaffRecord) -> Result<Preview, DbError> {
    view.preview_of_received(record.amount, &record.direction)
        .or_else(|_| view.preview_of_received(record.amount, &Direction::default()))
        .map_err(|_| DbError::inconsistent("external_payment", "amount", record.id))
}

/// What is told beside the record itself.
#[derive(Default)]
pub struct Beside {
    pub dry_run: bool,
    pub preview: Option<Preview>,
    pub likely_duplicate: Option<EarlierPayment>,
    pub can_mail: bool,
}

pub fn document(record: &StaffRecord, beside: Beside) -> ExternalPaymentDocument {
    ExternalPaymentDocument {
        id: Some(record.id).filter(|_| !beside.dry_run || record.decided_by.is_some()),
        account_id: record.account_id,
        state: record.state,
        amount: record.amount,
        currency: record.currency,
        received_on: record.received_on,
        tender: record.tender,
        reference: record.reference.clone(),
        payer_name: record.payer_name.clone(),
        fee: record.fee,
        note: record.note.clone(),
        mail_receipt: record.mail_receipt,
        receipt_number: record.receipt_number.clone(),
        recorded_by: record.recorded_by.clone(),
        recorded_at: instant_text(record.recorded_at),
        decided_by: record.decided_by.clone(),
        decided_at: record.decided_at.map(instant_text),
        duplicate_of: record.duplicate_of,
        duplicate_reason: record.duplicate_reason.clone(),
        likely_duplicate: beside.likely_duplicate,
        can_mail: beside.can_mail,
        dry_run: beside.dry_run,
        preview: beside.preview,
    }
}
