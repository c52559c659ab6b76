//! Applying a plan: some accounts a transaction, each all or nothing. Stopping it loses nothing
//! that was committed, and starting it again finds that known.

use std::sync::Arc;

use receivables::calendar::Micros;
use receivables::ids::{AccountId, ApplicationId, BillId, CustomerId, PaymentId, PostingId};
use receivables::money::{Currency, MinorUnits};
use receivables::open_item::{OpenItem, PartPayment, Standing};
use receivables::tender::Tender;
use sqlx::AnyConnection;

use super::ImportError;
use super::map::ColumnMap;
use super::plan::{AccountPlan, Plan};
use super::rows::FileRow;
use crate::accounts::{self, NewAccount, NewCustomer, OpenedAccount, open_account};
use crate::bills::{self, NewBill, issue_bills};
use crate::clock::{Chance, ten_bytes, unix_ms};
use crate::config::Zone;
use crate::db::{Command, Database, DbError};
use crate::external_payments::{Settled, record_settled};
use crate::payments::{Occasion, apply_credit};

/// Rows of one transaction: enough to share a commit among, few enough to let payers in between.
const ROWS_A_COMMIT: usize = 500;

/// What every part of an import needs.
#[derive(Clone)]
pub struct Applying {
    pub currency: Currency,
    pub hold_reason: String,
    pub zone: Zone,
    pub now: Micros,
    pub chance: Arc<dyn Chance>,
}

impl Applying {
    pub fn hold_reason_of(map: &ColumnMap) -> String {
        map.columns.on_hold.as_ref().map(|hold| hold.reason.clone()).unwrap_or_default()
    }

    fn id<T>(&self, from_parts: fn(u64, &[u8; 10]) -> T) -> T {
        from_parts(unix_ms(self.now), &ten_bytes(self.chance.as_ref()))
    }
}

/// Applies every account's part; `done` hears of the rows of each commit.
pub async fn apply(
    db: &Database,
    plan: Plan,
    applying: &Applying,
    mut done: impl FnMut(usize),
) -> Result<(), ImportError> {
    let mut batch = Vec::new();
    let mut rows = 0;
    for part in plan.accounts.into_iter().flat_map(|account| split(account, applying)) {
        rows += part.rows();
        batch.push(part);
        if rows >= ROWS_A_COMMIT {
            commit(db, &mut batch, applying).await?;
            done(std::mem::take(&mut rows));
        }
    }
    if !batch.is_empty() {
        commit(db, &mut batch, applying).await?;
        done(rows);
    }
    Ok(())
}

async fn commit(
    db: &Database,
    batch: &mut Vec<Part>,
    applying: &Applying,
) -> Result<(), ImportError> {
    let mut parts = std::mem::take(batch);
    // Every command takes accounts' locks in one order, so that no two wait for each other.
    parts.sort_by_key(|part| part.account_id);
    match db.write(ApplyBatch { parts, applying: applying.clone() }).await? {
        Ok(()) => Ok(()),
        Err(account) => Err(ImportError::ChangedMeanwhile { account }),
    }
}

/// Some rows of one account.
struct Part {
    account_id: AccountId,
    /// The account is opened with these rows.
    opens: Option<NewAccount>,
    number: String,
    new: Vec<FileRow>,
    settled_since: Vec<(BillId, FileRow)>,
}

impl Part {
    fn rows(&self) -> usize {
        self.new.len() + self.settled_since.len()
    }
}

/// An account of many rows takes several commits; the first opens it.
fn split(mut account: AccountPlan, applying: &Applying) -> Vec<Part> {
    let first = account.new.first().or(account.settled_since.first().map(|(_, row)| row));
    let Some(first) = first.cloned() else { return Vec::new() };
    let account_id = account.known.unwrap_or_else(|| applying.id(AccountId::from_parts));
    let mut opens = account.known.is_none().then(|| new_account(account_id, &first, applying));
    let mut parts = Vec::new();
    while !account.new.is_empty() || !account.settled_since.is_empty() {
        let rest = account.new.split_off(account.new.len().min(ROWS_A_COMMIT));
        let new = std::mem::replace(&mut account.new, rest);
        let room = ROWS_A_COMMIT.saturating_sub(new.len());
        let rest = account.settled_since.split_off(account.settled_since.len().min(room));
        let settled_since = std::mem::replace(&mut account.settled_since, rest);
        let number = first.customer.clone();
        parts.push(Part { account_id, opens: opens.take(), number, new, settled_since });
    }
    parts
}

fn new_account(id: AccountId, row: &FileRow, applying: &Applying) -> NewAccount {
    NewAccount {
        id,
        number: row.customer.clone(),
        name: row.customer_name.clone(),
        currency: applying.currency,
        customers: vec![NewCustomer {
            id: applying.id(CustomerId::from_parts),
            email: row.email.clone(),
            name: row.customer_name.clone(),
        }],
    }
}

struct ApplyBatch {
    parts: Vec<Part>,
    applying: Applying,
}

impl Command for ApplyBatch {
    /// The number of an account that somebody else has changed since the plan was made.
    type Reply = Result<(), String>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Self::Reply, DbError> {
        for part in &self.parts {
            if !self.apply_part(tx, part).await? {
                return Ok(Err(part.number.clone()));
            }
        }
        Ok(Ok(()))
    }
}

impl ApplyBatch {
    async fn apply_part(&self, tx: &mut AnyConnection, part: &Part) -> Result<bool, DbError> {
        let now = self.applying.now;
        if let Some(account) = &part.opens
            && open_account(tx, account, now).await? == OpenedAccount::NumberIsKnown
        {
            return Ok(false);
        }
        let bills: Vec<NewBill> = part.new.iter().map(|row| self.bill(row)).collect();
        if issue_bills(tx, part.account_id, &bills, now).await?.is_err() {
            return Ok(false);
        }
        let pairs = part.new.iter().zip(&bills);
        let mut settled: Vec<Settled> =
            pairs.filter_map(|(row, bill)| self.settled(row, item_of(bill))).collect();
        if !part.settled_since.is_empty() {
            accounts::lock(tx, part.account_id).await?;
            settled.extend(self.settled_since(tx, part).await?);
        }
        let (id, currency) = (part.account_id, self.applying.currency);
        record_settled(tx, id, currency, &settled, now).await?;
        let Applying { zone, chance, .. } = &self.applying;
        let (today, chance) = (zone.day(now), chance.as_ref());
        apply_credit(tx, id, &Occasion { today, now, chance }).await?;
        Ok(true)
    }

    fn bill(&self, row: &FileRow) -> NewBill {
        let on_hold = row.on_hold && row.settled_on.is_none();
        NewBill {
            id: self.applying.id(BillId::from_parts),
            posting_id: self.applying.id(PostingId::from_parts),
            number: row.bill_number.clone(),
            period: None,
            issued_on: row.issued_on,
            due_on: row.due_on,
            total: row.amount,
            lines: Vec::new(),
            hold_reason: on_hold.then(|| self.applying.hold_reason.clone()),
            part_payment: PartPayment::Any,
        }
    }

    fn settled(&self, row: &FileRow, item: OpenItem) -> Option<Settled> {
        let settled_on = row.settled_on.filter(|_| item.open.is_positive())?;
        Some(Settled {
            payment_id: self.applying.id(PaymentId::from_parts),
            posting_id: self.applying.id(PostingId::from_parts),
            application_id: self.applying.id(ApplicationId::from_parts),
            item,
            settled_on,
            settled_at: self.applying.zone.noon(settled_on),
            tender: Tender::Transfer,
            source: "import",
            source_ref: format!("{}/{}", row.customer, row.bill_number),
        })
    }

    /// What is open is read again under the lock: a payer may have paid a part since the plan.
    /// What a payer is paying right now is left to the next import.
    async fn settled_since(
        &self,
        tx: &mut AnyConnection,
        part: &Part,
    ) -> Result<Vec<Settled>, DbError> {
        let open = bills::open_items(&mut *tx, part.account_id).await?;
        let item = |id| {
            let mut idle = open.iter().filter(|stored| stored.item.in_flight.is_zero());
            idle.find(|stored| stored.item.bill_id == id)
        };
        let pairs = part.settled_since.iter().filter_map(|(id, row)| Some((row, item(*id)?)));
        Ok(pairs.filter_map(|(row, stored)| self.settled(row, stored.item.clone())).collect())
    }
}

/// A bill that has just been issued: all of it is open.
fn item_of(bill: &NewBill) -> OpenItem {
    OpenItem {
        bill_id: bill.id,
        bill_number: bill.number.clone(),
        issued_on: bill.issued_on,
        due_on: bill.due_on,
        total: bill.total,
        open: bill.total,
        in_flight: MinorUnits::ZERO,
        standing: Standing::Issued,
        part_payment: bill.part_payment,
    }
}
