//! The table external_money: what came through the gateway without a payment started here, and
//! what files say was received. A row without a payment is unmatched.

use std::collections::HashMap;

use receivables::calendar::{CivilDate, Micros};
use receivables::ids::PaymentId;
use receivables::money::{Currency, MinorUnits};
use receivables::tender::Tender;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, Row};

use crate::db::{DbError, expect_rows, widened};
use crate::payments::post::Received;
use crate::state::Portal;

/// The first writer makes the row, and every writer holds it until its transaction ends: who
/// decides about an intent decides alone. What the session says may come after the intent.
const LOCK: &str = "
insert into external_money
  (gateway, gateway_ref, session_ref, reference, amount, currency, tender, method, received_on,
   received_at, found_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict (gateway, gateway_ref) do update
set session_ref = coalesce(external_money.session_ref, excluded.session_ref),
  reference = coalesce(external_money.reference, excluded.reference)
returning payment_id, amount, currency, received_on";

const MARK: &str = "
update external_money set payment_id = $3, matched_by = $4, matched_at = $5
where gateway = $1 and gateway_ref = $2 and payment_id is null";

const FIND: &str = "
select session_ref, reference, amount, currency, tender, method, received_on, received_at
from external_money where gateway = $1 and gateway_ref = $2";

const LOOK: &str = "
select payment_id, amount, currency, received_on
from external_money where gateway = $1 and gateway_ref = $2";

const LOOK_AT_MANY: &str = "
select gateway_ref, payment_id, amount, currency, received_on
from external_money where gateway = $1 and gateway_ref in ($2)";

pub(super) const SQL: &[&str] = &[LOCK, MARK, FIND, LOOK, LOOK_AT_MANY];

/// Money as it is known, whosever it is.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub received: Received,
    pub received_at: Micros,
    pub session_ref: Option<String>,
    pub reference: Option<String>,
}

/// A row as it stands: what it was first written with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Locked {
    pub is_posted: bool,
    pub amount: MinorUnits,
    pub currency: Currency,
    pub received_on: CivilDate,
}

fn locked(row: &AnyRow, gateway_ref: &str) -> Result<Locked, DbError> {
    let wrong = |column| DbError::inconsistent("external_money", column, gateway_ref);
    let text = |column| row.try_get::<String, _>(column);
    Ok(Locked {
        is_posted: row.try_get::<Option<String>, _>("payment_id")?.is_some(),
        amount: MinorUnits::new(row.try_get("amount")?),
        currency: Currency::parse(&text("currency")?).map_err(|_| wrong("currency"))?,
        received_on: CivilDate::parse(&text("received_on")?).map_err(|_| wrong("received_on"))?,
    })
}

/// The row as it stands, without a lock.
pub(super) async fn look(
    db: &mut AnyConnection,
    gateway: &str,
    gateway_ref: &str,
) -> Result<Option<Locked>, DbError> {
    let query = sqlx::query(LOOK).bind(gateway).bind(gateway_ref);
    let row = query.fetch_optional(db).await?;
    row.map(|row| locked(&row, gateway_ref)).transpose()
}

/// As many rows as stand there, by their references.
pub(super) async fn look_at_many(
    db: &AnyPool,
    gateway: &str,
    references: &[&str],
) -> Result<HashMap<String, Locked>, DbError> {
    let text = widened(LOOK_AT_MANY, references.len());
    let mut query = sqlx::query(AssertSqlSafe(text)).bind(gateway);
    for reference in references {
        query = query.bind(*reference);
    }
    let mut found = HashMap::new();
    for row in query.fetch_all(db).await? {
        let reference: String = row.try_get("gateway_ref")?;
        let known = locked(&row, &reference)?;
        found.insert(reference, known);
    }
    Ok(found)
}

/// Writes the row down where it is new, and locks it.
pub(super) async fn lock(
    tx: &mut AnyConnection,
    gateway: &str,
    known: &Known,
    now: Micros,
) -> Result<Locked, DbError> {
    let received = &known.received;
    let row = sqlx::query(LOCK)
        .bind(gateway)
        .bind(&received.gateway_ref)
        .bind(known.session_ref.as_deref())
        .bind(known.reference.as_deref())
        .bind(received.amount.get())
        .bind(received.currency.code())
        .bind(received.tender.code())
        .bind(received.method.as_deref())
        .bind(received.effective_on.to_string())
        .bind(known.received_at.0)
        .bind(now.0)
        .fetch_one(tx)
        .await?;
    locked(&row, &received.gateway_ref)
}

/// Says which payment the money became.
pub(super) async fn mark(
    tx: &mut AnyConnection,
    gateway: &str,
    gateway_ref: &str,
    payment_id: PaymentId,
    matched_by: &str,
    now: Micros,
) -> Result<(), DbError> {
    let query = sqlx::query(MARK).bind(gateway).bind(gateway_ref).bind(payment_id.to_string());
    let written = query.bind(matched_by).bind(now.0).execute(tx).await?;
    expect_rows(&written, 1, "external_money")
}

/// The money of one reference, with the id of a payment for it.
pub(super) async fn find(
    portal: &Portal,
    gateway: &str,
    gateway_ref: &str,
) -> Result<Option<Known>, DbError> {
    let query = sqlx::query(FIND).bind(gateway).bind(gateway_ref);
    let Some(row) = query.fetch_optional(portal.db.read()).await? else { return Ok(None) };
    let wrong = |column| DbError::inconsistent("external_money", column, gateway_ref);
    let text = |column| row.try_get::<String, _>(column);
    let (ms, chance) = portal.id_parts();
    let received_on = CivilDate::parse(&text("received_on")?);
    let received = Received {
        payment_id: PaymentId::from_parts(ms, &chance),
        gateway_ref: gateway_ref.to_owned(),
        amount: MinorUnits::new(row.try_get("amount")?),
        currency: Currency::parse(&text("currency")?).map_err(|_| wrong("currency"))?,
        tender: Tender::parse(&text("tender")?).ok_or_else(|| wrong("tender"))?,
        method: row.try_get("method")?,
        effective_on: received_on.map_err(|_| wrong("received_on"))?,
    };
    Ok(Some(Known {
        received,
        received_at: Micros(row.try_get("received_at")?),
        session_ref: row.try_get("session_ref")?,
        reference: row.try_get("reference")?,
    }))
}
