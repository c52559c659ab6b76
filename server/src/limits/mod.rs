//! How often strangers and callers may ask for what costs somebody something.
//!
//! An allowance fills up steadily and holds at most what may be asked for at once. It is one row
//! in the database, so a restart forgets nothing and two servers count together. The row is named
//! by a hash: it does not tell whose address it is about. Who is refused is told when to come
//! back.

use receivables::calendar::Micros;
use sqlx::{AnyConnection, Row};

use crate::db::{Command, Database, DbError};
use crate::problem::Refusal;
use crate::sign_in::sha256_hex;
use crate::state::Portal;
use crate::web::ClientAddress;

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
pub const DAY: i64 = 24 * HOUR;

/// One sentence, so that of many at once no more get through than may.
const TAKE: &str = "
insert into allowance (key, spent_until) values ($1, $3)
on conflict (key) do update set spent_until =
  case when allowance.spent_until > $2 then allowance.spent_until + $4 else $3 end
where allowance.spent_until + $4 <= $5";

const SPENT_UNTIL: &str = "
select spent_until from allowance where key = $1";

/// What has filled up again says nothing any more.
const FORGET: &str = "
delete from allowance where spent_until < $1";

/// Every SQL text of this room; a test prepares them on both engines.
pub const SQL: &[&[&str]] = &[&[TAKE, SPENT_UNTIL, FORGET]];

/// So many of a thing within a time.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// What is counted; part of the row's name.
    pub of: &'static str,
    pub at_most: i64,
    within: i64,
}

impl Limit {
    pub const fn an_hour(of: &'static str, at_most: i64) -> Self {
        Self { of, at_most, within: HOUR }
    }

    pub const fn a_day(of: &'static str, at_most: i64) -> Self {
        Self { of, at_most, within: DAY }
    }

    /// How long it takes until one more may be asked for.
    fn cost(self) -> i64 {
        (self.within / self.at_most.max(1)).max(1)
    }
}

/// Counts one more from this address; refused when it is one too many.
pub async fn count_address(
    portal: &Portal,
    limit: Limit,
    address: ClientAddress,
) -> Result<(), Refusal> {
    match address.counted_by() {
        Some(address) => count(&portal.db, limit, &address, portal.now()).await,
        None => Ok(()),
    }
}

/// Counts one more try of a way in from this address. Each way has an allowance of its own: who
/// tries codes does not lock out the passkeys of those behind the same address.
pub async fn count_sign_in(
    portal: &Portal,
    way: &'static str,
    address: ClientAddress,
) -> Result<(), Refusal> {
    let tries = Limit::an_hour(way, portal.settings.limits.sign_ins_per_address);
    count_address(portal, tries, address).await
}

/// Counts one more of whatever `subject` names.
pub async fn count(
    database: &Database,
    limit: Limit,
    subject: &str,
    now: Micros,
) -> Result<(), Refusal> {
    let take = Take { key: sha256_hex(&[limit.of, subject]), limit, now };
    match database.write(take).await? {
        None => Ok(()),
        Some(seconds) => {
            tracing::warn!(security = "limit", of = limit.of, "asked too often");
            Err(too_often(seconds))
        }
    }
}

/// The answer to whoever asks too often: when to come back.
pub fn too_often(seconds: i64) -> Refusal {
    let seconds = seconds.max(1);
    let wait = match (seconds / 60, seconds / 3_600) {
        (0, _) => "in a minute".to_owned(),
        (minutes, 0) => format!("in {} minutes", minutes.saturating_add(1)),
        (_, hours) => format!("in {} hours", hours.saturating_add(1)),
    };
    let words = format!("This was asked too often. Nothing was done; try again {wait}.");
    Refusal::too_many("too-many-requests", words).retry_after(u32::try_from(seconds).unwrap_or(1))
}

/// Takes one of an allowance. Answers nothing, or the seconds to wait.
struct Take {
    key: String,
    limit: Limit,
    now: Micros,
}

impl Command for Take {
    type Reply = Option<i64>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Option<i64>, DbError> {
        let (now, cost) = (self.now.0, self.limit.cost());
        let full = now.saturating_add(self.limit.within);
        let taken = sqlx::query(TAKE)
            .bind(&self.key)
            .bind(now)
            .bind(now.saturating_add(cost))
            .bind(cost)
            .bind(full)
            .execute(&mut *tx)
            .await?;
        if taken.rows_affected() == 1 {
            return Ok(None);
        }
        let spent = sqlx::query(SPENT_UNTIL).bind(&self.key).fetch_one(&mut *tx).await?;
        let spent_until: i64 = spent.try_get("spent_until")?;
        let wait = spent_until.saturating_add(cost).saturating_sub(full);
        Ok(Some(wait / SECOND + 1))
    }
}

/// Clears away what has no effect any more; call it now and then.
pub async fn forget_old(portal: &Portal) -> Result<(), DbError> {
    portal.db.write(Forget { before: portal.now() }).await
}

struct Forget {
    before: Micros,
}

impl Command for Forget {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        sqlx::query(FORGET).bind(self.before.0).execute(&mut *tx).await?;
        Ok(())
    }
}
