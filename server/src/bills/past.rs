//! Bills of the past (pastBillsForAccount): pages of rows, newest first.

use receivables::api::bills::{BillPage, BillRow};
use receivables::bill::{BillStatus, status};
use receivables::calendar::CivilDate;
use receivables::ids::{AccountId, BillId};
use receivables::money::{Currency, MinorUnits};
use receivables::open_item::{OpenItem, PartPayment, Standing};
use sqlx::any::AnyRow;
use sqlx::{AnyPool, Row};

use super::open_items::{day, period};
use crate::db::DbError;

/// Newest first by issue date and id; the cursor is the last row's pair. Paid and cancelled
/// bills are the past; open ones are on the current bill.
const PAST: &str = "
select b.id, b.number, b.period_from, b.period_to, b.issued_on, b.due_on, b.total,
  b.open_amount, b.standing, b.settled_on
from bill b
where b.account_id = $1
  and (b.open_amount = 0 or b.standing in ('cancelled', 'written_off'))
  and b.standing <> 'draft'
  and (b.issued_on < $2 or (b.issued_on = $2 and b.id < $3))
order by b.issued_on desc, b.id desc
limit $4";

const ALL: &str = "
select b.id, b.number, b.period_from, b.period_to, b.issued_on, b.due_on, b.total,
  b.open_amount, b.standing, b.settled_on
from bill b
where b.account_id = $1 and b.standing <> 'draft'
  and (b.issued_on < $2 or (b.issued_on = $2 and b.id < $3))
order by b.issued_on desc, b.id desc
limit $4";

pub(super) const SQL: &[&str] = &[PAST, ALL];

/// Which bills to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillFilter {
    Past,
    All,
}

/// The row after which a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillCursor {
    pub issued_on: CivilDate,
    pub id: BillId,
}

impl BillCursor {
    pub fn parse(text: &str) -> Option<Self> {
        let (issued_on, id) = text.split_once('~')?;
        Some(Self { issued_on: CivilDate::parse(issued_on).ok()?, id: BillId::parse(id).ok()? })
    }

    fn text(&self) -> String {
        format!("{}~{}", self.issued_on, self.id)
    }
}

/// Which page of which account's bills, seen from which day.
#[derive(Clone, Debug)]
pub struct Listing {
    pub account_id: AccountId,
    pub currency: Currency,
    pub filter: BillFilter,
    pub after: Option<BillCursor>,
    pub limit: u16,
    pub today: CivilDate,
    pub due_soon_days: i32,
}

pub async fn past_bills(pool: &AnyPool, listing: Listing) -> Result<BillPage, DbError> {
    let Listing { account_id, currency, filter, after, limit, today, due_soon_days } = listing;
    let (issued_on, id) = match after {
        Some(cursor) => (cursor.issued_on.to_string(), cursor.id.to_string()),
        None => ("9999-12-31".to_owned(), "~".to_owned()),
    };
    let text = match filter {
        BillFilter::Past => PAST,
        BillFilter::All => ALL,
    };
    let rows = sqlx::query(text)
        .bind(account_id.to_string())
        .bind(issued_on)
        .bind(id)
        .bind(i64::from(limit) + 1)
        .fetch_all(pool)
        .await?;
    let more = rows.len() > usize::from(limit);
    let items = rows
        .iter()
        .take(usize::from(limit))
        .map(|row| bill_row(row, currency, today, due_soon_days))
        .collect::<Result<Vec<_>, _>>()?;
    let last = items.last().filter(|_| more);
    let next = last.map(|row| BillCursor { issued_on: row.issued_on, id: row.id }.text());
    Ok(BillPage { items, next })
}

fn bill_row(
    row: &AnyRow,
    currency: Currency,
    today: CivilDate,
    due_soon_days: i32,
) -> Result<BillRow, DbError> {
    let id: String = row.try_get("id")?;
    let wrong = |column| DbError::inconsistent("bill", column, &id);
    let standing: String = row.try_get("standing")?;
    let item = OpenItem {
        bill_id: BillId::parse(&id).map_err(|_| wrong("id"))?,
        bill_number: row.try_get("number")?,
        issued_on: day(row, "issued_on")?.ok_or_else(|| wrong("issued_on"))?,
        due_on: day(row, "due_on")?,
        total: MinorUnits::new(row.try_get("total")?),
        open: MinorUnits::new(row.try_get("open_amount")?),
        in_flight: MinorUnits::ZERO,
        standing: Standing::parse(&standing).ok_or_else(|| wrong("standing"))?,
        part_payment: PartPayment::Any,
    };
    let derived = status(&item, today, due_soon_days);
    let paid_on = match derived.main {
        BillStatus::Paid => day(row, "settled_on")?,
        _ => None,
    };
    Ok(BillRow {
        id: item.bill_id,
        number: item.bill_number,
        period: period(row)?,
        issued_on: item.issued_on,
        due_on: item.due_on,
        total: item.total,
        open: item.open,
        currency,
        status: derived.main,
        part_paid: derived.part_paid,
        paid_on,
    })
}
