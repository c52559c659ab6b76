//! Issuing bills: from here on the customer owes them, and the book says so.

use std::collections::HashSet;

use receivables::bill::{BillLine, BillingPeriod};
use receivables::calendar::{CivilDate, Micros};
use receivables::ids::{AccountId, BillId, PostingId};
use receivables::money::{Currency, MinorUnits};
use receivables::open_item::{PartPayment, Standing};
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use thiserror::Error;

use super::open_items::part_payment_code;
use crate::accounts;
use crate::db::{DbError, ROWS_AT_MOST, expect_rows, widened};
use crate::ledger::{self, BookAccount, NewEntry, NewPosting, PostingKind};

/// Far above any bill, and far enough below the largest number that no sum over an account's
/// bills can leave the range.
pub const TOTAL_AT_MOST: MinorUnits = MinorUnits::new(100_000_000_000_000);

#[derive(Clone, Debug)]
pub struct NewBill {
    pub id: BillId,
    /// Of the posting that puts it into the book.
    pub posting_id: PostingId,
    /// As the biller writes it on paper; known once per account.
    pub number: String,
    pub period: Option<BillingPeriod>,
    pub issued_on: CivilDate,
    pub due_on: Option<CivilDate>,
    pub total: MinorUnits,
    /// Their amounts sum to the total. None: the bill gets one line over all of it.
    pub lines: Vec<BillLine>,
    /// Why it is on hold from the start: owed, but taking no money until released.
    pub hold_reason: Option<String>,
    pub part_payment: PartPayment,
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum IssueRefusal {
    #[error("there is no such account")]
    UnknownAccount,
    #[error("bill {0} is known already")]
    NumberIsKnown(String),
    #[error("the lines of bill {0} do not sum up to its total")]
    LinesDoNotSumUp(String),
    #[error("the total of bill {0} is below zero or more than can be billed")]
    TotalOutOfRange(String),
}

const FIND_NUMBERS: &str = "
select b.number from (values ($1, $2)) v
join bill b on b.account_id = v.column1 and b.number = v.column2";

const INSERT_BILL: &str = "
insert into bill
  (id, account_id, number, period_from, period_to, issued_on, due_on, total, open_amount,
   standing, hold_reason, part_payment, settled_on)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

const INSERT_LINE: &str = "
insert into bill_line
  (bill_id, line, description, quantity, unit_price, discount, tax_rate, tax, amount)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

pub const SQL: &[&str] = &[FIND_NUMBERS, INSERT_BILL, INSERT_LINE];

/// Issues one bill to an account.
pub async fn issue_bill(
    tx: &mut AnyConnection,
    account_id: AccountId,
    bill: &NewBill,
    now: Micros,
) -> Result<Result<(), IssueRefusal>, DbError> {
    issue_bills(tx, account_id, std::slice::from_ref(bill), now).await
}

/// Issues bills to an account, all or none of them.
pub async fn issue_bills(
    tx: &mut AnyConnection,
    account_id: AccountId,
    bills: &[NewBill],
    now: Micros,
) -> Result<Result<(), IssueRefusal>, DbError> {
    if let Some(refusal) = bills.iter().find_map(wrong_amounts) {
        return Ok(Err(refusal));
    }
    let Some(account) = accounts::lock(tx, account_id).await? else {
        return Ok(Err(IssueRefusal::UnknownAccount));
    };
    let issues: Vec<Issue<'_>> =
        bills.iter().map(|bill| Issue { account_id, currency: account.currency, bill }).collect();
    if let Some(number) = known_number(tx, &issues).await? {
        return Ok(Err(IssueRefusal::NumberIsKnown(number)));
    }
    issue_to_accounts(tx, &issues, now).await.map(Ok)
}

/// One bill to be issued, and to whom.
#[derive(Clone, Copy, Debug)]
pub struct Issue<'a> {
    pub account_id: AccountId,
    pub currency: Currency,
    pub bill: &'a NewBill,
}

/// Issues bills to several accounts, all or none of them: one that cannot be issued fails the whole
/// transaction. The caller has asked for [`known_number`] and holds the accounts' locks, or has
/// opened them in the same transaction.
pub async fn issue_to_accounts(
    tx: &mut AnyConnection,
    issues: &[Issue<'_>],
    now: Micros,
) -> Result<(), DbError> {
    if let Some(refusal) = issues.iter().find_map(|issue| wrong_amounts(issue.bill)) {
        return Err(DbError::inconsistent("bill", "total", refusal));
    }
    for rows in issues.chunks(ROWS_AT_MOST) {
        insert_bills(tx, rows).await?;
    }
    let lines: Vec<(BillId, i64, BillLine)> =
        issues.iter().flat_map(|issue| numbered_lines(issue.bill)).collect();
    for rows in lines.chunks(ROWS_AT_MOST) {
        insert_lines(tx, rows).await?;
    }
    let postings: Vec<NewPosting> = issues.iter().filter_map(|issue| posting(issue, now)).collect();
    ledger::append_many(tx, &postings).await
}

fn wrong_amounts(bill: &NewBill) -> Option<IssueRefusal> {
    if bill.total < MinorUnits::ZERO || bill.total > TOTAL_AT_MOST {
        return Some(IssueRefusal::TotalOutOfRange(bill.number.clone()));
    }
    let sum = MinorUnits::sum(bill.lines.iter().map(|line| line.amount));
    let sums_up = bill.lines.is_empty() || sum == Ok(bill.total);
    (!sums_up).then(|| IssueRefusal::LinesDoNotSumUp(bill.number.clone()))
}

/// A number that its account has already, or would have twice.
pub async fn known_number(
    tx: &mut AnyConnection,
    issues: &[Issue<'_>],
) -> Result<Option<String>, DbError> {
    for rows in issues.chunks(ROWS_AT_MOST) {
        let mut query = sqlx::query(AssertSqlSafe(widened(FIND_NUMBERS, rows.len())));
        for issue in rows {
            query = query.bind(issue.account_id.to_string()).bind(&issue.bill.number);
        }
        if let Some(row) = query.fetch_optional(&mut *tx).await? {
            return Ok(Some(row.try_get("number")?));
        }
    }
    let mut seen = HashSet::with_capacity(issues.len());
    let twice = issues.iter().find(|issue| !seen.insert((issue.account_id, &issue.bill.number)));
    Ok(twice.map(|issue| issue.bill.number.clone()))
}

async fn insert_bills(tx: &mut AnyConnection, rows: &[Issue<'_>]) -> Result<(), DbError> {
    let mut query = sqlx::query(AssertSqlSafe(widened(INSERT_BILL, rows.len())));
    for Issue { account_id, bill, .. } in rows {
        let standing =
            if bill.hold_reason.is_some() { Standing::InDispute } else { Standing::Issued };
        // A bill over nothing is settled from the start.
        let settled_on = bill.total.is_zero().then_some(bill.issued_on);
        query = query
            .bind(bill.id.to_string())
            .bind(account_id.to_string())
            .bind(&bill.number)
            .bind(bill.period.map(|period| period.from.to_string()))
            .bind(bill.period.map(|period| period.to.to_string()))
            .bind(bill.issued_on.to_string())
            .bind(bill.due_on.map(|day| day.to_string()))
            .bind(bill.total.get())
            .bind(bill.total.get())
            .bind(standing.code())
            .bind(&bill.hold_reason)
            .bind(part_payment_code(bill.part_payment))
            .bind(settled_on.map(|day| day.to_string()));
    }
    let written = query.execute(&mut *tx).await?;
    expect_rows(&written, rows.len() as u64, "bill")
}

fn numbered_lines(bill: &NewBill) -> Vec<(BillId, i64, BillLine)> {
    let whole = || BillLine {
        description: format!("Bill {}", bill.number),
        quantity: "1".to_owned(),
        unit_price: bill.total,
        discount: MinorUnits::ZERO,
        tax_rate: "0".to_owned(),
        tax: MinorUnits::ZERO,
        amount: bill.total,
    };
    let lines = if bill.lines.is_empty() { vec![whole()] } else { bill.lines.clone() };
    (1..).zip(lines).map(|(n, line)| (bill.id, n, line)).collect()
}

async fn insert_lines(
    tx: &mut AnyConnection,
    rows: &[(BillId, i64, BillLine)],
) -> Result<(), DbError> {
    let mut query = sqlx::query(AssertSqlSafe(widened(INSERT_LINE, rows.len())));
    for (bill_id, n, line) in rows {
        query = query
            .bind(bill_id.to_string())
            .bind(*n)
            .bind(&line.description)
            .bind(&line.quantity)
            .bind(line.unit_price.get())
            .bind(line.discount.get())
            .bind(&line.tax_rate)
            .bind(line.tax.get())
            .bind(line.amount.get());
    }
    let written = query.execute(&mut *tx).await?;
    expect_rows(&written, rows.len() as u64, "bill_line")
}

/// Accrual: what is billed is earned, and owed until it is paid. A bill over nothing moves
/// nothing.
fn posting(issue: &Issue<'_>, now: Micros) -> Option<NewPosting> {
    let Issue { account_id, currency, bill } = *issue;
    let total = bill.total;
    let earned = MinorUnits::ZERO.checked_sub(total).ok()?;
    let entry = |book_account, amount| NewEntry { book_account, bill_id: Some(bill.id), amount };
    total.is_positive().then(|| NewPosting {
        id: bill.posting_id,
        account_id,
        kind: PostingKind::BillIssued,
        source: "bill".to_owned(),
        source_ref: bill.id.to_string(),
        payment_id: None,
        adjustment_id: None,
        effective_on: bill.issued_on,
        recorded_at: now,
        currency,
        entries: vec![entry(BookAccount::Receivable, total), entry(BookAccount::Income, earned)],
        applications: Vec::new(),
    })
}
