//! Sessions in our own table: a hash, an idle and an absolute end. Nothing in the browser is
//! believed but the token.

use axum::http::HeaderMap;
use receivables::calendar::Micros;
use receivables::ids::CustomerId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::cookie;
use super::token::Token;
use crate::config::SignInSettings;
use crate::db::{Command, Database, DbError, expect_rows};

const MINUTE: i64 = 60 * 1_000_000;

const FIND: &str = "
select customer_id, last_seen_at, idle_until, absolute_until
from session
where token_hash = $1 and ended_at is null and idle_until > $2 and absolute_until > $2";

const OPEN: &str = "
insert into session
  (token_hash, customer_id, created_at, last_seen_at, idle_until, absolute_until)
values ($1, $2, $3, $3, $4, $5)";

// The comparison keeps a late request from shortening what a later one has lengthened.
const TOUCH: &str = "
update session set last_seen_at = $2, idle_until = $3
where token_hash = $1 and ended_at is null and last_seen_at < $2";

const END: &str = "update session set ended_at = $2 where token_hash = $1 and ended_at is null";

pub(super) const SQL: &[&str] = &[FIND, OPEN, TOUCH, END];

/// A session that is open now.
#[derive(Clone, Debug)]
pub struct Session {
    pub token_hash: String,
    pub customer_id: CustomerId,
    pub last_seen_at: Micros,
    pub idle_until: Micros,
    pub absolute_until: Micros,
}

impl Session {
    /// How long it goes on after its last use.
    pub const fn idle_seconds(&self) -> i64 {
        self.idle_until.0.saturating_sub(self.last_seen_at.0) / 1_000_000
    }
}

/// How long sessions live.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    pub idle: i64,
    pub absolute: i64,
}

impl Lifetimes {
    pub const fn of(settings: &SignInSettings) -> Self {
        Self {
            idle: settings.idle_minutes.saturating_mul(MINUTE),
            absolute: settings.absolute_minutes.saturating_mul(MINUTE),
        }
    }

    fn idle_until(self, now: Micros, absolute_until: Micros) -> Micros {
        Micros(now.0.saturating_add(self.idle).min(absolute_until.0))
    }
}

pub async fn find(db: &Database, key: SessionKey, now: Micros) -> Result<Option<Session>, DbError> {
    let row = sqlx::query(FIND).bind(&key.0).bind(now.0).fetch_optional(db.read()).await?;
    row.map(|row| key.session_of(&row)).transpose()
}

/// By which an open session is found, also beside other things of the same question.
pub struct SessionKey(String);

impl SessionKey {
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        cookie::read(headers, cookie::SESSION).map(|token| Self(token.hash()))
    }

    pub fn hash(&self) -> &str {
        &self.0
    }

    /// The session in a row that was found by this key.
    pub fn session_of(self, row: &AnyRow) -> Result<Session, DbError> {
        let customer_id = CustomerId::parse(row.try_get("customer_id")?)
            .map_err(|_| DbError::inconsistent("session", "customer_id", "of a session"))?;
        Ok(Session {
            token_hash: self.0,
            customer_id,
            last_seen_at: Micros(row.try_get("last_seen_at")?),
            idle_until: Micros(row.try_get("idle_until")?),
            absolute_until: Micros(row.try_get("absolute_until")?),
        })
    }
}

/// Opens a session inside the command that used up a code.
pub async fn open(
    tx: &mut AnyConnection,
    token: &Token,
    customer_id: CustomerId,
    lifetimes: Lifetimes,
    now: Micros,
) -> Result<Session, DbError> {
    let absolute_until = Micros(now.0.saturating_add(lifetimes.absolute));
    let session = Session {
        token_hash: token.hash(),
        customer_id,
        last_seen_at: now,
        idle_until: lifetimes.idle_until(now, absolute_until),
        absolute_until,
    };
    let written = sqlx::query(OPEN)
        .bind(&session.token_hash)
        .bind(customer_id.to_string())
        .bind(now.0)
        .bind(session.idle_until.0)
        .bind(absolute_until.0)
        .execute(&mut *tx)
        .await?;
    expect_rows(&written, 1, "session")?;
    Ok(session)
}

/// Notes that the session is in use, at most once a minute: a write for every request would
/// make reading as dear as paying. Answers the session as it is then.
pub async fn touch(
    db: &Database,
    session: Session,
    lifetimes: Lifetimes,
    now: Micros,
) -> Result<Session, DbError> {
    if now.0.saturating_sub(session.last_seen_at.0) < MINUTE {
        return Ok(session);
    }
    let idle_until = lifetimes.idle_until(now, session.absolute_until);
    let touched = Session { last_seen_at: now, idle_until, ..session };
    db.write(Touch(touched.clone())).await?;
    Ok(touched)
}

struct Touch(Session);

impl Command for Touch {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        let Self(session) = self;
        // No row when another request was quicker or the session has just ended: both are right.
        sqlx::query(TOUCH)
            .bind(&session.token_hash)
            .bind(session.last_seen_at.0)
            .bind(session.idle_until.0)
            .execute(&mut *tx)
            .await?;
        Ok(())
    }
}

/// Ends a session; nothing happens when it has ended before.
pub struct End {
    pub token_hash: String,
    pub now: Micros,
}

impl Command for End {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        end(tx, &self.token_hash, self.now).await
    }
}

pub async fn end(tx: &mut AnyConnection, token_hash: &str, now: Micros) -> Result<(), DbError> {
    sqlx::query(END).bind(token_hash).bind(now.0).execute(&mut *tx).await?;
    Ok(())
}
