//! The sandbox's tables: objects and events as documents, in the order they were made.

use receivables::calendar::Micros;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::disputes::SandboxDispute;
use super::intents::{SandboxCharge, SandboxIntent, SandboxRefund};
use crate::db::{DbError, expect_rows};

/// Every text, so that a test can prepare each on both engines.
pub const SQL: &[&str] = &[
    NEXT_SEQUENCE,
    PUT_OBJECT,
    LOAD_OBJECT,
    LIST_OBJECTS_BACKWARDS,
    LIST_OBJECTS_FORWARDS,
    OBJECT_SEQUENCE,
    SETTLING,
    PUT_EVENT,
    LOAD_EVENT,
    LIST_EVENTS_BACKWARDS,
    LIST_EVENTS_FORWARDS,
    EVENT_SEQUENCE,
    CLAIM_EVENTS,
    EVENT_DELIVERED,
    EVENT_FAILED,
    FIND_ANSWER,
    KEEP_ANSWER,
    FORGET_ANSWERS,
];

/// The first write of every change. It locks, so that changes come one after another on both
/// engines, and what is read after it cannot be changed by another.
const NEXT_SEQUENCE: &str =
    "update sandbox_counter set value = value + 1 where name = 'sequence' returning value";
const PUT_OBJECT: &str = "insert into sandbox_object \
     (id, kind, intent_id, sequence, created_seconds, settles_at, document) \
     values ($1, $2, $3, $4, $5, $6, $7) \
     on conflict (id) do update set settles_at = excluded.settles_at, \
     document = excluded.document";
const LOAD_OBJECT: &str = "select document from sandbox_object where id = $1 and kind = $2";
const LIST_OBJECTS_BACKWARDS: &str = "select document from sandbox_object \
     where kind = $1 and ($2 = '' or intent_id = $2) and sequence > $3 and sequence < $4 \
     and created_seconds >= $5 and created_seconds <= $6 order by sequence desc limit $7";
const LIST_OBJECTS_FORWARDS: &str = "select document from sandbox_object \
     where kind = $1 and ($2 = '' or intent_id = $2) and sequence > $3 and sequence < $4 \
     and created_seconds >= $5 and created_seconds <= $6 order by sequence limit $7";
const OBJECT_SEQUENCE: &str = "select sequence from sandbox_object where id = $1 and kind = $2";
const SETTLING: &str = "select id, kind from sandbox_object \
     where settles_at is not null and settles_at <= $1 order by sequence limit 100";

const PUT_EVENT: &str = "insert into sandbox_event \
     (id, kind, sequence, created_seconds, document, deliveries_left, next_try_at, tries) \
     values ($1, $2, $3, $4, $5, $6, $7, 0)";
const LOAD_EVENT: &str = "select document, deliveries_left from sandbox_event where id = $1";
/// `$1` holds the wanted kinds between commas, or nothing for all; `$6` is 0 for all events, 1
/// for delivered ones, 2 for those that are not.
const LIST_EVENTS_BACKWARDS: &str = "select document, deliveries_left from sandbox_event \
     where ($1 = '' or $1 like '%,' || kind || ',%') and sequence > $2 and sequence < $3 \
     and created_seconds >= $4 and created_seconds <= $5 \
     and ($6 = 0 or ($6 = 1 and deliveries_left = 0) or ($6 = 2 and deliveries_left > 0)) \
     order by sequence desc limit $7";
const LIST_EVENTS_FORWARDS: &str = "select document, deliveries_left from sandbox_event \
     where ($1 = '' or $1 like '%,' || kind || ',%') and sequence > $2 and sequence < $3 \
     and created_seconds >= $4 and created_seconds <= $5 \
     and ($6 = 0 or ($6 = 1 and deliveries_left = 0) or ($6 = 2 and deliveries_left > 0)) \
     order by sequence limit $7";
const EVENT_SEQUENCE: &str = "select sequence from sandbox_event where id = $1";
/// The outer condition makes a second claimer's re-check find nothing.
const CLAIM_EVENTS: &str = "update sandbox_event set next_try_at = $2, tries = tries + 1 \
     where next_try_at <= $1 and id in (select id from sandbox_event \
     where next_try_at <= $1 order by next_try_at, sequence limit 50) \
     returning id, sequence, tries, document";
const EVENT_DELIVERED: &str = "update sandbox_event set deliveries_left = deliveries_left - 1, \
     tries = 0, next_try_at = case when deliveries_left > 1 then cast($2 as bigint) end \
     where id = $1 and deliveries_left > 0";
const EVENT_FAILED: &str = "update sandbox_event set next_try_at = $2 where id = $1";

const FIND_ANSWER: &str = "select fingerprint, status, body from sandbox_answer \
     where idempotency_key = $1 and answered_at > $2";
const KEEP_ANSWER: &str = "insert into sandbox_answer \
     (idempotency_key, fingerprint, status, body, answered_at) values ($1, $2, $3, $4, $5) \
     on conflict (idempotency_key) do update set fingerprint = excluded.fingerprint, \
     status = excluded.status, body = excluded.body, answered_at = excluded.answered_at";
const FORGET_ANSWERS: &str = "delete from sandbox_answer where answered_at <= $1";

/// An object the sandbox keeps.
pub(super) trait Kept: Serialize + DeserializeOwned {
    const KIND: &'static str;
    fn id(&self) -> &str;
    fn intent_id(&self) -> &str;
    fn created(&self) -> i64;
    fn settles_at(&self) -> Option<i64> {
        None
    }
}

impl Kept for SandboxIntent {
    const KIND: &'static str = "intent";
    fn id(&self) -> &str {
        &self.id
    }
    fn intent_id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> i64 {
        self.created
    }
    fn settles_at(&self) -> Option<i64> {
        self.settles_at
    }
}

impl Kept for SandboxCharge {
    const KIND: &'static str = "charge";
    fn id(&self) -> &str {
        &self.id
    }
    fn intent_id(&self) -> &str {
        &self.intent_id
    }
    fn created(&self) -> i64 {
        self.created
    }
}

impl Kept for SandboxRefund {
    const KIND: &'static str = "refund";
    fn id(&self) -> &str {
        &self.id
    }
    fn intent_id(&self) -> &str {
        &self.intent_id
    }
    fn created(&self) -> i64 {
        self.created
    }
    fn settles_at(&self) -> Option<i64> {
        self.settles_at
    }
}

impl Kept for SandboxDispute {
    const KIND: &'static str = "dispute";
    fn id(&self) -> &str {
        &self.id
    }
    fn intent_id(&self) -> &str {
        &self.intent_id
    }
    fn created(&self) -> i64 {
        self.created
    }
}

pub(super) async fn next_sequence(tx: &mut AnyConnection) -> Result<i64, DbError> {
    let row = sqlx::query(NEXT_SEQUENCE).fetch_one(tx).await?;
    Ok(row.try_get(0)?)
}

pub(super) async fn put<K: Kept>(tx: &mut AnyConnection, object: &K) -> Result<(), DbError> {
    let sequence = next_sequence(tx).await?;
    let document = serde_json::to_string(object)
        .map_err(|_| DbError::inconsistent("sandbox_object", "document", object.id()))?;
    let written = sqlx::query(PUT_OBJECT)
        .bind(object.id().to_owned())
        .bind(K::KIND)
        .bind(object.intent_id().to_owned())
        .bind(sequence)
        .bind(object.created())
        .bind(object.settles_at())
        .bind(document)
        .execute(tx)
        .await?;
    expect_rows(&written, 1, "sandbox object")
}

pub(super) async fn load<K: Kept>(
    connection: &mut AnyConnection,
    id: &str,
) -> Result<Option<K>, DbError> {
    let row = sqlx::query(LOAD_OBJECT)
        .bind(id.to_owned())
        .bind(K::KIND)
        .fetch_optional(connection)
        .await?;
    row.map(|row| read_document(&row)).transpose()
}

fn read_document<K: Kept>(row: &AnyRow) -> Result<K, DbError> {
    let document: String = row.try_get(0)?;
    serde_json::from_str(&document)
        .map_err(|_| DbError::inconsistent("sandbox_object", "document", K::KIND))
}

/// Which part of a list is wanted. Sequences and seconds are bounds on both sides.
pub(super) struct Span {
    pub after_sequence: i64,
    pub before_sequence: i64,
    pub from_seconds: i64,
    pub to_seconds: i64,
    pub limit: i64,
    pub walk: Walk,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    Backwards,
    Forwards,
}

pub(super) async fn list<K: Kept>(
    connection: &mut AnyConnection,
    intent_id: &str,
    span: &Span,
) -> Result<Vec<K>, DbError> {
    let text = match span.walk {
        Walk::Backwards => LIST_OBJECTS_BACKWARDS,
        Walk::Forwards => LIST_OBJECTS_FORWARDS,
    };
    let rows = sqlx::query(text)
        .bind(K::KIND)
        .bind(intent_id.to_owned())
        .bind(span.after_sequence)
        .bind(span.before_sequence)
        .bind(span.from_seconds)
        .bind(span.to_seconds)
        .bind(span.limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(read_document).collect()
}

/// The place of an object or an event in its list.
pub(super) async fn sequence_of(
    connection: &mut AnyConnection,
    kind: &'static str,
    id: &str,
) -> Result<Option<i64>, DbError> {
    let query = match kind {
        "event" => sqlx::query(EVENT_SEQUENCE).bind(id.to_owned()),
        kind => sqlx::query(OBJECT_SEQUENCE).bind(id.to_owned()).bind(kind),
    };
    Ok(query.fetch_optional(connection).await?.map(|row| row.try_get(0)).transpose()?)
}

/// Something under way that time brings to its end.
pub(super) struct Settling {
    pub id: String,
    pub is_refund: bool,
}

pub(super) async fn settling(
    connection: &mut AnyConnection,
    until_seconds: i64,
) -> Result<Vec<Settling>, DbError> {
    let rows = sqlx::query(SETTLING).bind(until_seconds).fetch_all(connection).await?;
    let settling = rows.iter().map(|row| {
        let kind: String = row.try_get(1)?;
        Ok(Settling { id: row.try_get(0)?, is_refund: kind == SandboxRefund::KIND })
    });
    settling.collect()
}

pub(super) struct NewEvent {
    pub id: String,
    pub kind: &'static str,
    pub created: i64,
    pub document: Value,
    pub deliveries: i64,
    pub first_try_at: Option<Micros>,
}

pub(super) async fn put_event(tx: &mut AnyConnection, event: NewEvent) -> Result<(), DbError> {
    let sequence = next_sequence(tx).await?;
    let written = sqlx::query(PUT_EVENT)
        .bind(event.id)
        .bind(event.kind)
        .bind(sequence)
        .bind(event.created)
        .bind(event.document.to_string())
        .bind(event.deliveries)
        .bind(event.first_try_at.map(|at| at.0))
        .execute(tx)
        .await?;
    expect_rows(&written, 1, "sandbox event")
}

pub(super) async fn load_event(
    connection: &mut AnyConnection,
    id: &str,
) -> Result<Option<Value>, DbError> {
    let row = sqlx::query(LOAD_EVENT).bind(id.to_owned()).fetch_optional(connection).await?;
    row.as_ref().map(read_event).transpose()
}

pub(super) async fn list_events(
    connection: &mut AnyConnection,
    kinds: &str,
    delivered: i64,
    span: &Span,
) -> Result<Vec<Value>, DbError> {
    let text = match span.walk {
        Walk::Backwards => LIST_EVENTS_BACKWARDS,
        Walk::Forwards => LIST_EVENTS_FORWARDS,
    };
    let rows = sqlx::query(text)
        .bind(kinds.to_owned())
        .bind(span.after_sequence)
        .bind(span.before_sequence)
        .bind(span.from_seconds)
        .bind(span.to_seconds)
        .bind(delivered)
        .bind(span.limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(read_event).collect()
}

fn read_event(row: &AnyRow) -> Result<Value, DbError> {
    let document: String = row.try_get(0)?;
    let left: i64 = row.try_get(1)?;
    let mut event: Value = serde_json::from_str(&document)
        .map_err(|_| DbError::inconsistent("sandbox_event", "document", ""))?;
    if let Some(pending) = event.get_mut("pending_webhooks") {
        *pending = i64::from(left > 0).into();
    }
    Ok(event)
}

/// An event to be delivered now.
pub(super) struct Claimed {
    pub id: String,
    pub sequence: i64,
    pub tries: i64,
    pub body: String,
}

pub(super) async fn claim_events(
    tx: &mut AnyConnection,
    now: Micros,
    lease_until: Micros,
) -> Result<Vec<Claimed>, DbError> {
    let rows = sqlx::query(CLAIM_EVENTS).bind(now.0).bind(lease_until.0).fetch_all(tx).await?;
    let mut claimed = Vec::with_capacity(rows.len());
    for row in rows {
        let (id, sequence) = (row.try_get(0)?, row.try_get(1)?);
        claimed.push(Claimed { id, sequence, tries: row.try_get(2)?, body: row.try_get(3)? });
    }
    // Rows come back in any order.
    claimed.sort_by_key(|event| event.sequence);
    Ok(claimed)
}

pub(super) async fn event_delivered(
    tx: &mut AnyConnection,
    id: &str,
    again_at: Micros,
) -> Result<(), DbError> {
    sqlx::query(EVENT_DELIVERED).bind(id.to_owned()).bind(again_at.0).execute(tx).await?;
    Ok(())
}

pub(super) async fn event_failed(
    tx: &mut AnyConnection,
    id: &str,
    again_at: Option<Micros>,
) -> Result<(), DbError> {
    let again_at = again_at.map(|at| at.0);
    sqlx::query(EVENT_FAILED).bind(id.to_owned()).bind(again_at).execute(tx).await?;
    Ok(())
}

pub(super) struct KeptAnswer {
    pub fingerprint: String,
    pub status: i64,
    pub body: String,
}

pub(super) async fn find_answer(
    tx: &mut AnyConnection,
    key: &str,
    kept_since: Micros,
) -> Result<Option<KeptAnswer>, DbError> {
    let row =
        sqlx::query(FIND_ANSWER).bind(key.to_owned()).bind(kept_since.0).fetch_optional(tx).await?;
    let Some(row) = row else { return Ok(None) };
    let (fingerprint, status) = (row.try_get(0)?, row.try_get(1)?);
    Ok(Some(KeptAnswer { fingerprint, status, body: row.try_get(2)? }))
}

pub(super) async fn keep_answer(
    tx: &mut AnyConnection,
    key: &str,
    answer: &KeptAnswer,
    now: Micros,
) -> Result<(), DbError> {
    let written = sqlx::query(KEEP_ANSWER)
        .bind(key.to_owned())
        .bind(answer.fingerprint.clone())
        .bind(answer.status)
        .bind(answer.body.clone())
        .bind(now.0)
        .execute(tx)
        .await?;
    expect_rows(&written, 1, "sandbox answer")
}

pub(super) async fn forget_answers(
    tx: &mut AnyConnection,
    kept_until: Micros,
) -> Result<(), DbError> {
    sqlx::query(FORGET_ANSWERS).bind(kept_until.0).execute(tx).await?;
    Ok(())
}
