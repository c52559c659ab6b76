//! The file against the books: what each row would do. Reads, and decides; writes nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use receivables::calendar::CivilDate;
use receivables::ids::{AccountId, BillId};
use receivables::money::{Currency, MinorUnits, Money};
use receivables::open_item::Standing;
use sqlx::any::AnyRow;
use sqlx::{AnyPool, AssertSqlSafe, Row};

use super::Summary;
use super::map::ColumnMap;
use super::problems::FileProblem;
use super::reading::Found;
use super::rows::FileRow;
use super::seen::short_hash;
use crate::db::{DbError, ROWS_AT_MOST, widened};

const FIND_ACCOUNTS: &str = "select id, number, currency from account where number in ($1)";

const FIND_BILLS: &str = "
select b.id, b.account_id, b.number, b.issued_on, b.due_on, b.total, b.open_amount, b.standing,
  (select cast(count(*) as bigint) from reservation r
    where r.account_id = b.account_id and r.bill_id = b.id) as reservations
from (values ($1, $2)) v
join bill b on b.account_id = v.column1 and b.number = v.column2";

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

/// Decides for every row of a batch; what is wrong with any of them, the decider keeps.
pub async fn plan(
    db: &AnyPool,
    batch: Vec<Found<FileRow>>,
    decider: &mut Decider<'_>,
) -> Result<Vec<AccountPlan>, DbError> {
    let mut by_customer: BTreeMap<String, Vec<FileRow>> = BTreeMap::new();
    for (_, found) in batch {
        match found {
            Ok(row) => by_customer.entry(row.customer.clone()).or_default().push(row),
            Err(problems) => problems.into_iter().for_each(|problem| decider.refuse(problem)),
        }
    }
    let known_accounts = find_accounts(db, by_customer.keys()).await?;
    let known_bills = find_bills(db, &known_accounts, &by_customer).await?;
    let mut accounts = Vec::new();
    for (customer, mut rows) in by_customer {
        rows.sort_by(|a, b| (a.issued_on, &a.bill_number).cmp(&(b.issued_on, &b.bill_number)));
        accounts.extend(decider.account(known_accounts.get(&customer), &known_bills, rows));
    }
    Ok(accounts)
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

/// What the books have under a number of an account.
type KnownBills = HashMap<(AccountId, String), KnownBill>;

async fn find_bills(
    db: &AnyPool,
    accounts: &HashMap<String, (AccountId, Currency)>,
    by_customer: &BTreeMap<String, Vec<FileRow>>,
) -> Result<KnownBills, DbError> {
    let mut wanted = Vec::new();
    for (customer, rows) in by_customer {
        if let Some((id, _)) = accounts.get(customer) {
            wanted.extend(rows.iter().map(|row| (id.to_string(), row.bill_number.as_str())));
        }
    }
    let mut found = HashMap::new();
    for some in wanted.chunks(ROWS_AT_MOST) {
        let mut query = sqlx::query(AssertSqlSafe(widened(FIND_BILLS, some.len())));
        for (account_id, number) in some {
            query = query.bind(account_id.as_str()).bind(*number);
        }
        for row in query.fetch_all(db).await? {
            let account: String = row.try_get("account_id")?;
            let account = AccountId::parse(&account)
                .map_err(|_| DbError::inconsistent("bill", "account_id", &account))?;
            found.insert((account, row.try_get("number")?), known_bill(&row)?);
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

/// More are counted and not listed.
const PROBLEMS_AT_MOST: usize = 1_000;

/// Decides row by row. A row that contradicts the books refuses the whole file.
pub struct Decider<'a> {
    map: &'a ColumnMap,
    currency: Currency,
    as_of: CivilDate,
    /// Customers who will have an account by the rows so far.
    opened: HashSet<u64>,
    pub summary: Summary,
    pub problems: Vec<FileProblem>,
    /// Of those that are not listed.
    pub more_problems: usize,
}

impl<'a> Decider<'a> {
    pub fn new(map: &'a ColumnMap, currency: Currency, as_of: CivilDate) -> Self {
        Self {
            map,
            currency,
            as_of,
            opened: HashSet::new(),
            summary: Summary::default(),
            problems: Vec::new(),
            more_problems: 0,
        }
    }

    fn refuse(&mut self, problem: FileProblem) {
        if self.problems.len() < PROBLEMS_AT_MOST {
            self.problems.push(problem);
        } else {
            self.more_problems += 1;
        }
    }

    fn account(
        &mut self,
        known: Option<&(AccountId, Currency)>,
        known_bills: &KnownBills,
        rows: Vec<FileRow>,
    ) -> Option<AccountPlan> {
        let mut plan =
            AccountPlan { known: known.map(|(id, _)| *id), new: vec![], settled_since: vec![] };
        for row in rows {
            self.summary.rows += 1;
            if let Some((_, theirs)) = known
                && *theirs != self.currency
            {
                let what = format!("the account is kept in {theirs}, not in {}", self.currency);
                self.refuse(FileProblem::of_cell(row.row, &self.map.columns.customer, what));
                continue;
            }
            let bill = known.and_then(|(id, _)| known_bills.get(&(*id, row.bill_number.clone())));
            match bill {
                Some(bill) => self.known_row(&mut plan, bill, row),
                None if row.issued_on > self.as_of => self.summary.not_yet_issued += 1,
                None => self.new_row(&mut plan, row),
            }
        }
        if let (None, Some(row)) = (plan.known, plan.new.first())
            && self.opened.insert(short_hash(&[&row.customer]))
        {
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
        let map = self.map;
        let (columns, currency) = (&map.columns, self.currency);
        let issued_on = row.issued_on.to_string();
        let due_on = row.due_on.map(|day| day.to_string());
        let none = "none".to_owned();
        let money = |amount| Money::new(amount, currency).to_string();
        let mut differs = |column: &str, same: bool, known: &str, here: &str| {
            if !same {
                let what =
                    format!("bill {} is known with {known}, here it is {here}", row.bill_number);
                self.refuse(FileProblem::of_cell(row.row, column, what));
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
