//! Money that a file says was received: a bank's statement, a cashier's list, another portal.
//!
//! A row names an account, a bill, or both, and is matched by exactly that or not at all. What
//! matches is recorded as an external payment; what does not waits as unmatched money until an
//! operator says whose it is. However often its file comes, a row is posted once: the row of
//! `external_money` is the lock of that decision, by the source and its reference.

use std::collections::HashSet;

use receivables::calendar::{CivilDate, Micros};
use receivables::ids::{AccountId, BillId, PaymentId, WorkItemId};
use receivables::money::{Currency, MinorUnits, Money};
use receivables::tender::Tender;
use sqlx::{AnyConnection, Row};

use super::record::{ExternalPayment, Recording, record_for_bill};
use super::unmatched::{self, Known};
use crate::accounts;
use crate::audit::{self, NewAct};
use crate::db::{Command, DbError, ROWS_AT_MOST};
use crate::payments::post::Received;
use crate::state::{Portal, Shared};
use crate::work_list::{self, Matter, NewWorkItem, Thing, WorkKind};

/// In place of a gateway's name.
pub(super) const FILE: &str = "file";

const FIND_BILLS: &str = "
select id, account_id from bill where number = $1 order by account_id limit 2";
const FIND_BILL_OF: &str = "select id from bill where account_id = $1 and number = $2";
const CURRENCY_OF: &str = "select currency from account where id = $1";

pub(super) const SQL: &[&str] = &[FIND_BILLS, FIND_BILL_OF, CURRENCY_OF];

/// One row of a file, as it says it.
#[derive(Clone, Debug)]
pub struct Filed {
    pub payment_id: PaymentId,
    /// For the work list, should nobody be named.
    pub item_id: WorkItemId,
    /// `source/reference`.
    pub source_ref: String,
    pub account: Option<String>,
    pub bill: Option<String>,
    /// The number of an account or of a bill, as payers write either into one line.
    pub account_or_bill: Option<String>,
    pub amount: MinorUnits,
    pub currency: Currency,
    pub tender: Tender,
    pub received_on: CivilDate,
    /// An instant of that day in the biller's zone.
    pub received_at: Micros,
}

/// What became of a row, or would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FiledOutcome {
    Posted,
    /// It is posted already.
    Known,
    /// It is known with another amount or day: nothing was done.
    Differs(String),
    /// It waits for a person, with the reason.
    Unmatched(&'static str),
}

/// Whose money it is: the account, and the bill it is for.
type Match = Result<(AccountId, Option<BillId>), &'static str>;

/// Takes rows in one transaction. Money is locked before accounts, both in one order, so that no
/// two takers wait for each other.
pub async fn take_filed(
    tx: &mut AnyConnection,
    portal: &Portal,
    filed: &[Filed],
) -> Result<Vec<FiledOutcome>, DbError> {
    let mut order: Vec<usize> = (0..filed.len()).collect();
    order.sort_by_key(|at| filed.get(*at).map(|row| &row.source_ref));
    let mut outcomes = vec![FiledOutcome::Known; filed.len()];
    let mut matched = Vec::new();
    for at in order {
        let (Some(row), Some(outcome)) = (filed.get(at), outcomes.get_mut(at)) else { continue };
        let locked = unmatched::lock(tx, FILE, &row.known(), portal.now()).await?;
        if let Some(difference) = row.difference(&locked) {
            *outcome = FiledOutcome::Differs(difference);
        } else if !locked.is_posted {
            match whose(tx, row).await? {
                Ok((account_id, bill_id)) => matched.push((account_id, at, bill_id)),
                Err(why) => {
                    work_list::open(tx, &row.item(why, portal.now())).await?;
                    *outcome = FiledOutcome::Unmatched(why);
                }
            }
        }
    }
    matched.sort();
    for (account_id, at, bill_id) in matched {
        let (Some(row), Some(outcome)) = (filed.get(at), outcomes.get_mut(at)) else { continue };
        post(tx, portal, row, account_id, bill_id, "reference").await?;
        *outcome = FiledOutcome::Posted;
    }
    Ok(outcomes)
}

/// The references of those rows that are posted just as they are here. Writes nothing.
pub async fn known_filed(portal: &Portal, filed: &[Filed]) -> Result<HashSet<String>, DbError> {
    let mut known = HashSet::new();
    for rows in filed.chunks(ROWS_AT_MOST) {
        let references: Vec<&str> = rows.iter().map(|row| row.source_ref.as_str()).collect();
        let found = unmatched::look_at_many(portal.db.read(), FILE, &references).await?;
        let same = rows.iter().filter(|row| {
            let locked = found.get(&row.source_ref);
            locked.is_some_and(|locked| locked.is_posted && row.difference(locked).is_none())
        });
        known.extend(same.map(|row| row.source_ref.clone()));
    }
    Ok(known)
}

/// What taking a row would do. Writes nothing.
pub async fn look_at_filed(db: &mut AnyConnection, row: &Filed) -> Result<FiledOutcome, DbError> {
    if let Some(locked) = unmatched::look(db, FILE, &row.source_ref).await? {
        if let Some(difference) = row.difference(&locked) {
            return Ok(FiledOutcome::Differs(difference));
        }
        if locked.is_posted {
            return Ok(FiledOutcome::Known);
        }
    }
    Ok(match whose(db, row).await? {
        Ok(_) => FiledOutcome::Posted,
        Err(why) => FiledOutcome::Unmatched(why),
    })
}

async fn whose(db: &mut AnyConnection, row: &Filed) -> Result<Match, DbError> {
    let matched = match (&row.account, &row.bill) {
        (None, None) => match &row.account_or_bill {
            Some(named) => by_either(db, named).await?,
            None => Err("it names no account and no bill"),
        },
        (Some(account), bill) => match accounts::find_by_name(&mut *db, account).await? {
            None => Err("it names an account that is not here"),
            Some(account_id) => match bill {
                None => Ok((account_id, None)),
                Some(bill) => bill_of(db, account_id, bill).await?,
            },
        },
        (None, Some(bill)) => by_bill(db, bill).await?,
    };
    let Ok((account_id, _)) = &matched else { return Ok(matched) };
    let query = sqlx::query_scalar(CURRENCY_OF).bind(account_id.to_string());
    let currency: String = query.fetch_one(db).await?;
    Ok(match currency == row.currency.code() {
        true => matched,
        false => Err("the account it names is in another currency"),
    })
}

async fn bill_of(
    db: &mut AnyConnection,
    account_id: AccountId,
    bill: &str,
) -> Result<Match, DbError> {
    let query = sqlx::query_scalar(FIND_BILL_OF).bind(account_id.to_string()).bind(bill);
    let Some(id) = query.fetch_optional(db).await? else {
        return Ok(Err("the account it names has no bill of the number it names"));
    };
    Ok(Ok((account_id, Some(bill_id(id)?))))
}

const SEVERAL: &str = "it names a bill that several accounts have";

async fn by_either(db: &mut AnyConnection, named: &str) -> Result<Match, DbError> {
    let account = accounts::find_by_name(&mut *db, named).await?;
    Ok(match (account, by_bill(db, named).await?) {
        (Some(_), Ok(_) | Err(SEVERAL)) => Err("it names an account and a bill alike"),
        (Some(account_id), Err(_)) => Ok((account_id, None)),
        (None, matched @ (Ok(_) | Err(SEVERAL))) => matched,
        (None, Err(_)) => Err("it names neither an account nor a bill that is here"),
    })
}

async fn by_bill(db: &mut AnyConnection, bill: &str) -> Result<Match, DbError> {
    let rows = sqlx::query(FIND_BILLS).bind(bill).fetch_all(db).await?;
    let row = match rows.as_slice() {
        [row] => row,
        [] => return Ok(Err("it names a bill that is not here")),
        _ => return Ok(Err(SEVERAL)),
    };
    let account: String = row.try_get("account_id")?;
    let account_id = AccountId::parse(&account)
        .map_err(|_| DbError::inconsistent("bill", "account_id", &account))?;
    Ok(Ok((account_id, Some(bill_id(row.try_get("id")?)?))))
}

fn bill_id(id: String) -> Result<BillId, DbError> {
    BillId::parse(&id).map_err(|_| DbError::inconsistent("bill", "id", id))
}

async fn post(
    tx: &mut AnyConnection,
    portal: &Portal,
    row: &Filed,
    account_id: AccountId,
    for_bill: Option<BillId>,
    matched_by: &str,
) -> Result<(), DbError> {
    let now = portal.now();
    let payment = ExternalPayment {
        id: row.payment_id,
        account_id,
        amount: row.amount,
        tender: row.tender,
        received_on: row.received_on,
        received_at: row.received_at,
        source: FILE,
        source_ref: row.source_ref.clone(),
    };
    let recording = Recording {
        rules: portal.settings.payment_rules(row.currency),
        biller_name: &portal.settings.biller.name,
        demo: portal.is_demo(),
        now,
    };
    let chance = portal.chance.as_ref();
    let recorded = record_for_bill(tx, &payment, for_bill, recording, chance).await?;
    recorded.map_err(|_| DbError::inconsistent("external_money", "amount", &row.source_ref))?;
    unmatched::mark(tx, FILE, &row.source_ref, row.payment_id, matched_by, now).await?;
    work_list::close(tx, &matter(&row.source_ref), "resolved: it is posted", now).await?;
    Ok(())
}

impl Filed {
    fn known(&self) -> Known {
        let claims = [
            ("account", &self.account),
            ("bill", &self.bill),
            ("account or bill", &self.account_or_bill),
        ];
        let words = claims.iter().filter_map(|(what, named)| Some((what, named.as_ref()?)));
        let words: Vec<String> = words.map(|(what, named)| format!("{what} {named}")).collect();
        Known {
            received: Received {
                payment_id: self.payment_id,
                gateway_ref: self.source_ref.clone(),
                amount: self.amount,
                currency: self.currency,
                tender: self.tender,
                method: None,
                effective_on: self.received_on,
            },
            received_at: self.received_at,
            session_ref: None,
            reference: (!words.is_empty()).then(|| words.join(", ")),
        }
    }

    fn difference(&self, locked: &unmatched::Locked) -> Option<String> {
        let here = (Money::new(self.amount, self.currency), self.received_on);
        let known = (Money::new(locked.amount, locked.currency), locked.received_on);
        let ((amount, day), (known_amount, known_day)) = (here, known);
        (here != known).then(|| {
            format!("it is known with {known_amount} of {known_day}, here it is {amount} of {day}")
        })
    }

    fn item(&self, why: &str, now: Micros) -> NewWorkItem {
        let (money, reference) = (Money::new(self.amount, self.currency), &self.source_ref);
        NewWorkItem {
            id: self.item_id,
            matter: matter(reference),
            account_id: None,
            why: format!("{money} stands in a file and {why}: paydown match {reference} ACCOUNT"),
            now,
        }
    }
}

fn matter(source_ref: &str) -> Matter {
    Matter::new(WorkKind::UnmatchedMoney, Thing::FiledPayment, source_ref)
}

/// An operator says whose money of a file it is.
pub(super) struct MatchFiled {
    pub portal: Shared,
    pub filed: Filed,
    pub account_id: AccountId,
}

impl Command for MatchFiled {
    type Reply = Result<(), &'static str>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Self::Reply, DbError> {
        let Self { portal, filed, account_id } = self;
        if unmatched::lock(tx, FILE, &filed.known(), portal.now()).await?.is_posted {
            return Ok(Err("it is posted already"));
        }
        let query = sqlx::query_scalar(CURRENCY_OF).bind(account_id.to_string());
        let currency: String = query.fetch_one(&mut *tx).await?;
        if currency != filed.currency.code() {
            return Ok(Err("the account is in another currency"));
        }
        post(tx, portal, filed, *account_id, None, "operator").await?;
        let act = NewAct {
            id: format!("match/{}", filed.source_ref),
            kind: "money_matched".to_owned(),
            actor: "operator".to_owned(),
            about: filed.payment_id.to_string(),
            account_id: Some(*account_id),
            at: portal.now(),
            request: None,
            digest: None,
        };
        audit::record(tx, &act).await?;
        Ok(Ok(()))
    }
}

/// Unmatched money of a file, as it was found.
pub(super) async fn find(portal: &Portal, source_ref: &str) -> Result<Option<Filed>, DbError> {
    let Some(known) = unmatched::find(portal, FILE, source_ref).await? else { return Ok(None) };
    let Known { received, received_at, .. } = known;
    Ok(Some(Filed {
        payment_id: received.payment_id,
        item_id: portal.work_item_id(),
        source_ref: received.gateway_ref,
        account: None,
        bill: None,
        account_or_bill: None,
        amount: received.amount,
        currency: received.currency,
        tender: received.tender,
        received_on: received.effective_on,
        received_at,
    }))
}
