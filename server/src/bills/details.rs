//! One bill with its frozen lines and everything applied to it (billDetailsForKey).

use receivables::api::bills::{BillApplication, BillDetails, BillDetailsLine};
use receivables::bill::{BillLine, paid_by_line, status};
use receivables::calendar::CivilDate;
use receivables::ids::{AccountId, BillId, PaymentId};
use receivables::money::{Currency, MinorUnits};
use receivables::open_item::{OpenItem, Standing};
use sqlx::any::AnyRow;
use sqlx::{AnyPool, Row};

use super::open_items::{day, parse_part_payment, period};
use crate::db::DbError;
use crate::sign_in::Reach;

const FIND: &str = "
select b.id, b.account_id, a.number as account_number, a.currency, b.number, b.period_from,
  b.period_to, b.issued_on, b.due_on, b.total, b.open_amount, b.standing, b.hold_reason,
  b.part_payment,
  (select coalesce(cast(sum(r.amount) as bigint), 0) from reservation r
    where r.account_id = b.account_id and r.bill_id = b.id) as in_flight
from bill b
join account a on a.id = b.account_id
where b.id = $1 and b.standing <> 'draft' and ($2 = '*' or exists (
  select 1 from account_customer c where c.account_id = b.account_id and c.customer_id = $2))";

const LINES: &str = "
select description, quantity, unit_price, discount, tax_rate, tax, amount
from bill_line where bill_id = $1 order by line";

const APPLICATIONS: &str = "
select a.payment_id, a.applied_on, a.amount, r.number as receipt_number
from application a
left join receipt r on r.payment_id = a.payment_id
where a.bill_id = $1 order by a.applied_on, a.id";

pub(super) const SQL: &[&str] = &[FIND, LINES, APPLICATIONS];

/// There is no such bill, or not within reach: the two answer alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BillNotThere;

pub async fn find_details(
    pool: &AnyPool,
    id: BillId,
    reach: Reach,
    today: CivilDate,
    due_soon_days: i32,
) -> Result<Result<BillDetails, BillNotThere>, DbError> {
    let row =
        sqlx::query(FIND).bind(id.to_string()).bind(reach.owner()).fetch_optional(pool).await?;
    let Some(row) = row else { return Ok(Err(BillNotThere)) };
    let lines = sqlx::query(LINES).bind(id.to_string()).fetch_all(pool).await?;
    let lines = lines.iter().map(bill_line).collect::<Result<Vec<_>, _>>()?;
    let applications = sqlx::query(APPLICATIONS).bind(id.to_string()).fetch_all(pool).await?;
    let applications = applications.iter().map(application).collect::<Result<Vec<_>, _>>()?;
    assemble(&row, id, lines, applications, today, due_soon_days).map(Ok)
}

fn assemble(
    row: &AnyRow,
    id: BillId,
    lines: Vec<BillLine>,
    applications: Vec<BillApplication>,
    today: CivilDate,
    due_soon_days: i32,
) -> Result<BillDetails, DbError> {
    let wrong = |column| DbError::inconsistent("bill", column, id);
    let text = |column| row.try_get::<String, _>(column);
    let item = OpenItem {
        bill_id: id,
        bill_number: text("number")?,
        issued_on: day(row, "issued_on")?.ok_or_else(|| wrong("issued_on"))?,
        due_on: day(row, "due_on")?,
        total: MinorUnits::new(row.try_get("total")?),
        open: MinorUnits::new(row.try_get("open_amount")?),
        in_flight: MinorUnits::new(row.try_get("in_flight")?),
        standing: Standing::parse(&text("standing")?).ok_or_else(|| wrong("standing"))?,
        part_payment: parse_part_payment(&text("part_payment")?)
            .ok_or_else(|| wrong("part_payment"))?,
    };
    let paid = MinorUnits::sum(applications.iter().map(|application| application.amount))
        .map_err(|_| wrong("total"))?;
    let shares = paid_by_line(&lines, item.total, paid);
    let derived = status(&item, today, due_soon_days);
    let lines = lines.into_iter().zip(shares);
    Ok(BillDetails {
        id,
        account_id: AccountId::parse(&text("account_id")?).map_err(|_| wrong("account_id"))?,
        account_number: text("account_number")?,
        number: item.bill_number,
        period: period(row)?,
        issued_on: item.issued_on,
        due_on: item.due_on,
        currency: Currency::parse(&text("currency")?).map_err(|_| wrong("currency"))?,
        total: item.total,
        paid,
        open: item.open,
        in_flight: item.in_flight,
        standing: item.standing,
        part_payment: item.part_payment,
        hold_reason: row.try_get("hold_reason")?,
        status: derived.main,
        part_paid: derived.part_paid,
        today,
        lines: lines.map(|(line, paid)| BillDetailsLine { line, paid }).collect(),
        applications,
    })
}

fn bill_line(row: &AnyRow) -> Result<BillLine, DbError> {
    Ok(BillLine {
        description: row.try_get("description")?,
        quantity: row.try_get("quantity")?,
        unit_price: MinorUnits::new(row.try_get("unit_price")?),
        discount: MinorUnits::new(row.try_get("discount")?),
        tax_rate: row.try_get("tax_rate")?,
        tax: MinorUnits::new(row.try_get("tax")?),
        amount: MinorUnits::new(row.try_get("amount")?),
    })
}

fn application(row: &AnyRow) -> Result<BillApplication, DbError> {
    let payment_id: String = row.try_get("payment_id")?;
    let wrong = |column| DbError::inconsistent("application", column, &payment_id);
    Ok(BillApplication {
        payment_id: PaymentId::parse(&payment_id).map_err(|_| wrong("payment_id"))?,
        receipt_number: row.try_get("receipt_number")?,
        applied_on: day(row, "applied_on")?.ok_or_else(|| wrong("applied_on"))?,
        amount: MinorUnits::new(row.try_get("amount")?),
    })
}
