//! The file against the books: what each row would do. Reads, and decides; writes nothing.

use std::collections::{BTreeMap, HashMap};

use receivables::calendar::CivilDate;
use receivables::ids::{AccountId, BillId};
use receivables::money::{Currency, MinorUnits, Money};
use receivables::open_item::Standing;
use sqlx::any::AnyRow;
use sqlx::{AnyPool, AssertSqlSafe, Row};

use super::Summary;
use super::map::ColumnMap;
use super::problems::FileProblem;
use super::rows::FileRow;
use crate::db::{DbError, ROWS_AT_MOST, widened};

const FIND_ACCOUNTS: &str = "select id, number, currency from account where number in ($1)";

const FIND_BILLS: &str = "
select id, number, issued_on, due_on, total, open_amount, standing,
  (select cast(count(*) as bigint) from reservation r
    where r.account_id = bill.account_id and r.bill_id = bill.id) as reservations
from bill where account_id = $1 and number in ($2)";

pub(super) const SQL: &[&str] = &[FIND_ACCOUNTS, FIND_BILLS];

/// What is to be done for one account, its rows in the order of issue.
#[derive(Debug)]
pub struct AccountPlan {
    /// `None`: to be opened, with what the first row says of the customer.
    pub known: Option<AccountId>,
    pub new: Vec<FileRow>,
    /// Known bills that the file says are settled now.
    pub settled_since: Vec<(BillId, FileRow)>,
}

pub struct Plan {
    pub accounts: Vec<AccountPlan>,
    pub summary: Summary,
}

/// A bill as the books have it.
struct KnownBill {
    id: BillId,
    issued_on: String,
    due_on: Option<String>,
    total: MinorUnits,
    open: MinorUnits,
    standing: Standing,
    /// A payer is paying it right now.
    in_flight: bool,
}

/// Decides for every row. A row that contradicts the books refuses the whole file.
pub async fn plan(
    db: &AnyPool,
    rows: Vec<FileRow>,
    map: &ColumnMap,
    currency: Currency,
    as_of: CivilDate,
) -> Result<Result<Plan, Vec<FileProblem>>, DbError> {
    let mut by_customer: BTreeMap<String, Vec<FileRow>> = BTreeMap::new();
    for row in rows {
        by_customer.entry(row.customer.clone()).or_default().push(row);
    }
    let known_accounts = find_accounts(db, by_customer.keys()).await?;
    let mut decider =
        Decider { map, currency, as_of, summary: Summary::default(), problems: vec![] };
    let mut accounts = Vec::new();
    for (customer, mut rows) in by_customer {
        rows.sort_by(|a, b| (a.issued_on, &a.bill_number).cmp(&(b.issued_on, &b.bill_number)));
        let known = known_accounts.get(&customer);
        let known_bills = match known {
            Some((id, _)) => find_bills(db, *id, &rows).await?,
            None => HashMap::new(),
        };
        accounts.extend(decider.account(known, &known_bills, rows));
    }
    decider.problems.sort();
    Ok(match decider.problems.is_empty() {
        true => Ok(Plan { accounts, summary: decider.summary }),
        false => Err(decider.problems),
    })
}

async fn find_accounts(
    db: &AnyPool,
    numbers: impl Iterator<Item = &String>,
) -> Result<HashMap<String, (AccountId, Currency)>, DbError> {
    let numbers: Vec<&String> = numbers.collect();
    let mut found = HashMap::new();
    for some in numbers.chunks(ROWS_AT_MOST) {
        let mut query = sqlx::query(AssertSqlSafe(widened(FIND_ACCOUNTS, some.len())));
        for number in some {
            query = query.bind(number.as_str());
        }
        for row in query.fetch_all(db).await? {
            let number: String = row.try_get("number")?;
            let wrong = |column| DbError::inconsistent("account", column, &number);
            let id: String = row.try_get("id")?;
            let currency: String = row.try_get("currency")?;
            let id = AccountId::parse(&id).map_err(|_| wrong("id"))?;
            let currency = Currency::parse(&currency).map_err(|_| wrong("currency"))?;
            found.insert(number, (id, currency));
        }
    }
    Ok(found)
}

async fn find_bills(
    db: &AnyPool,
    account_id: AccountId,
    rows: &[FileRow],
) -> Result<HashMap<String, KnownBill>, DbError> {
    let mut found = HashMap::new();
    for some in rows.chunks(ROWS_AT_MOST) {
        let text = widened(FIND_BILLS, some.len());
        let mut query = sqlx::query(AssertSqlSafe(text)).bind(account_id.to_string());
        for row in some {
            query = query.bind(row.bill_number.as_str());
        }
        for row in query.fetch_all(db).await? {
            found.insert(row.try_get("number")?, known_bill(&row)?);
        }
    }
    Ok(found)
}

fn known_bill(row: &AnyRow) -> Result<KnownBill, DbError> {
    let id: String = row.try_get("id")?;
    let standing: String = row.try_get("standing")?;
    let wrong = |column| DbError::inconsistent("bill", column, &id);
    Ok(KnownBill {
        id: BillId::parse(&id).map_err(|_| wrong("id"))?,
        issued_on: row.try_get("issued_on")?,
        due_on: row.try_get("due_on")?,
        total: MinorUnits::new(row.try_get("total")?),
        open: MinorUnits::new(row.try_get("open_amount")?),
        standing: Standing::parse(&standing).ok_or_else(|| wrong("standing"))?,
        in_flight: row.try_get::<i64, _>("reservations")? > 0,
    })
}

struct Decider<'a> {
    map: &'a ColumnMap,
    currency: Currency,
    as_of: CivilDate,
    summary: Summary,
    problems: Vec<FileProblem>,
}

impl Decider<'_> {
    fn account(
        &mut self,
        known: Option<&(AccountId, Currency)>,
        known_bills: &HashMap<String, KnownBill>,
        rows: Vec<FileRow>,
    ) -> Option<AccountPlan> {
        let mut plan =
            AccountPlan { known: known.map(|(id, _)| *id), new: vec![], settled_since: vec![] };
        let other_currency = known.map(|(_, currency)| *currency).filter(|c| *c != self.currency);
        for row in rows {
            self.summary.rows += 1;
            if let Some(theirs) = other_currency {
                let what = format!("the account is kept in {theirs}, not in {}", self.currency);
                let column = &self.map.columns.customer;
                self.problems.push(FileProblem::of_cell(row.row, column, what));
                continue;
            }
            match known_bills.get(&row.bill_number) {
                Some(bill) => self.known_row(&mut plan, bill, row),
                None if row.issued_on > self.as_of => self.summary.not_yet_issued += 1,
                None => self.new_row(&mut plan, row),
            }
        }
        if plan.known.is_none() && !plan.new.is_empty() {
            self.summary.new_accounts += 1;
        }
        (!plan.new.is_empty() || !plan.settled_since.is_empty()).then_some(plan)
    }

    fn is_settled(&self, row: &FileRow) -> bool {
        row.settled_on.is_some_and(|day| day <= self.as_of)
    }

    fn new_row(&mut self, plan: &mut AccountPlan, row: FileRow) {
        self.summary.new_bills += 1;
        if self.is_settled(&row) {
            self.summary.paid += 1;
        } else if row.on_hold {
            self.summary.on_hold += 1;
        }
        plan.new
            .push(FileRow { settled_on: row.settled_on.filter(|day| *day <= self.as_of), ..row });
    }

    /// The number is known: the same bill, or another one under its number, which is refused.
    fn known_row(&mut self, plan: &mut AccountPlan, bill: &KnownBill, row: FileRow) {
        let columns = &self.map.columns;
        let issued_on = row.issued_on.to_string();
        let due_on = row.due_on.map(|day| day.to_string());
        let none = "none".to_owned();
        let money = |amount| Money::new(amount, self.currency).to_string();
        let mut differs = |column: &str, same: bool, known: &str, here: &str| {
            if !same {
                let what =
                    format!("bill {} is known with {known}, here it is {here}", row.bill_number);
                self.problems.push(FileProblem::of_cell(row.row, column, what));
            }
            same
        };
        let (known, here) = (&bill.issued_on, &issued_on);
        let mut same = differs(&columns.issued_on, known == here, known, here);
        if let Some(column) = &columns.due_on {
            let (known, here) = (bill.due_on.as_ref(), due_on.as_ref());
            let words = |day: Option<&String>| day.unwrap_or(&none).clone();
            same &= differs(column, known == here, &words(known), &words(here));
        }
        let (known, here) = (money(bill.total), money(row.amount));
        same &= differs(&columns.amount, bill.total == row.amount, &known, &here);
        if !same {
            return;
        }
        let is_owed = matches!(bill.standing, Standing::Issued | Standing::InDispute);
        let is_news = is_owed && bill.open.is_positive() && self.is_settled(&row);
        if is_news && bill.in_flight {
            self.summary.being_paid += 1;
        } else if is_news {
            self.summary.settled_since += 1;
            plan.settled_since.push((bill.id, row));
        } else {
            self.summary.already_known += 1;
        }
    }
}
