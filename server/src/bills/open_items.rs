//! The open items of an account, oldest due first, with what is in flight on each.

use receivables::bill::BillingPeriod;
use receivables::calendar::CivilDate;
use receivables::ids::{AccountId, BillId};
use receivables::money::MinorUnits;
use receivables::open_item::{OpenItem, PartPayment, Standing};
use sqlx::any::AnyRow;
use sqlx::{Any, Executor, Row};

use crate::db::DbError;

/// Drafts, cancelled and written-off bills are not owed and do not appear.
const OPEN_ITEMS: &str = "
select b.id, b.number, b.period_from, b.period_to, b.issued_on, b.due_on, b.total,
  b.open_amount, b.standing, b.hold_reason, b.part_payment,
  (select coalesce(cast(sum(r.amount) as bigint), 0) from reservation r
    where r.account_id = b.account_id and r.bill_id = b.id) as in_flight
from bill b
where b.account_id = $1 and b.open_amount > 0 and b.standing in ('issued', 'in_dispute')
order by b.due_on, b.id";

/// One bill of an account, whatever became of it.
const ONE_ITEM: &str = "
select b.id, b.number, b.period_from, b.period_to, b.issued_on, b.due_on, b.total,
  b.open_amount, b.standing, b.hold_reason, b.part_payment,
  (select coalesce(cast(sum(r.amount) as bigint), 0) from reservation r
    where r.account_id = b.account_id and r.bill_id = b.id) as in_flight
from bill b
where b.account_id = $1 and b.id = $2 and b.standing <> 'draft'";

pub(super) const SQL: &[&str] = &[OPEN_ITEMS, ONE_ITEM];

/// An open item with what people call it.
#[derive(Clone, Debug)]
pub struct StoredItem {
    pub item: OpenItem,
    pub period: Option<BillingPeriod>,
    pub hold_reason: Option<String>,
}

/// Read inside a command after the account's lock, or from the pool to show.
pub async fn open_items(
    db: impl Executor<'_, Database = Any>,
    account_id: AccountId,
) -> Result<Vec<StoredItem>, DbError> {
    let rows = sqlx::query(OPEN_ITEMS).bind(account_id.to_string()).fetch_all(db).await?;
    let mut items = rows.iter().map(stored_item).collect::<Result<Vec<_>, _>>()?;
    // The order of text differs between databases; the rules' own order does not.
    items.sort_by(|a, b| a.item.oldest_due_key().cmp(&b.item.oldest_due_key()));
    Ok(items)
}

/// One bill of an account, paid or not; the account stands in the query.
pub async fn find_item(
    db: impl Executor<'_, Database = Any>,
    account_id: AccountId,
    bill_id: BillId,
) -> Result<Option<StoredItem>, DbError> {
    let query = sqlx::query(ONE_ITEM).bind(account_id.to_string()).bind(bill_id.to_string());
    query.fetch_optional(db).await?.as_ref().map(stored_item).transpose()
}

fn stored_item(row: &AnyRow) -> Result<StoredItem, DbError> {
    let id: String = row.try_get("id")?;
    let wrong = |column| DbError::inconsistent("bill", column, &id);
    let standing: String = row.try_get("standing")?;
    let part_payment: String = row.try_get("part_payment")?;
    Ok(StoredItem {
        item: OpenItem {
            bill_id: BillId::parse(&id).map_err(|_| wrong("id"))?,
            bill_number: row.try_get("number")?,
            issued_on: day(row, "issued_on")?.ok_or_else(|| wrong("issued_on"))?,
            due_on: day(row, "due_on")?,
            total: MinorUnits::new(row.try_get("total")?),
            open: MinorUnits::new(row.try_get("open_amount")?),
            in_flight: MinorUnits::new(row.try_get("in_flight")?),
            standing: Standing::parse(&standing).ok_or_else(|| wrong("standing"))?,
            part_payment: parse_part_payment(&part_payment).ok_or_else(|| wrong("part_payment"))?,
        },
        period: period(row)?,
        hold_reason: row.try_get("hold_reason")?,
    })
}

/// A stored day, or none.
pub(crate) fn day(row: &AnyRow, column: &'static str) -> Result<Option<CivilDate>, DbError> {
    let text: Option<String> = row.try_get(column)?;
    text.map(|text| {
        CivilDate::parse(&text).map_err(|_| DbError::inconsistent("bill", column, &text))
    })
    .transpose()
}

pub(super) fn period(row: &AnyRow) -> Result<Option<BillingPeriod>, DbError> {
    let days = (day(row, "period_from")?, day(row, "period_to")?);
    Ok(match days {
        (Some(from), Some(to)) => Some(BillingPeriod { from, to }),
        _ => None,
    })
}

/// `any`, `never` or `at_least:<minor units>`.
pub(crate) fn parse_part_payment(text: &str) -> Option<PartPayment> {
    match text {
        "any" => Some(PartPayment::Any),
        "never" => Some(PartPayment::Never),
        _ => {
            let amount = text.strip_prefix("at_least:")?.parse().ok()?;
            Some(PartPayment::AtLeast(MinorUnits::new(amount)))
        }
    }
}

/// The stored spelling of [`parse_part_payment`].
pub fn part_payment_code(rule: PartPayment) -> String {
    match rule {
        PartPayment::Any => "any".to_owned(),
        PartPayment::Never => "never".to_owned(),
        PartPayment::AtLeast(amount) => format!("at_least:{}", amount.get()),
    }
}
