//! Applying what was decided: a batch of rows a transaction. Stopping an import loses nothing that
//! was committed, and starting it again finds that known.

use std::collections::BTreeMap;
use std::sync::Arc;

use receivables::calendar::Micros;
use receivables::ids::{AccountId, ApplicationId, BillId, CustomerId, PaymentId, PostingId};
use receivables::money::{Currency, MinorUnits};
use receivables::open_item::{OpenItem, PartPayment, Standing};
use receivables::tender::Tender;
use sqlx::AnyConnection;

use super::ImportError;
use super::map::ColumnMap;
use super::plan::AccountPlan;
use super::rows::FileRow;
use crate::accounts::{self, LockedAccount, NewAccount, NewCustomer, open_accounts};
use crate::bills::{self, Issue, NewBill, issue_to_accounts};
use crate::clock::{Chance, ten_bytes, unix_ms};
use crate::config::Zone;
use crate::db::{Command, Database, DbError};
use crate::external_payments::{Settled, record_settled};
use crate::payments::{Occasion, apply_credit};

/// Rows of one transaction: enough to share a commit among, few enough to let payers in between.
pub const ROWS_A_COMMIT: usize = 500;

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

/// Applies what was decided for one batch of rows, all or nothing; refuses with the number of an
/// account that somebody else has changed since.
pub async fn apply(
    db: &Database,
    accounts: Vec<AccountPlan>,
    applying: &Applying,
) -> Result<(), ImportError> {
    match db.write(ApplyBatch { accounts, applying: applying.clone() }).await? {
        Ok(()) => Ok(()),
        Err(what) => Err(ImportError::ChangedMeanwhile { what }),
    }
}

struct ApplyBatch {
    accounts: Vec<AccountPlan>,
    applying: Applying,
}

/// Rows of one account, with the account as it is locked or about to be opened.
struct Part<'a> {
    id: AccountId,
    plan: &'a AccountPlan,
    bills: Vec<NewBill>,
}

impl Command for ApplyBatch {
    /// What somebody else has changed since the rows were decided.
    type Reply = Result<(), String>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Self::Reply, DbError> {
        let opened = self.opened();
        let numbers: Vec<&str> = opened.iter().map(|account| account.number.as_str()).collect();
        if let Some(number) = accounts::known_number(tx, &numbers).await? {
            return Ok(Err(format!("account {number}")));
        }
        // Every command takes accounts' locks in one order, so that no two wait for each other.
        let mut known: Vec<AccountId> =
            self.accounts.iter().filter_map(|plan| plan.known).collect();
        known.sort_unstable();
        let locked = accounts::lock_many(tx, &known).await?;
        let parts = self.parts(&opened);
        let currency = self.applying.currency;
        let issues: Vec<Issue<'_>> = parts
            .iter()
            .flat_map(|part| {
                part.bills.iter().map(|bill| Issue { account_id: part.id, currency, bill })
            })
            .collect();
        if let Some(number) = bills::known_number(tx, &issues).await? {
            return Ok(Err(format!("bill {number}")));
        }
        open_accounts(tx, &opened, self.applying.now).await?;
        issue_to_accounts(tx, &issues, self.applying.now).await?;
        self.settle(tx, &parts).await?;
        self.use_credit(tx, &locked).await?;
        Ok(Ok(()))
    }
}

impl ApplyBatch {
    /// The accounts that are opened with their first rows.
    fn opened(&self) -> Vec<NewAccount> {
        let unknown = self.accounts.iter().filter(|plan| plan.known.is_none());
        unknown.filter_map(|plan| plan.new.first()).map(|row| self.new_account(row)).collect()
    }

    fn parts(&self, opened: &[NewAccount]) -> Vec<Part<'_>> {
        let mut opened = opened.iter().map(|account| account.id);
        let ids = self.accounts.iter().map(|plan| plan.known.or_else(|| opened.next()));
        let pairs = self.accounts.iter().zip(ids).filter_map(|(plan, id)| Some((plan, id?)));
        pairs
            .map(|(plan, id)| {
                let bills = plan.new.iter().map(|row| self.bill(row)).collect();
                Part { id, plan, bills }
            })
            .collect()
    }

    fn new_account(&self, row: &FileRow) -> NewAccount {
        NewAccount {
            id: self.applying.id(AccountId::from_parts),
            number: row.customer.clone(),
            name: row.customer_name.clone(),
            currency: self.applying.currency,
            customers: vec![NewCustomer {
                id: self.applying.id(CustomerId::from_parts),
                email: row.email.clone(),
                name: row.customer_name.clone(),
            }],
        }
    }

    async fn settle(&self, tx: &mut AnyConnection, parts: &[Part<'_>]) -> Result<(), DbError> {
        let (now, currency) = (self.applying.now, self.applying.currency);
        for part in parts {
            let pairs = part.plan.new.iter().zip(&part.bills);
            let mut settled: Vec<Settled> =
                pairs.filter_map(|(row, bill)| self.settled(row, item_of(bill))).collect();
            if !part.plan.settled_since.is_empty() {
                settled.extend(self.settled_since(tx, part).await?);
            }
            if !settled.is_empty() {
                record_settled(tx, part.id, currency, &settled, now).await?;
            }
        }
        Ok(())
    }

    async fn use_credit(
        &self,
        tx: &mut AnyConnection,
        locked: &BTreeMap<AccountId, LockedAccount>,
    ) -> Result<(), DbError> {
        let Applying { zone, chance, now, .. } = &self.applying;
        let occasion = Occasion { today: zone.day(*now), now: *now, chance: chance.as_ref() };
        for (id, account) in locked {
            if account.credit.is_positive() {
                apply_credit(tx, *id, &occasion).await?;
            }
        }
        Ok(())
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
        part: &Part<'_>,
    ) -> Result<Vec<Settled>, DbError> {
        let open = bills::open_items(&mut *tx, part.id).await?;
        let item = |id| {
            let mut idle = open.iter().filter(|stored| stored.item.in_flight.is_zero());
            idle.find(|stored| stored.item.bill_id == id)
        };
        let pairs = part.plan.settled_since.iter().filter_map(|(id, row)| Some((row, item(*id)?)));
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
