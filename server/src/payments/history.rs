//! The payments of an account, newest first, in pages.

use receivables::api::payments::PaymentRow;
use receivables::calendar::Micros;
use receivables::ids::{AccountId, PaymentId};
use receivables::money::{Currency, MinorUnits};
use receivables::payment::PaymentState;
use receivables::tender::Tender;
use sqlx::any::AnyRow;
use sqlx::{AnyPool, Row};

use crate::config::Zone;
use crate::db::DbError;

/// The cursor is the last row's start and id.
const PAYMENTS: &str = "
select p.id, p.state, p.decline, p.amount, p.received, p.currency, p.tender, p.method,
  p.started_at, p.refunded, p.refunding, p.withdrawn, r.number as receipt_number
from payment p
left join receipt r on r.payment_id = p.id
where p.account_id = $1
  and (p.started_at < $2 or (p.started_at = $2 and p.id < $3))
order by p.started_at desc, p.id desc
limit $4";

pub(super) const SQL: &[&str] = &[PAYMENTS];

/// The row after which a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentCursor {
    pub started_at: Micros,
    pub id: PaymentId,
}

impl PaymentCursor {
    pub fn parse(text: &str) -> Option<Self> {
        let (started_at, id) = text.split_once('~')?;
        Some(Self {
            started_at: Micros(started_at.parse().ok().filter(|at| *at >= 0)?),
            id: PaymentId::parse(id).ok()?,
        })
    }
}

/// At most `limit` rows after the cursor, and the cursor of the next page.
pub async fn payments_of(
    pool: &AnyPool,
    account_id: AccountId,
    after: Option<PaymentCursor>,
    limit: u16,
    zone: &Zone,
) -> Result<(Vec<PaymentRow>, Option<String>), DbError> {
    let (started_at, id) = match after {
        Some(cursor) => (cursor.started_at.0, cursor.id.to_string()),
        None => (i64::MAX, String::new()),
    };
    let rows = sqlx::query(PAYMENTS)
        .bind(account_id.to_string())
        .bind(started_at)
        .bind(id)
        .bind(i64::from(limit) + 1)
        .fetch_all(pool)
        .await?;
    let more = rows.len() > usize::from(limit);
    let mut next = None;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows.iter().take(usize::from(limit)) {
        let (item, started_at) = payment_row(row, zone)?;
        next = more.then(|| format!("{}~{}", started_at.0, item.id));
        items.push(item);
    }
    Ok((items, next))
}

fn payment_row(row: &AnyRow, zone: &Zone) -> Result<(PaymentRow, Micros), DbError> {
    let id: String = row.try_get("id")?;
    let wrong = |column| DbError::inconsistent("payment", column, &id);
    let text = |column| row.try_get::<String, _>(column);
    let state = PaymentState::parse(&text("state")?).ok_or_else(|| wrong("state"))?;
    let decline: Option<String> = row.try_get("decline")?;
    let started_at = Micros(row.try_get("started_at")?);
    let item = PaymentRow {
        id: PaymentId::parse(&id).map_err(|_| wrong("id"))?,
        stage: state.stage(decline.is_some()),
        amount: MinorUnits::new(row.try_get("amount")?),
        received: MinorUnits::new(row.try_get("received")?),
        currency: Currency::parse(&text("currency")?).map_err(|_| wrong("currency"))?,
        tender: Tender::parse(&text("tender")?).ok_or_else(|| wrong("tender"))?,
        method: row.try_get("method")?,
        started_on: zone.day(started_at),
        receipt_number: row.try_get("receipt_number")?,
        refunded: MinorUnits::new(row.try_get("refunded")?),
        refunding: MinorUnits::new(row.try_get("refunding")?),
        withdrawn: MinorUnits::new(row.try_get("withdrawn")?),
    };
    Ok((item, started_at))
}
