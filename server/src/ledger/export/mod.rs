//! The book for other people's programs: an hledger journal, a Beancount file, or CSV.
//!
//! *Accrual* is the book as it stands: income when a bill is issued. *Cash* is income when money
//! comes in: what is owed, credited and written off counts as income not yet had, and a posting
//! that moves nothing else is left out. Ids and numbers only; nobody's name is exported.

mod beancount;
mod hledger;
mod names;
mod spreadsheet;

use std::io::{self, Write};

use clap::ValueEnum;
use futures_util::TryStreamExt;
use receivables::calendar::CivilDate;
use receivables::money::{Currency, MinorUnits, Money};
use sqlx::any::AnyRow;
use sqlx::{AnyPool, Row};
use thiserror::Error;

use crate::db::{DbError, Snapshot, snapshot};
use names::Name;

const LINES: &str = "
select x.id, x.effective_on, x.kind, x.payment_id, a.number, e.book_account, e.currency, e.amount,
  b.number as bill_number
from posting x
join entry e on e.posting_id = x.id
join account a on a.id = e.account_id
left join bill b on b.id = e.bill_id
where x.effective_on >= $1 and x.effective_on <= $2
order by x.effective_on, x.recorded_at, x.id, e.line";

const BEFORE: &str = "
select a.number, e.book_account, e.currency, cast(sum(e.amount) as bigint) as amount
from posting x
join entry e on e.posting_id = x.id
join account a on a.id = e.account_id
where x.effective_on < $1
group by a.number, e.book_account, e.currency having sum(e.amount) <> 0
order by a.number, e.book_account, e.currency";

const USED: &str = "
select distinct a.number, e.book_account, e.currency from entry e
join account a on a.id = e.account_id
order by e.book_account, a.number, e.currency";

const DAYS: &str = "select min(effective_on), max(effective_on) from posting";

/// From the bills and accounts themselves, which the entries must come to.
const BALANCES: &str = "
select a.number, a.currency, a.credit,
  (select cast(coalesce(sum(b.open_amount), 0) as bigint) from bill b
   where b.account_id = a.id and b.standing <> 'draft') as owed
from account a order by a.number";

pub(super) const SQL: &[&str] = &[LINES, BEFORE, USED, DAYS, BALANCES];

#[derive(Debug, Error)]
pub enum ExportError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("it could not be written: {0}")]
    Write(#[from] io::Error),
}

impl From<sqlx::Error> for ExportError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    Hledger,
    Beancount,
    Csv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BookView {
    /// Income when a bill is issued.
    Accrual,
    /// Income when money comes in.
    Cash,
}

#[derive(Clone, Copy, Debug, clap::Args)]
pub struct ExportArgs {
    /// For which program.
    #[arg(long = "as", value_enum)]
    pub format: ExportFormat,
    /// The first day; what was before comes as one opening posting.
    #[arg(long, value_parser = CivilDate::parse)]
    pub from: Option<CivilDate>,
    /// The last day.
    #[arg(long, value_parser = CivilDate::parse)]
    pub to: Option<CivilDate>,
    #[arg(long, value_enum, default_value = "accrual")]
    pub view: BookView,
}

/// One side of a posting, or of the opening.
#[derive(Clone, Debug)]
struct Line {
    name: Name,
    bill_number: Option<String>,
    money: Money,
}

#[derive(Clone, Debug)]
struct Posting {
    id: String,
    on: CivilDate,
    kind: String,
    payment_id: Option<String>,
    lines: Vec<Line>,
}

/// What a balance must be at the end of the last day.
#[derive(Clone, Debug)]
struct Expected {
    name: Name,
    money: Money,
}

/// How one format writes; called in this order.
trait Journal {
    fn head(&mut self, begins: CivilDate, used: &[(Name, Currency)]) -> io::Result<()>;
    fn posting(&mut self, posting: &Posting) -> io::Result<()>;
    /// Only where the export reaches to the end of the book.
    fn foot(&mut self, after: CivilDate, expected: &[Expected]) -> io::Result<()>;
}

/// Writes the book as of one moment.
pub async fn export(
    pool: &AnyPool,
    args: &ExportArgs,
    into: &mut (dyn Write + Send),
) -> Result<(), ExportError> {
    let mut moment = snapshot(pool).await?;
    let mut journal: Box<dyn Journal + Send + '_> = match args.format {
        ExportFormat::Hledger => Box::new(hledger::Hledger(into)),
        ExportFormat::Beancount => Box::new(beancount::Beancount(into)),
        ExportFormat::Csv => Box::new(spreadsheet::Spreadsheet::new(into)),
    };
    let days = sqlx::query(DAYS).fetch_one(&mut *moment).await?;
    let (first, last): (Option<String>, Option<String>) = (days.try_get(0)?, days.try_get(1)?);
    let (Some(first), Some(last)) = (first, last) else { return Ok(()) };
    let begins = args.from.unwrap_or(day(&first)?);
    let used = used(&mut moment, args.view).await?;
    journal.head(begins, &used)?;
    if args.from.is_some() {
        let opening = opening(&mut moment, args.view, begins).await?;
        journal.posting(&opening)?;
    }
    postings(&mut moment, args, journal.as_mut()).await?;
    if args.to.is_none() && args.view == BookView::Accrual {
        let after = day(&last)?.max(begins).plus_days(1);
        let mut expected = balances(&mut moment).await?;
        expected.retain(|balance| used.iter().any(|(name, _)| *name == balance.name));
        journal.foot(after, &expected)?;
    }
    Ok(())
}

async fn postings(
    moment: &mut Snapshot,
    args: &ExportArgs,
    journal: &mut (dyn Journal + Send),
) -> Result<(), ExportError> {
    let text = |day: Option<CivilDate>, else_day: &str| {
        day.map_or_else(|| else_day.to_owned(), |day| day.to_string())
    };
    let query = sqlx::query(LINES).bind(text(args.from, "0000-01-01"));
    let mut rows = query.bind(text(args.to, "9999-12-31")).fetch(&mut **moment);
    let mut current: Option<Posting> = None;
    while let Some(row) = rows.try_next().await? {
        let id: String = row.try_get("id")?;
        if current.as_ref().is_none_or(|posting| posting.id != id) {
            write(journal, current.take(), args.view)?;
            current = Some(Posting {
                on: day(&row.try_get::<String, _>("effective_on")?)?,
                kind: row.try_get("kind")?,
                payment_id: row.try_get("payment_id")?,
                lines: Vec::new(),
                id,
            });
        }
        if let Some(posting) = &mut current {
            posting.lines.push(line(&row, args.view, row.try_get("bill_number")?)?);
        }
    }
    write(journal, current, args.view)
}

/// In the cash view, what moves only income moved no money.
fn write(
    journal: &mut (dyn Journal + Send),
    posting: Option<Posting>,
    view: BookView,
) -> Result<(), ExportError> {
    let Some(posting) = posting else { return Ok(()) };
    let is_left_out =
        view == BookView::Cash && posting.lines.iter().all(|line| line.name == Name::INCOME);
    if !is_left_out {
        journal.posting(&posting)?;
    }
    Ok(())
}

/// The sums of all that was before, as one posting of the first day.
async fn opening(
    moment: &mut Snapshot,
    view: BookView,
    begins: CivilDate,
) -> Result<Posting, ExportError> {
    let rows = sqlx::query(BEFORE).bind(begins.to_string()).fetch_all(&mut **moment).await?;
    let lines = rows.iter().map(|row| line(row, view, None)).collect::<Result<_, _>>()?;
    let kind = "opening_balances".to_owned();
    Ok(Posting { id: "opening".to_owned(), on: begins, kind, payment_id: None, lines })
}

async fn used(moment: &mut Snapshot, view: BookView) -> Result<Vec<(Name, Currency)>, ExportError> {
    let rows = sqlx::query(USED).fetch_all(&mut **moment).await?;
    let mut used = Vec::new();
    for row in &rows {
        let pair = (name(row, view)?, currency(row)?);
        if !used.contains(&pair) {
            used.push(pair);
        }
    }
    Ok(used)
}

async fn balances(moment: &mut Snapshot) -> Result<Vec<Expected>, ExportError> {
    let mut expected = Vec::new();
    for row in sqlx::query(BALANCES).fetch_all(&mut **moment).await? {
        let number: String = row.try_get("number")?;
        let currency = currency(&row)?;
        let (owed, credit): (i64, i64) = (row.try_get("owed")?, row.try_get("credit")?);
        for (book_account, amount) in
            [("receivable", owed), ("credit_on_account", credit.saturating_neg())]
        {
            let name = Name::of(book_account, &number);
            expected.push(Expected { name, money: Money::new(MinorUnits::new(amount), currency) });
        }
    }
    Ok(expected)
}

fn line(row: &AnyRow, view: BookView, bill_number: Option<String>) -> Result<Line, ExportError> {
    let amount = MinorUnits::new(row.try_get("amount")?);
    Ok(Line { name: name(row, view)?, bill_number, money: Money::new(amount, currency(row)?) })
}

fn name(row: &AnyRow, view: BookView) -> Result<Name, ExportError> {
    let (book_account, number): (String, String) =
        (row.try_get("book_account")?, row.try_get("number")?);
    Ok(match (view, book_account.as_str()) {
        (BookView::Cash, "receivable" | "credit_notes" | "write_offs") => Name::INCOME,
        (_, code) => Name::of(code, &number),
    })
}

fn currency(row: &AnyRow) -> Result<Currency, ExportError> {
    let code: String = row.try_get("currency")?;
    let wrong = |_| DbError::inconsistent("entry", "currency", &code);
    Ok(Currency::parse(&code).map_err(wrong)?)
}

fn day(text: &str) -> Result<CivilDate, ExportError> {
    let wrong = |_| DbError::inconsistent("posting", "effective_on", text);
    Ok(CivilDate::parse(text).map_err(wrong)?)
}

/// `-20.00`, as every program reads it.
pub fn decimal(money: Money) -> String {
    let digits = usize::try_from(money.currency.exponent()).unwrap_or(0);
    let (sign, units) = match money.amount.get() {
        units if units < 0 => ("-", units.unsigned_abs()),
        units => ("", units.unsigned_abs()),
    };
    let text = format!("{units:0>width$}", width = digits + 1);
    let (whole, part) = text.split_at(text.len().saturating_sub(digits));
    if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
}

/// `bill_issued` → `bill issued`.
fn words(code: &str) -> String {
    code.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_has_the_decimals_of_its_currency_and_nothing_is_not_negative() {
        let written = |amount, code| {
            decimal(Money::new(MinorUnits::new(amount), Currency::parse(code).unwrap()))
        };
        assert_eq!(
            [-2_000, -5, 0, 7, 123_456].map(|n| written(n, "USD")),
            ["-20.00", "-0.05", "0.00", "0.07", "1234.56"]
        );
        assert_eq!([-700, 0, 9].map(|n| written(n, "JPY")), ["-700", "0", "9"]);
        assert_eq!(written(i64::MIN, "USD"), "-92233720368547758.08");
    }
}
