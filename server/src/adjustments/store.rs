//! The table of this room: adjustment.

use receivables::api::corrections::{AdjustmentKind, AdjustmentState};
use receivables::calendar::Micros;
use receivables::ids::{AccountId, AdjustmentId, BillId};
use receivables::money::MinorUnits;
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Executor, Row};

use crate::audit::{self, NewAct};
use crate::db::{DbError, expect_rows};

const FIND: &str = "
select id, account_id, bill_id, kind, amount, reason, state, proposed_by, proposed_at, decided_by,
  decided_at, reversed_by, reversed_at, idempotency_key, request_hash
from adjustment where id = $1";

const FIND_BY_KEY: &str = "
select id, account_id, bill_id, kind, amount, reason, state, proposed_by, proposed_at, decided_by,
  decided_at, reversed_by, reversed_at, idempotency_key, request_hash
from adjustment where proposed_by = $1 and idempotency_key = $2";

const OF_ACCOUNT: &str = "
select id, account_id, bill_id, kind, amount, reason, state, proposed_by, proposed_at, decided_by,
  decided_at, reversed_by, reversed_at, idempotency_key, request_hash
from adjustment where account_id = $1 and id < $2 order by id desc limit $3";

const INSERT: &str = "
insert into adjustment
  (id, account_id, bill_id, kind, amount, reason, state, proposed_by, proposed_at,
   idempotency_key, request_hash)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

// The state it had is part of the question: a decision is made once.
const CHANGE: &str = "
update adjustment
set state = $2, decided_by = $3, decided_at = $4, reversed_by = $5, reversed_at = $6
where id = $1 and state = $7";

pub(super) const SQL: &[&str] = &[FIND, FIND_BY_KEY, OF_ACCOUNT, INSERT, CHANGE];

/// Who did it, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub by: String,
    pub at: Micros,
}

/// An adjustment as it is kept.
#[derive(Clone, Debug)]
pub struct AdjustmentRecord {
    pub id: AdjustmentId,
    pub account_id: AccountId,
    pub bill_id: Option<BillId>,
    pub kind: AdjustmentKind,
    pub amount: MinorUnits,
    pub reason: String,
    pub state: AdjustmentState,
    pub proposed_by: String,
    pub proposed_at: Micros,
    pub decided: Option<Signature>,
    pub reversed: Option<Signature>,
    pub idempotency_key: String,
    pub request_hash: String,
}

pub async fn find(
    db: impl Executor<'_, Database = Any>,
    id: AdjustmentId,
) -> Result<Option<AdjustmentRecord>, DbError> {
    let query = sqlx::query(FIND).bind(id.to_string());
    query.fetch_optional(db).await?.as_ref().map(record).transpose()
}

pub async fn find_by_key(
    db: impl Executor<'_, Database = Any>,
    proposed_by: &str,
    key: &str,
) -> Result<Option<AdjustmentRecord>, DbError> {
    let query = sqlx::query(FIND_BY_KEY).bind(proposed_by).bind(key);
    query.fetch_optional(db).await?.as_ref().map(record).transpose()
}

/// The adjustments of an account, the newest first, before one of them if told.
pub async fn of_account(
    db: impl Executor<'_, Database = Any>,
    account_id: AccountId,
    before: Option<AdjustmentId>,
    limit: i64,
) -> Result<Vec<AdjustmentRecord>, DbError> {
    // Above every id: a letter after the last digit an id can have.
    let before = before.map_or_else(|| "adj_g".to_owned(), |id| id.to_string());
    let query = sqlx::query(OF_ACCOUNT).bind(account_id.to_string()).bind(before).bind(limit);
    query.fetch_all(db).await?.iter().map(record).collect()
}

pub async fn insert(tx: &mut AnyConnection, new: &AdjustmentRecord) -> Result<(), DbError> {
    let written = sqlx::query(INSERT)
        .bind(new.id.to_string())
        .bind(new.account_id.to_string())
        .bind(new.bill_id.map(|id| id.to_string()))
        .bind(new.kind.code())
        .bind(new.amount.get())
        .bind(&new.reason)
        .bind(new.state.code())
        .bind(&new.proposed_by)
        .bind(new.proposed_at.0)
        .bind(&new.idempotency_key)
        .bind(&new.request_hash)
        .execute(&mut *tx)
        .await?;
    expect_rows(&written, 1, "adjustment")?;
    audit::record(tx, &act(new, "proposed", &new.proposed_by, new.proposed_at)).await
}

/// Who decided what about an adjustment; what it did to the book is an act of its own.
fn act(adjustment: &AdjustmentRecord, what: &str, by: &str, at: Micros) -> NewAct {
    NewAct {
        id: format!("{}_{what}", adjustment.id),
        kind: format!("adjustment_{what}"),
        actor: by.to_owned(),
        about: adjustment.id.to_string(),
        account_id: Some(adjustment.account_id),
        at,
        request: None,
        digest: None,
    }
}

/// Writes a decision on an adjustment that was in the state `from`.
pub async fn change(
    tx: &mut AnyConnection,
    adjustment: &AdjustmentRecord,
    from: AdjustmentState,
) -> Result<(), DbError> {
    let written = sqlx::query(CHANGE)
        .bind(adjustment.id.to_string())
        .bind(adjustment.state.code())
        .bind(adjustment.decided.as_ref().map(|signed| signed.by.as_str()))
        .bind(adjustment.decided.as_ref().map(|signed| signed.at.0))
        .bind(adjustment.reversed.as_ref().map(|signed| signed.by.as_str()))
        .bind(adjustment.reversed.as_ref().map(|signed| signed.at.0))
        .bind(from.code())
        .execute(&mut *tx)
        .await?;
    expect_rows(&written, 1, "adjustment")?;
    let signed = adjustment.reversed.as_ref().or(adjustment.decided.as_ref());
    let Some(Signature { by, at }) = signed else { return Ok(()) };
    let what = match adjustment.state {
        AdjustmentState::Posted => "approved",
        state => state.code(),
    };
    audit::record(tx, &act(adjustment, what, by, *at)).await
}

fn signature(
    row: &AnyRow,
    by: &'static str,
    at: &'static str,
) -> Result<Option<Signature>, DbError> {
    let signed: (Option<String>, Option<i64>) = (row.try_get(by)?, row.try_get(at)?);
    Ok(match signed {
        (Some(by), Some(at)) => Some(Signature { by, at: Micros(at) }),
        _ => None,
    })
}

fn record(row: &AnyRow) -> Result<AdjustmentRecord, DbError> {
    let id: String = row.try_get("id")?;
    let wrong = |column| DbError::inconsistent("adjustment", column, &id);
    let text = |column| row.try_get::<String, _>(column);
    let bill_id: Option<String> = row.try_get("bill_id")?;
    let bill_id = bill_id.map(|id| BillId::parse(&id)).transpose();
    Ok(AdjustmentRecord {
        id: AdjustmentId::parse(&id).map_err(|_| wrong("id"))?,
        account_id: AccountId::parse(&text("account_id")?).map_err(|_| wrong("account_id"))?,
        bill_id: bill_id.map_err(|_| wrong("bill_id"))?,
        kind: AdjustmentKind::parse(&text("kind")?).ok_or_else(|| wrong("kind"))?,
        amount: MinorUnits::new(row.try_get("amount")?),
        reason: text("reason")?,
        state: AdjustmentState::parse(&text("state")?).ok_or_else(|| wrong("state"))?,
        proposed_by: text("proposed_by")?,
        proposed_at: Micros(row.try_get("proposed_at")?),
        decided: signature(row, "decided_by", "decided_at")?,
        reversed: signature(row, "reversed_by", "reversed_at")?,
        idempotency_key: text("idempotency_key")?,
        request_hash: text("request_hash")?,
    })
}
