//! Sealing: acts that were committed get their places, in one order for all.
//!
//! Chaining while posting would make every payment wait for every other's hash. So acts are
//! written without a place, and this gives them theirs a moment later. Until then an act is kept
//! only by the database's refusal to change or delete it. Two servers that seal at once want the
//! same places: the second one's transaction fails whole, and its next round goes on from there.

use sqlx::{Any, AnyConnection, AnyPool, Executor, Row};

use super::act::StoredAct;
use super::verify::Head;
use crate::db::{Command, DbError, expect_rows};
use crate::state::Portal;

const UNSEALED: &str = "
select id, kind, actor, about, account_id, at, request, digest from audit_act
where n is null order by at, id limit $1";

const LAST: &str = "
select n, hash from audit_act where n is not null order by n desc limit 1";

const SEAL: &str = "update audit_act set n = $2, hash = $3 where id = $1 and n is null";

pub(super) const SQL: &[&str] = &[UNSEALED, LAST, SEAL];

/// Few enough that payers do not wait behind it.
const A_BATCH: i64 = 200;

/// The hash before the first act.
pub(super) const BEGINNING: &str = "";

/// Seals what is committed; how many acts.
pub async fn seal(portal: &Portal) -> Result<i64, DbError> {
    let mut sealed = 0;
    loop {
        let batch = match portal.db.write(Seal).await {
            // Another server was first: these places are taken, or these acts have theirs.
            Err(error) if error.is_unique_violation() => return Ok(sealed),
            Err(DbError::RowsAffected { .. }) => return Ok(sealed),
            batch => batch?,
        };
        sealed += batch;
        if batch < A_BATCH {
            return Ok(sealed);
        }
    }
}

/// The last sealed act; place 0 while there is none.
pub async fn head(pool: &AnyPool) -> Result<Head, DbError> {
    last(pool).await
}

pub(super) async fn last(db: impl Executor<'_, Database = Any>) -> Result<Head, DbError> {
    let last = sqlx::query(LAST).fetch_optional(db).await?;
    last.map_or(Ok(Head::default()), |last| {
        Ok(Head { n: last.try_get(0)?, hash: last.try_get(1)? })
    })
}

struct Seal;

impl Command for Seal {
    type Reply = i64;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<i64, DbError> {
        let rows = sqlx::query(UNSEALED).bind(A_BATCH).fetch_all(&mut *tx).await?;
        if rows.is_empty() {
            return Ok(0);
        }
        let (mut n, mut hash) = match sqlx::query(LAST).fetch_optional(&mut *tx).await? {
            Some(last) => (last.try_get(0)?, last.try_get(1)?),
            None => (0, BEGINNING.to_owned()),
        };
        for row in &rows {
            let act = StoredAct::read(row)?;
            n += 1;
            hash = act.hash(n, &hash);
            let sealed = sqlx::query(SEAL).bind(&act.id).bind(n).bind(&hash).execute(&mut *tx);
            expect_rows(&sealed.await?, 1, "audit_act")?;
        }
        Ok(rows.len() as i64)
    }
}
