//! The table of this room: refund.

use receivables::calendar::Micros;
use receivables::ids::{AccountId, PaymentId, RefundId};
use receivables::money::{Currency, MinorUnits};
use receivables::refund::RefundState;
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Executor, Row};

use crate::db::{DbError, expect_rows};

/// A refund as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRecord {
    pub id: RefundId,
    pub payment_id: PaymentId,
    pub account_id: AccountId,
    pub requested_by: String,
    pub idempotency_key: String,
    pub request_hash: String,
    pub amount: MinorUnits,
    pub currency: Currency,
    pub reason: Option<String>,
    pub state: RefundState,
    /// None: given back by hand.
    pub gateway: Option<String>,
    pub gateway_key: Option<String>,
    pub gateway_ref: Option<String>,
    pub failure: Option<String>,
    pub requested_at: Micros,
    pub changed_at: Micros,
    pub look_at: Option<Micros>,
    pub looks: i64,
    pub version: i64,
}

macro_rules! select_refund {
    ($rest:literal) => {
        concat!(
            "select id, payment_id, account_id, requested_by, idempotency_key, request_hash, ",
            "amount, currency, reason, state, gateway, gateway_key, gateway_ref, failure, ",
            "requested_at, changed_at, look_at, looks, version from refund ",
            $rest
        )
    };
}

const FIND: &str = select_refund!("where id = $1");

const FIND_BY_KEY: &str = select_refund!("where requested_by = $1 and idempotency_key = $2");

const FIND_BY_GATEWAY_REF: &str = select_refund!("where gateway = $1 and gateway_ref = $2");

const OF_PAYMENT: &str =
    select_refund!("where payment_id = $1 order by requested_at desc, id desc");

const TO_LOOK_AT: &str =
    select_refund!("where look_at is not null and look_at <= $1 order by look_at limit $2");

const INSERT: &str = "
insert into refund
  (id, payment_id, account_id, requested_by, idempotency_key, request_hash, amount, currency,
   reason, state, gateway, gateway_key, gateway_ref, failure, requested_at, changed_at, look_at,
   looks, version)
values
  ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";

/// Only from the version that was read: two pieces of news cannot both move it.
const CHANGE: &str = "
update refund
set state = $3, gateway_ref = $4, failure = $5, changed_at = $6, look_at = $7, looks = $8,
  version = version + 1
where id = $1 and version = $2";

pub const SQL: &[&str] =
    &[FIND, FIND_BY_KEY, FIND_BY_GATEWAY_REF, OF_PAYMENT, TO_LOOK_AT, INSERT, CHANGE];

pub async fn find_refund(
    db: impl Executor<'_, Database = Any>,
    id: RefundId,
) -> Result<Option<RefundRecord>, DbError> {
    let row = sqlx::query(FIND).bind(id.to_string()).fetch_optional(db).await?;
    row.as_ref().map(record).transpose()
}

pub(super) async fn find_by_key(
    db: impl Executor<'_, Database = Any>,
    requested_by: &str,
    key: &str,
) -> Result<Option<RefundRecord>, DbError> {
    let query = sqlx::query(FIND_BY_KEY).bind(requested_by).bind(key);
    query.fetch_optional(db).await?.as_ref().map(record).transpose()
}

pub(super) async fn find_by_gateway_ref(
    db: impl Executor<'_, Database = Any>,
    gateway: &str,
    gateway_ref: &str,
) -> Result<Option<RefundRecord>, DbError> {
    let query = sqlx::query(FIND_BY_GATEWAY_REF).bind(gateway).bind(gateway_ref);
    query.fetch_optional(db).await?.as_ref().map(record).transpose()
}

/// The refunds of a payment, newest first.
pub async fn refunds_of(
    db: impl Executor<'_, Database = Any>,
    payment_id: PaymentId,
) -> Result<Vec<RefundRecord>, DbError> {
    let rows = sqlx::query(OF_PAYMENT).bind(payment_id.to_string()).fetch_all(db).await?;
    rows.iter().map(record).collect()
}

/// The refunds the sweep has to look at now.
pub(super) async fn to_look_at(
    db: impl Executor<'_, Database = Any>,
    now: Micros,
    at_most: i64,
) -> Result<Vec<RefundRecord>, DbError> {
    let rows = sqlx::query(TO_LOOK_AT).bind(now.0).bind(at_most).fetch_all(db).await?;
    // One that cannot be read must not keep the others from being looked at.
    let readable = rows.iter().filter_map(|row| match record(row) {
        Ok(refund) => Some(refund),
        Err(error) => {
            tracing::error!(%error, "a refund cannot be looked at");
            None
        }
    });
    Ok(readable.collect())
}

pub(super) async fn insert(tx: &mut AnyConnection, refund: &RefundRecord) -> Result<(), DbError> {
    let written = sqlx::query(INSERT)
        .bind(refund.id.to_string())
        .bind(refund.payment_id.to_string())
        .bind(refund.account_id.to_string())
        .bind(&refund.requested_by)
        .bind(&refund.idempotency_key)
        .bind(&refund.request_hash)
        .bind(refund.amount.get())
        .bind(refund.currency.code().to_owned())
        .bind(refund.reason.as_deref())
        .bind(refund.state.code())
        .bind(refund.gateway.as_deref())
        .bind(refund.gateway_key.as_deref())
        .bind(refund.gateway_ref.as_deref())
        .bind(refund.failure.as_deref())
        .bind(refund.requested_at.0)
        .bind(refund.changed_at.0)
        .bind(refund.look_at.map(|at| at.0))
        .bind(refund.looks)
        .bind(refund.version)
        .execute(tx)
        .await?;
    expect_rows(&written, 1, "refund")
}

pub(super) async fn change(tx: &mut AnyConnection, refund: &RefundRecord) -> Result<(), DbError> {
    let written = sqlx::query(CHANGE)
        .bind(refund.id.to_string())
        .bind(refund.version)
        .bind(refund.state.code())
        .bind(refund.gateway_ref.as_deref())
        .bind(refund.failure.as_deref())
        .bind(refund.changed_at.0)
        .bind(refund.look_at.map(|at| at.0))
        .bind(refund.looks)
        .execute(tx)
        .await?;
    expect_rows(&written, 1, "refund")
}

fn record(row: &AnyRow) -> Result<RefundRecord, DbError> {
    let id: String = row.try_get("id")?;
    let wrong = |column| DbError::inconsistent("refund", column, &id);
    let text = |column| row.try_get::<String, _>(column);
    let look_at: Option<i64> = row.try_get("look_at")?;
    Ok(RefundRecord {
        id: RefundId::parse(&id).map_err(|_| wrong("id"))?,
        payment_id: PaymentId::parse(&text("payment_id")?).map_err(|_| wrong("payment_id"))?,
        account_id: AccountId::parse(&text("account_id")?).map_err(|_| wrong("account_id"))?,
        requested_by: text("requested_by")?,
        idempotency_key: text("idempotency_key")?,
        request_hash: text("request_hash")?,
        amount: MinorUnits::new(row.try_get("amount")?),
        currency: Currency::parse(&text("currency")?).map_err(|_| wrong("currency"))?,
        reason: row.try_get("reason")?,
        state: RefundState::parse(&text("state")?).ok_or_else(|| wrong("state"))?,
        gateway: row.try_get("gateway")?,
        gateway_key: row.try_get("gateway_key")?,
        gateway_ref: row.try_get("gateway_ref")?,
        failure: row.try_get("failure")?,
        requested_at: Micros(row.try_get("requested_at")?),
        changed_at: Micros(row.try_get("changed_at")?),
        look_at: look_at.map(Micros),
        looks: row.try_get("looks")?,
        version: row.try_get("version")?,
    })
}
