//! Appending one posting with its entries and applications.

use receivables::allocation::Reason;
use receivables::calendar::{CivilDate, Micros};
use receivables::ids::{AccountId, AdjustmentId, ApplicationId, BillId, PaymentId, PostingId};
use receivables::money::{Currency, MinorUnits};
use sqlx::AnyConnection;

use super::append_many::{append_applications, append_entries};
use super::digest::act_of;
use crate::audit;
use crate::db::DbError;

/// The book's accounts. What customers owe, what the biller earned, money at a gateway on its
/// way to the bank, and money we hold for customers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookAccount {
    Receivable,
    Income,
    /// Money received through this gateway or tender, not yet at the bank.
    Clearing(String),
    CreditOnAccount,
    /// Taken off what was asked for: less income, given as a credit note.
    CreditNotes,
    /// Given up: owed, and never to be paid.
    WriteOffs,
}

impl BookAccount {
    pub fn code(&self) -> String {
        match self {
            Self::Receivable => "receivable".to_owned(),
            Self::Income => "income".to_owned(),
            Self::Clearing(through) => format!("clearing:{through}"),
            Self::CreditOnAccount => "credit_on_account".to_owned(),
            Self::CreditNotes => "credit_notes".to_owned(),
            Self::WriteOffs => "write_offs".to_owned(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostingKind {
    BillIssued,
    /// Takes a bill back that nothing was paid on.
    BillCancelled,
    PaymentReceived,
    /// Credit on account settles what was issued later.
    CreditApplied,
    /// Staff moved what a payment settled: to other bills, or to credit on account.
    PaymentMoved,
    CreditNote,
    WriteOff,
    /// Takes a credit note or a write-off back.
    AdjustmentReversed,
    /// Money of a payment went back to its payer.
    RefundPaid,
    /// A refund that was done failed after all: the money is here again.
    RefundReturned,
    /// The payer's bank took a payment back.
    DisputeWithdrawn,
    /// The payer's bank gave it up again.
    DisputeReinstated,
}

impl PostingKind {
    pub const fn code(self) -> &'static str {
        match self {
            Self::BillIssued => "bill_issued",
            Self::BillCancelled => "bill_cancelled",
            Self::PaymentReceived => "payment_received",
            Self::CreditApplied => "credit_applied",
            Self::PaymentMoved => "payment_moved",
            Self::CreditNote => "credit_note",
            Self::WriteOff => "write_off",
            Self::AdjustmentReversed => "adjustment_reversed",
            Self::RefundPaid => "refund_paid",
            Self::RefundReturned => "refund_returned",
            Self::DisputeWithdrawn => "dispute_withdrawn",
            Self::DisputeReinstated => "dispute_reinstated",
        }
    }
}

/// Debits positive, credits negative; never zero.
#[derive(Clone, Debug)]
pub struct NewEntry {
    pub book_account: BookAccount,
    pub bill_id: Option<BillId>,
    pub amount: MinorUnits,
}

/// A recorded line of an allocation: this payment (or credit note) settled so much of this bill.
#[derive(Clone, Debug)]
pub struct NewApplication {
    pub id: ApplicationId,
    pub bill_id: BillId,
    /// Negative when it takes back.
    pub amount: MinorUnits,
    /// The application this one takes back, whole or in part.
    pub reverses: Option<ApplicationId>,
    pub reason: Reason,
}

#[derive(Clone, Debug)]
pub struct NewPosting {
    pub id: PostingId,
    pub account_id: AccountId,
    pub kind: PostingKind,
    /// What caused it: `bill` and the bill's id, or the gateway's name and its own reference.
    pub source: String,
    pub source_ref: String,
    pub payment_id: Option<PaymentId>,
    pub adjustment_id: Option<AdjustmentId>,
    /// The business day, in the biller's zone.
    pub effective_on: CivilDate,
    pub recorded_at: Micros,
    pub currency: Currency,
    pub entries: Vec<NewEntry>,
    /// Only with a payment, or with a credit note whose credit they spend.
    pub applications: Vec<NewApplication>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    Done,
    /// This source has posted before; nothing was written.
    Before,
}

pub(super) const INSERT_POSTING: &str = "
insert into posting
  (id, account_id, kind, source, source_ref, payment_id, adjustment_id, effective_on, recorded_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (source, source_ref) do nothing";

pub(super) const INSERT_ENTRY: &str = "
insert into entry (posting_id, line, account_id, book_account, bill_id, currency, amount)
values ($1, $2, $3, $4, $5, $6, $7)";

pub(super) const INSERT_APPLICATION: &str = "
insert into application
  (id, posting_id, account_id, payment_id, adjustment_id, bill_id, amount, reverses, reason,
   applied_on)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

pub(super) const SQL: &[&str] = &[INSERT_POSTING, INSERT_ENTRY, INSERT_APPLICATION];

/// Appends `posting` unless its source has posted before.
pub async fn append(tx: &mut AnyConnection, posting: &NewPosting) -> Result<Appended, DbError> {
    let sum = MinorUnits::sum(posting.entries.iter().map(|entry| entry.amount));
    if sum != Ok(MinorUnits::ZERO) {
        return Err(DbError::inconsistent("entry", "amount", posting.id));
    }
    let written = sqlx::query(INSERT_POSTING)
        .bind(posting.id.to_string())
        .bind(posting.account_id.to_string())
        .bind(posting.kind.code())
        .bind(&posting.source)
        .bind(&posting.source_ref)
        .bind(posting.payment_id.map(|id| id.to_string()))
        .bind(posting.adjustment_id.map(|id| id.to_string()))
        .bind(posting.effective_on.to_string())
        .bind(posting.recorded_at.0)
        .execute(&mut *tx)
        .await?;
    if written.rows_affected() == 0 {
        return Ok(Appended::Before);
    }
    let alone = std::slice::from_ref(posting);
    append_entries(tx, alone).await?;
    append_applications(tx, alone).await?;
    audit::record(tx, &act_of(posting)).await?;
    Ok(Appended::Done)
}
