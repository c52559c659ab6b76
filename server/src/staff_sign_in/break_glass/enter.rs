//! Coming in through the broken glass: five wrong tries in a quarter of an hour for a name, one
//! at a time for all, and the same words whatever was wrong.

use receivables::api::roles::StaffRole;
use receivables::calendar::Micros;
use receivables::ids::{MemberId, WorkItemId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use tokio::sync::Mutex;

use super::ISSUER;
use super::letter::Notice;
use super::secrets::{Sealed, draw_password, open, seal};
use super::totp::Seed;
use crate::db::{Command, DbError};
use crate::problem::request_name;
use crate::sign_in::{StaffRoles, Token};
use crate::staff_sign_in::member::{self, Known};
use crate::staff_sign_in::session::{self, Lifetimes, Opening};
use crate::staff_sign_in::verify::Proven;
use crate::state::Portal;
use crate::work_list::{self, Matter, NewWorkItem, Thing, WorkKind};

const MOST_WRONG_TRIES: i64 = 5;
const WITHIN_MINUTES: i64 = 15;
/// What is longer is no password of ours, and not worth hashing.
const LONGEST_PASSWORD: usize = 128;

/// One hash at a time, whoever asks.
static TURN: Mutex<()> = Mutex::const_new(());

const IS_BROKEN: &str = "select count(*) from break_glass where expires_at > $1";

/// Counts the try before it is judged: many at once are still five.
const TRY: &str = "
update break_glass set
  wrong_tries = case when wrong_since > $3 then wrong_tries + 1 else 1 end,
  wrong_since = case when wrong_since > $3 then wrong_since else $2 end
where name = $1 and expires_at > $2 and (wrong_since <= $3 or wrong_tries < $4)";

const FIND: &str = "
select password_hash, seed_salt, seed_sealed, last_step from break_glass
where name = $1 and expires_at > $2";

const USE: &str = "
update break_glass set last_step = $2, wrong_tries = 0, wrong_since = 0
where name = $1 and last_step < $2 and expires_at > $3 and password_hash = $4";

const EXPIRES: &str = "select expires_at from break_glass where name = $1";

pub(super) const SQL: &[&str] = &[IS_BROKEN, TRY, FIND, USE, EXPIRES];

/// What was typed.
pub struct Typed {
    pub name: String,
    pub password: String,
    pub code: String,
    pub before: Option<Token>,
}

/// Is there anybody at all for whom the glass is broken now?
pub async fn is_broken(portal: &Portal) -> Result<bool, DbError> {
    let query = sqlx::query(IS_BROKEN).bind(portal.now().0);
    let live: i64 = query.fetch_one(portal.db.read()).await?.try_get(0)?;
    Ok(live > 0)
}

/// The new session's token; none whatever was wrong.
pub async fn enter(portal: &Portal, typed: Typed) -> Result<Option<Token>, DbError> {
    // A hash takes memory and time: whoever comes meanwhile waits for their turn.
    let _turn = TURN.lock().await;
    let now = portal.now();
    let found = portal.db.write(Try { name: typed.name.clone(), now }).await?;
    let Typed { name, password, code, before } = typed;
    let is_short = password.len() <= LONGEST_PASSWORD;
    let judged = tokio::task::spawn_blocking({
        let chance = portal.chance.clone();
        let sealed = found.clone().map(|found| found.sealed);
        move || match sealed.filter(|_| is_short) {
            Some(sealed) => open(&password, &sealed),
            // The same work for a name that is not there.
            None => {
                let chance = chance.as_ref();
                seal(&draw_password(chance), &Seed::draw(chance), chance);
                None
            }
        }
    });
    let seed = judged.await.unwrap_or_default();
    let (Some(found), Some(seed)) = (found, seed) else { return Ok(None) };
    let Some(step) = seed.step_of(&code, now, found.last_step) else { return Ok(None) };
    let Some(roles) = StaffRoles::of(&[StaffRole::Admin]) else { return Ok(None) };
    let (ms, chance) = portal.id_parts();
    let token = Token::draw(portal.chance.as_ref());
    let enter = Enter {
        step,
        password_hash: found.sealed.password_hash,
        known: Known {
            issuer: ISSUER.to_owned(),
            proven: Proven { subject: name.clone(), name, role_words: Vec::new() },
            new_id: MemberId::from_parts(ms, &chance),
        },
        before,
        work_item: portal.work_item_id(),
        notice: Notice::of(portal),
        opening: Opening {
            token: token.clone(),
            roles,
            lifetimes: Lifetimes::of(portal),
            not_after: None,
            request: request_name(),
            now,
        },
    };
    let is_in = portal.db.write(enter).await?;
    portal.work.outbox.notify_one();
    Ok(is_in.then_some(token))
}

#[derive(Clone)]
struct Found {
    sealed: Sealed,
    last_step: i64,
}

/// Counts a try, and finds what it is judged by if there may be one more.
struct Try {
    name: String,
    now: Micros,
}

impl Command for Try {
    type Reply = Option<Found>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Option<Found>, DbError> {
        let counted = sqlx::query(TRY)
            .bind(&self.name)
            .bind(self.now.0)
            .bind(self.now.plus_minutes(-WITHIN_MINUTES).0)
            .bind(MOST_WRONG_TRIES)
            .execute(&mut *tx)
            .await?;
        if counted.rows_affected() == 0 {
            return Ok(None);
        }
        let query = sqlx::query(FIND).bind(&self.name).bind(self.now.0);
        query.fetch_optional(&mut *tx).await?.map(|row| found(&row)).transpose()
    }
}

fn found(row: &AnyRow) -> Result<Found, DbError> {
    Ok(Found {
        sealed: Sealed {
            password_hash: row.try_get("password_hash")?,
            seed_salt: row.try_get("seed_salt")?,
            seed_sealed: row.try_get("seed_sealed")?,
        },
        last_step: row.try_get("last_step")?,
    })
}

struct Enter {
    step: i64,
    password_hash: String,
    known: Known,
    before: Option<Token>,
    work_item: WorkItemId,
    notice: Notice,
    opening: Opening,
}

impl Command for Enter {
    type Reply = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, DbError> {
        let (name, now) = (&self.known.proven.subject, self.opening.now);
        let used = sqlx::query(USE)
            .bind(name)
            .bind(self.step)
            .bind(now.0)
            .bind(&self.password_hash)
            .execute(&mut *tx)
            .await?;
        // The code was used a moment ago, or the glass was mended.
        if used.rows_affected() == 0 {
            return Ok(false);
        }
        let expires_at = sqlx::query(EXPIRES).bind(name).fetch_one(&mut *tx).await?.try_get(0)?;
        let Some(member_id) = member::find_or_add(tx, &self.known, now).await? else {
            return Ok(false);
        };
        if let Some(before) = &self.before {
            session::end(tx, before, self.opening.request.clone(), now).await?;
        }
        let until = Micros(expires_at);
        let opening = Opening { not_after: Some(until), ..self.opening.clone() };
        session::open(tx, &opening, member_id).await?;
        let item = NewWorkItem {
            id: self.work_item,
            matter: Matter::new(WorkKind::GlassBroken, Thing::StaffMember, member_id),
            account_id: None,
            why: "somebody came in without the identity provider; make sure it was one of you"
                .to_owned(),
            now,
        };
        work_list::open(tx, &item).await?;
        self.notice.send(tx, name, (now, until)).await?;
        Ok(true)
    }
}
