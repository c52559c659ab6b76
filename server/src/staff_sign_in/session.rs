//! The sessions of staff: a hash, an idle and an absolute end, the roles of the sign-in. A member
//! who has ended has none, whatever the table says.

use axum::http::HeaderMap;
use receivables::calendar::Micros;
use receivables::ids::MemberId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::cookie;
use super::member::member_id;
use super::settings::StaffSignInSettings;
use crate::audit::{self, NewAct};
use crate::db::{Command, DbError, expect_rows};
use crate::problem::request_name;
use crate::sign_in::{StaffRoles, Token, read_cookie};
use crate::state::Portal;

const MINUTE: i64 = 60_000_000;

const FIND: &str = "
select s.member_id, s.roles, s.created_at, s.last_seen_at, s.idle_until, s.absolute_until, m.name
from staff_session s
join staff_member m on m.id = s.member_id and m.ended_at is null
where s.token_hash = $1 and s.ended_at is null and s.idle_until > $2 and s.absolute_until > $2";

const OPEN: &str = "
insert into staff_session
  (token_hash, member_id, roles, created_at, last_seen_at, idle_until, absolute_until)
values ($1, $2, $3, $4, $4, $5, $6)";

// The comparison keeps a late request from shortening what a later one has lengthened.
const TOUCH: &str = "
update staff_session set last_seen_at = $2, idle_until = $3
where token_hash = $1 and ended_at is null and last_seen_at < $2";

const WHOSE: &str = "
select member_id from staff_session where token_hash = $1 and ended_at is null";

const END: &str = "
update staff_session set ended_at = $2 where token_hash = $1 and ended_at is null";

pub(super) const SQL: &[&str] = &[FIND, OPEN, TOUCH, WHOSE, END];

/// A session that is open now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffSession {
    pub token_hash: String,
    pub member_id: MemberId,
    /// To show, never to find anybody by.
    pub name: String,
    pub roles: StaffRoles,
    /// When they proved who they are.
    pub signed_in_at: Micros,
    pub last_seen_at: Micros,
    pub idle_until: Micros,
    pub absolute_until: Micros,
}

/// The open session that a request's cookie names, noted as in use.
pub async fn open_session(
    headers: &HeaderMap,
    portal: &Portal,
) -> Result<Option<StaffSession>, DbError> {
    let Some(token) = read_cookie(headers, cookie::SESSION) else { return Ok(None) };
    let (hash, now) = (token.hash(), portal.now());
    let query = sqlx::query(FIND).bind(&hash).bind(now.0);
    let Some(row) = query.fetch_optional(portal.db.read()).await? else { return Ok(None) };
    note_use(portal, read(hash, &row)?, now).await.map(Some)
}

fn read(token_hash: String, row: &AnyRow) -> Result<StaffSession, DbError> {
    let roles: String = row.try_get("roles")?;
    let roles = StaffRoles::parse(&roles)
        .ok_or_else(|| DbError::inconsistent("staff_session", "roles", &roles))?;
    Ok(StaffSession {
        token_hash,
        member_id: member_id(row.try_get("member_id")?)?,
        name: row.try_get("name")?,
        roles,
        signed_in_at: Micros(row.try_get("created_at")?),
        last_seen_at: Micros(row.try_get("last_seen_at")?),
        idle_until: Micros(row.try_get("idle_until")?),
        absolute_until: Micros(row.try_get("absolute_until")?),
    })
}

/// At most once a minute: a write for every request would make looking as dear as acting.
async fn note_use(
    portal: &Portal,
    session: StaffSession,
    now: Micros,
) -> Result<StaffSession, DbError> {
    if now.0.saturating_sub(session.last_seen_at.0) < MINUTE {
        return Ok(session);
    }
    let idle_until = Lifetimes::of(portal).idle_until(now, session.absolute_until);
    let touched = StaffSession { last_seen_at: now, idle_until, ..session.clone() };
    match portal.db.write(Touch(touched.clone())).await {
        Ok(()) => Ok(touched),
        // Reading goes on while the database takes no writes.
        Err(error) if error.is_busy() => Ok(session),
        Err(error) => Err(error),
    }
}

/// How long sessions live.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    idle: i64,
    absolute: i64,
}

impl Lifetimes {
    pub fn of(portal: &Portal) -> Self {
        let StaffSignInSettings { idle_minutes, absolute_minutes, .. } =
            &portal.settings.staff_sign_in;
        Self {
            idle: idle_minutes.saturating_mul(MINUTE),
            absolute: absolute_minutes.saturating_mul(MINUTE),
        }
    }

    fn idle_until(self, now: Micros, absolute_until: Micros) -> Micros {
        Micros(now.0.saturating_add(self.idle).min(absolute_until.0))
    }
}

/// A session to open, inside the command that admits its member.
#[derive(Clone)]
pub struct Opening {
    pub token: Token,
    pub roles: StaffRoles,
    pub lifetimes: Lifetimes,
    /// An end that is earlier than the usual one.
    pub not_after: Option<Micros>,
    pub request: Option<String>,
    pub now: Micros,
}

pub async fn open(
    tx: &mut AnyConnection,
    opening: &Opening,
    member_id: MemberId,
) -> Result<(), DbError> {
    let Opening { token, roles, lifetimes, not_after, request, now } = opening;
    let usual = Micros(now.0.saturating_add(lifetimes.absolute));
    let absolute_until = not_after.map_or(usual, |end| end.min(usual));
    let written = sqlx::query(OPEN)
        .bind(token.hash())
        .bind(member_id.to_string())
        .bind(roles.to_string())
        .bind(now.0)
        .bind(lifetimes.idle_until(*now, absolute_until).0)
        .bind(absolute_until.0)
        .execute(&mut *tx)
        .await?;
    expect_rows(&written, 1, "staff_session")?;
    let act = Act { what: "staff_signed_in", token_hash: &token.hash(), member_id };
    act.record(tx, request.clone(), *now).await
}

struct Act<'a> {
    what: &'static str,
    token_hash: &'a str,
    member_id: MemberId,
}

impl Act<'_> {
    async fn record(
        self,
        tx: &mut AnyConnection,
        request: Option<String>,
        now: Micros,
    ) -> Result<(), DbError> {
        // The session is named by the start of its hash: enough to tell one from another, and
        // nothing that finds its row.
        let session = self.token_hash.get(..16).unwrap_or_default();
        let act = NewAct {
            id: format!("{}/{}/{session}", self.member_id, self.what),
            kind: self.what.to_owned(),
            actor: self.member_id.to_string(),
            about: self.member_id.to_string(),
            account_id: None,
            at: now,
            request,
            digest: None,
        };
        audit::record(tx, &act).await
    }
}

/// Ends a session inside a command; nothing happens when it has ended before.
pub async fn end(
    tx: &mut AnyConnection,
    token: &Token,
    request: Option<String>,
    now: Micros,
) -> Result<(), DbError> {
    let hash = token.hash();
    let Some(row) = sqlx::query(WHOSE).bind(&hash).fetch_optional(&mut *tx).await? else {
        return Ok(());
    };
    let member_id = member_id(row.try_get("member_id")?)?;
    let ended = sqlx::query(END).bind(&hash).bind(now.0).execute(&mut *tx).await?;
    if ended.rows_affected() == 0 {
        // Another request was quicker.
        return Ok(());
    }
    let act = Act { what: "staff_signed_out", token_hash: &hash, member_id };
    act.record(tx, request, now).await
}

/// Signs out.
pub async fn sign_out(portal: &Portal, token: Token) -> Result<(), DbError> {
    portal.db.write(SignOut { token, request: request_name(), now: portal.now() }).await
}

struct SignOut {
    token: Token,
    request: Option<String>,
    now: Micros,
}

impl Command for SignOut {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        end(tx, &self.token, self.request.clone(), self.now).await
    }
}

struct Touch(StaffSession);

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
