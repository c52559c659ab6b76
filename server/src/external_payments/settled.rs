//! Bills that were settled elsewhere, many at once: each gets a payment of all that is open on
//! it, directed to it.

use receivables::allocation::{
    AccountSnapshot, AllocationOrder, DirectedAmount, Direction, Overpayment, PaymentRules,
    Preview, Reason, RestOfDirection, preview,
};
use receivables::calendar::{CivilDate, Micros};
use receivables::ids::{AccountId, ApplicationId, PaymentId, PostingId};
use receivables::money::{Currency, MinorUnits};
use receivables::open_item::{OpenItem, PartPayment, Standing};
use receivables::payment::PaymentState;
use receivables::tender::Tender;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;

use crate::bills;
use crate::db::DbError;
use crate::ledger::{self, BookAccount, NewApplication, NewEntry, NewPosting, PostingKind};
use crate::payments::{PaymentRecord, let_go_of_bills, record_posted};

/// One bill and when all of it was paid. What is open on `item` is what was received.
#[derive(Clone, Debug)]
pub struct Settled {
    pub payment_id: PaymentId,
    pub posting_id: PostingId,
    pub application_id: ApplicationId,
    pub item: OpenItem,
    pub settled_on: CivilDate,
    /// An instant of that day in the biller's zone.
    pub settled_at: Micros,
    pub tender: Tender,
    /// Who says so (`import`), and by which reference of theirs: posts once.
    pub source: &'static str,
    pub source_ref: String,
}

/// Records that these bills of one account were settled elsewhere. The caller holds the
/// account's lock and has read the items under it.
pub async fn record_settled(
    tx: &mut AnyConnection,
    account_id: AccountId,
    currency: Currency,
    settled: &[Settled],
    now: Micros,
) -> Result<(), DbError> {
    let payments = settled.iter().map(|row| payment(account_id, currency, row, now));
    record_posted(tx, &payments.collect::<Result<Vec<_>, _>>()?).await?;
    let postings = settled.iter().map(|row| posting(account_id, currency, row, now));
    ledger::append_many(tx, &postings.collect::<Vec<_>>()).await?;
    let held = settled.iter().filter(|row| row.item.in_flight.is_positive());
    let_go_of_bills(tx, &held.map(|row| row.item.bill_id).collect::<Vec<_>>()).await?;
    let payments: Vec<PaymentId> = settled.iter().map(|row| row.payment_id).collect();
    bills::settle_whole(tx, &payments).await
}

fn payment(
    account_id: AccountId,
    currency: Currency,
    row: &Settled,
    now: Micros,
) -> Result<PaymentRecord, DbError> {
    let (amount, direction) = (row.item.open, direction(row));
    let request = format!("{} {} {} {}", row.source, row.source_ref, amount.get(), row.settled_on);
    Ok(PaymentRecord {
        id: row.payment_id,
        account_id,
        started_by: row.source.to_owned(),
        session_hash: None,
        idempotency_key: row.source_ref.clone(),
        request_hash: hex::encode(Sha256::digest(request)),
        amount,
        currency,
        tender: row.tender,
        method: None,
        preview: preview_of(currency, row, &direction)?,
        direction,
        state: PaymentState::Posted,
        decline: None,
        gateway: row.source.to_owned(),
        gateway_ref: Some(row.source_ref.clone()),
        received: amount,
        refunded: MinorUnits::ZERO,
        refunding: MinorUnits::ZERO,
        withdrawn: MinorUnits::ZERO,
        started_at: row.settled_at,
        expires_at: row.settled_at,
        changed_at: now,
        look_at: None,
        looks: 0,
        asked_at: row.settled_at,
        version: 0,
    })
}

fn direction(row: &Settled) -> Direction {
    let bills = vec![DirectedAmount { bill_id: row.item.bill_id, amount: row.item.open }];
    Direction { bills, rest: RestOfDirection::StaysOnAccount }
}

/// What this payment did, in the words of every payment. The biller has taken the money, so
/// none of the limits for payers holds; and of the account only this bill is looked at, as what
/// else was open on that day is not known.
fn preview_of(
    currency: Currency,
    row: &Settled,
    direction: &Direction,
) -> Result<Preview, DbError> {
    let least = MinorUnits::new(1);
    let rules = PaymentRules {
        order: AllocationOrder::OldestDueFirst,
        overpayment: Overpayment::Credit,
        directions: true,
        smallest_payment: least,
        gateway_minimum: least,
        largest_payment: MinorUnits::MAX,
    };
    let item = OpenItem {
        in_flight: MinorUnits::ZERO,
        standing: Standing::Issued,
        part_payment: PartPayment::Any,
        ..row.item.clone()
    };
    let account = AccountSnapshot {
        currency,
        items: &[item],
        credit_on_account: MinorUnits::ZERO,
        rules,
        today: row.settled_on,
    };
    preview(&account, row.item.open, direction)
        .map_err(|_| DbError::inconsistent("bill", "open_amount", row.item.bill_id))
}

fn posting(account_id: AccountId, currency: Currency, row: &Settled, now: Micros) -> NewPosting {
    let (bill_id, amount) = (row.item.bill_id, row.item.open);
    let settled = MinorUnits::new(amount.get().saturating_neg());
    NewPosting {
        id: row.posting_id,
        account_id,
        kind: PostingKind::PaymentReceived,
        source: row.source.to_owned(),
        source_ref: row.source_ref.clone(),
        payment_id: Some(row.payment_id),
        adjustment_id: None,
        effective_on: row.settled_on,
        recorded_at: now,
        currency,
        entries: vec![
            NewEntry {
                book_account: BookAccount::Clearing(row.tender.code().to_owned()),
                bill_id: None,
                amount,
            },
            NewEntry {
                book_account: BookAccount::Receivable,
                bill_id: Some(bill_id),
                amount: settled,
            },
        ],
        applications: vec![NewApplication {
            id: row.application_id,
            bill_id,
            amount,
            reverses: None,
            reason: Reason::YouChoseIt,
        }],
    }
}
