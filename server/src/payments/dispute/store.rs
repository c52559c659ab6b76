//! The table of this room: dispute.

use receivables::calendar::Micros;
use receivables::dispute::DisputeState;
use receivables::ids::{AccountId, DisputeId, PaymentId};
use receivables::money::MinorUnits;
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Executor, Row};

use crate::db::{DbError, expect_rows};

/// A dispute as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputeRecord {
    pub id: DisputeId,
    pub payment_id: PaymentId,
    pub account_id: AccountId,
    pub gateway: String,
    pub gateway_ref: String,
    pub state: DisputeState,
    pub reason: String,
    pub amount: MinorUnits,
    pub withdrawn: MinorUnits,
    pub reinstated: MinorUnits,
    pub opened_at: Micros,
    pub changed_at: Micros,
    pub version: i64,
}

macro_rules! select_dispute {
    ($rest:literal) => {
        concat!(
            "select id, payment_id, account_id, gateway, gateway_ref, state, reason, amount, ",
            "withdrawn, reinstated, opened_at, changed_at, version from dispute ",
            $rest
        )
    };
}

const FIND_BY_GATEWAY_REF: &str = select_dispute!("where gateway = $1 and gateway_ref = $2");

const OF_PAYMENT: &str = select_dispute!("where payment_id = $1 order by opened_at desc, id desc");

const OPEN: &str = "select 1 from dispute where payment_id = $1 and state = 'open' limit 1";

const INSERT: &str = "
insert into dispute
  (id, payment_id, account_id, gateway, gateway_ref, state, reason, amount, withdrawn,
   reinstated, opened_at, changed_at, version)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

const CHANGE: &str = "
update dispute
set state = $3, reason = $4, amount = $5, withdrawn = $6, reinstated = $7, changed_at = $8,
  version = version + 1
where id = $1 and version = $2";

pub const SQL: &[&str] = &[FIND_BY_GATEWAY_REF, OF_PAYMENT, OPEN, INSERT, CHANGE];

pub(super) async fn find_by_gateway_ref(
    db: impl Executor<'_, Database = Any>,
    gateway: &str,
    gateway_ref: &str,
) -> Result<Option<DisputeRecord>, DbError> {
    let query = sqlx::query(FIND_BY_GATEWAY_REF).bind(gateway).bind(gateway_ref);
    query.fetch_optional(db).await?.as_ref().map(record).transpose()
}

/// The disputes of a payment, newest first.
pub async fn disputes_of(
    db: impl Executor<'_, Database = Any>,
    payment_id: PaymentId,
) -> Result<Vec<DisputeRecord>, DbError> {
    let rows = sqlx::query(OF_PAYMENT).bind(payment_id.to_string()).fetch_all(db).await?;
    rows.iter().map(record).collect()
}

/// While the bank has not decided, nothing of the payment is refunded.
pub async fn is_open(tx: &mut AnyConnection, payment_id: PaymentId) -> Result<bool, DbError> {
    let query = sqlx::query(OPEN).bind(payment_id.to_string());
    Ok(query.fetch_optional(tx).await?.is_some())
}

pub(super) async fn insert(tx: &mut AnyConnection, dispute: &DisputeRecord) -> Result<(), DbError> {
    let written = sqlx::query(INSERT)
        .bind(dispute.id.to_string())
        .bind(dispute.payment_id.to_string())
        .bind(dispute.account_id.to_string())
        .bind(&dispute.gateway)
        .bind(&dispute.gateway_ref)
        .bind(dispute.state.code())
        .bind(&dispute.reason)
        .bind(dispute.amount.get())
        .bind(dispute.withdrawn.get())
        .bind(dispute.reinstated.get())
        .bind(dispute.opened_at.0)
        .bind(dispute.changed_at.0)
        .bind(dispute.version)
        .execute(tx)
        .await?;
    expect_rows(&written, 1, "dispute")
}

pub(super) async fn change(tx: &mut AnyConnection, dispute: &DisputeRecord) -> Result<(), DbError> {
    let written = sqlx::query(CHANGE)
        .bind(dispute.id.to_string())
        .bind(dispute.version)
        .bind(dispute.state.code())
        .bind(&dispute.reason)
        .bind(dispute.amount.get())
        .bind(dispute.withdrawn.get())
        .bind(dispute.reinstated.get())
        .bind(dispute.changed_at.0)
        .execute(tx)
        .await?;
    expect_rows(&written, 1, "dispute")
}

fn record(row: &AnyRow) -> Result<DisputeRecord, DbError> {
    let id: String = row.try_get("id")?;
    let wrong = |column| DbError::inconsistent("dispute", column, &id);
    let text = |column| row.try_get::<String, _>(column);
    Ok(DisputeRecord {
        id: DisputeId::parse(&id).map_err(|_| wrong("id"))?,
        payment_id: PaymentId::parse(&text("payment_id")?).map_err(|_| wrong("payment_id"))?,
        account_id: AccountId::parse(&text("account_id")?).map_err(|_| wrong("account_id"))?,
        gateway: text("gateway")?,
        gateway_ref: text("gateway_ref")?,
        state: DisputeState::parse(&text("state")?).ok_or_else(|| wrong("state"))?,
        reason: text("reason")?,
        amount: MinorUnits::new(row.try_get("amount")?),
        withdrawn: MinorUnits::new(row.try_get("withdrawn")?),
        reinstated: MinorUnits::new(row.try_get("reinstated")?),
        opened_at: Micros(row.try_get("opened_at")?),
        changed_at: Micros(row.try_get("changed_at")?),
        version: row.try_get("version")?,
    })
}
