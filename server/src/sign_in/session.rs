//! Sessions in our own table: a hash, an idle and an absolute end. Nothing in the browser is
//! believed but the token.

use axum::http::HeaderMap;
use receivables::api::sign_in::SignInMethod;
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
select customer_id, created_at, last_seen_at, idle_until, absolute_until, method, remembered
from session
where token_hash = $1 and ended_at is null and idle_until > $2 and absolute_until > $2";

const OPEN: &str = "
insert into session
  (token_hash, customer_id, created_at, last_seen_at, idle_until, absolute_until, method,
   remembered, device)
values ($1, $2, $3, $3, $4, $5, $6, $7, $8)";

// The comparison keeps a late request from shortening what a later one has lengthened.
const TOUCH: &str = "
update session set last_seen_at = $2, idle_until = $3
where token_hash = $1 and ended_at is null and last_seen_at < $2";

const END: &str = "
update session set ended_at = $2 where token_hash = $1 and ended_at is null
returning customer_id, remembered, absolute_until";

pub(super) const SQL: &[&str] = &[FIND, OPEN, TOUCH, END];

/// A session that is open now.
#[derive(Clone, Debug)]
pub struct Session {
    pub token_hash: String,
    pub customer_id: CustomerId,
    /// When its customer proved who they are: every proof begins a session.
    pub created_at: Micros,
    pub last_seen_at: Micros,
    pub idle_until: Micros,
    pub absolute_until: Micros,
    pub method: SignInMethod,
    /// It stays when the browser is closed, on a device that its customer trusts.
    pub remembered: bool,
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
    idle: i64,
    absolute: i64,
    remembered: i64,
}

impl Lifetimes {
    pub const fn of(settings: &SignInSettings) -> Self {
        Self {
            idle: settings.idle_minutes.saturating_mul(MINUTE),
            absolute: settings.absolute_minutes.saturating_mul(MINUTE),
            remembered: settings.remembered_days.saturating_mul(24 * 60 * MINUTE),
        }
    }

    fn absolute_until(self, now: Micros, remembered: bool) -> Micros {
        let life = if remembered { self.remembered } else { self.absolute };
        Micros(now.0.saturating_add(life))
    }

    /// A remembered device may lie in a drawer for as long as it is remembered.
    fn idle_until(self, now: Micros, absolute_until: Micros, remembered: bool) -> Micros {
        let idle = if remembered { self.remembered } else { self.idle };
        Micros(now.0.saturating_add(idle).min(absolute_until.0))
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
        let wrong = |column| DbError::inconsistent("session", column, "of a session");
        let remembered: i64 = row.try_get("remembered")?;
        Ok(Session {
            token_hash: self.0,
            customer_id: CustomerId::parse(row.try_get("customer_id")?)
                .map_err(|_| wrong("customer_id"))?,
            created_at: Micros(row.try_get("created_at")?),
            last_seen_at: Micros(row.try_get("last_seen_at")?),
            idle_until: Micros(row.try_get("idle_until")?),
            absolute_until: Micros(row.try_get("absolute_until")?),
            method: SignInMethod::parse(row.try_get("method")?).ok_or_else(|| wrong("method"))?,
            remembered: remembered == 1,
        })
    }
}

/// How the session will be that a proof opens, if it is right: drawn before it is looked at, so
/// that a repeated command opens the same.
#[derive(Clone)]
pub struct Opening {
    pub token: Token,
    /// The hash of a session's token that the new one replaces.
    pub before: Option<String>,
    pub method: SignInMethod,
    pub remembered: bool,
    pub device: String,
    pub lifetimes: Lifetimes,
}

/// Whose session, and when.
#[derive(Clone, Copy, Debug)]
pub struct NewSession {
    pub customer_id: CustomerId,
    pub now: Micros,
}

impl Opening {
    /// Opens the session inside the command that used up the proof.
    pub async fn open(&self, tx: &mut AnyConnection, new: NewSession) -> Result<Session, DbError> {
        let NewSession { customer_id, now } = new;
        // Who proves again who they are has not asked to be forgotten.
        let stays = match &self.before {
            Some(before) => end(&mut *tx, before, now).await? == Some((customer_id, true)),
            None => false,
        };
        let (remembered, lifetimes) = (self.remembered || stays, self.lifetimes);
        let absolute_until = lifetimes.absolute_until(now, remembered);
        let session = Session {
            token_hash: self.token.hash(),
            customer_id,
            created_at: now,
            last_seen_at: now,
            idle_until: lifetimes.idle_until(now, absolute_until, remembered),
            absolute_until,
            method: self.method,
            remembered,
        };
        let written = sqlx::query(OPEN)
            .bind(&session.token_hash)
            .bind(customer_id.to_string())
            .bind(now.0)
            .bind(session.idle_until.0)
            .bind(absolute_until.0)
            .bind(self.method.code())
            .bind(i64::from(remembered))
            .bind(&self.device)
            .execute(&mut *tx)
            .await?;
        expect_rows(&written, 1, "session")?;
        Ok(session)
    }
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
    let idle_until = lifetimes.idle_until(now, session.absolute_until, session.remembered);
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
        end(tx, &self.token_hash, self.now).await.map(drop)
    }
}

/// Whose it was, and whether their device was remembered still; none if it had ended already.
pub async fn end(
    tx: &mut AnyConnection,
    token_hash: &str,
    now: Micros,
) -> Result<Option<(CustomerId, bool)>, DbError> {
    let query = sqlx::query(END).bind(token_hash).bind(now.0);
    let Some(row) = query.fetch_optional(&mut *tx).await? else { return Ok(None) };
    let id: String = row.try_get("customer_id")?;
    let customer_id =
        CustomerId::parse(&id).map_err(|_| DbError::inconsistent("session", "customer_id", &id))?;
    let (remembered, until): (i64, i64) =
        (row.try_get("remembered")?, row.try_get("absolute_until")?);
    Ok(Some((customer_id, remembered == 1 && now.0 < until)))
}
