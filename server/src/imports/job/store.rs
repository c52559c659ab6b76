//! The tables of imports that staff send in.

use receivables::api::imports::{ImportDocument, ImportRow, ImportRowOutcome, ImportState};
use receivables::calendar::Micros;
use receivables::ids::ImportId;
use receivables::money::Currency;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, Row};

use crate::clock::instant_text;
use crate::db::{Command, DbError, expect_rows};
use crate::imports::payments::RowOutcome;

const INSERT: &str = "
insert into import_job
  (id, map_name, map, currency, file_hash, file_bytes, uploaded_by, uploaded_at, state, changed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, 'uploaded', $8)";

const FIND: &str = "
select id, map_name, map, currency, file_hash, file_bytes, uploaded_by, uploaded_at, state,
  dry_run, rows_done, rows_new, rows_known, rows_waiting, rows_refused, failure, changed_at
from import_job where id = $1";

const RUNNING: &str = "select id from import_job where state = 'running' order by id";

/// From one state to another, if it is still in that state.
const MOVE: &str = "
update import_job set state = $3, failure = $4, changed_at = $5 where id = $1 and state = $2";

const START: &str = "
update import_job set state = 'running', dry_run = $2, rows_done = 0, rows_new = 0,
  rows_known = 0, rows_waiting = 0, rows_refused = 0, failure = null, changed_at = $3
where id = $1 and (state = 'uploaded' or (state <> 'running' and dry_run = 1))";

const FORGET_ROWS: &str = "delete from import_row where import_id = $1";

/// Holds the job until the batch is committed, and only from the row the batch begins at.
const LOCK: &str = "
update import_job set changed_at = $3 where id = $1 and state = 'running' and rows_done = $2";

const COUNT: &str = "
update import_job set rows_done = rows_done + $2, rows_new = rows_new + $3,
  rows_known = rows_known + $4, rows_waiting = rows_waiting + $5,
  rows_refused = rows_refused + $6
where id = $1";

const INSERT_ROW: &str = "
insert into import_row (import_id, row_number, part, outcome, why) values ($1, $2, $3, $4, $5)";

const ROWS: &str = "
select row_number, part, outcome, why from import_row
where import_id = $1 and (row_number > $2 or (row_number = $2 and part > $3))
order by row_number, part limit $4";

const FIND_MAP: &str = "select map from column_map where name = $1";

const WRITE_MAP: &str = "
insert into column_map (name, map, changed_by, changed_at) values ($1, $2, $3, $4)
on conflict (name) do update set map = excluded.map, changed_by = excluded.changed_by,
  changed_at = excluded.changed_at";

pub const SQL: &[&str] = &[
    INSERT,
    FIND,
    RUNNING,
    MOVE,
    START,
    FORGET_ROWS,
    LOCK,
    COUNT,
    INSERT_ROW,
    ROWS,
    FIND_MAP,
    WRITE_MAP,
];

/// A job, with what only its running needs.
#[derive(Clone, Debug)]
pub struct Job {
    pub document: ImportDocument,
    pub map: String,
}

/// A file that has come in whole.
pub struct NewJob {
    pub id: ImportId,
    pub map_name: String,
    pub map: String,
    pub currency: Currency,
    pub file_hash: String,
    pub file_bytes: i64,
    pub uploaded_by: String,
    pub now: Micros,
}

impl Command for NewJob {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        let written = sqlx::query(INSERT)
            .bind(self.id.to_string())
            .bind(&self.map_name)
            .bind(&self.map)
            .bind(self.currency.code())
            .bind(&self.file_hash)
            .bind(self.file_bytes)
            .bind(&self.uploaded_by)
            .bind(self.now.0)
            .execute(tx)
            .await?;
        expect_rows(&written, 1, "import_job")
    }
}

pub async fn find(db: &AnyPool, id: ImportId) -> Result<Option<Job>, DbError> {
    let row = sqlx::query(FIND).bind(id.to_string()).fetch_optional(db).await?;
    row.map(|row| job(id, &row)).transpose()
}

fn job(id: ImportId, row: &AnyRow) -> Result<Job, DbError> {
    let wrong = |column| DbError::inconsistent("import_job", column, id);
    let text = |column| row.try_get::<String, _>(column);
    let number = |column| row.try_get::<i64, _>(column);
    let at = |column| number(column).map(|at| instant_text(Micros(at)));
    let document = ImportDocument {
        id,
        map: text("map_name")?,
        currency: Currency::parse(&text("currency")?).map_err(|_| wrong("currency"))?,
        file_bytes: number("file_bytes")?,
        file_hash: text("file_hash")?,
        uploaded_by: text("uploaded_by")?,
        uploaded_at: at("uploaded_at")?,
        changed_at: at("changed_at")?,
        state: ImportState::parse(&text("state")?).ok_or_else(|| wrong("state"))?,
        dry_run: number("dry_run")? == 1,
        rows: number("rows_done")?,
        new: number("rows_new")?,
        known: number("rows_known")?,
        needs_person: number("rows_waiting")?,
        refused: number("rows_refused")?,
        failure: row.try_get("failure")?,
    };
    Ok(Job { document, map: text("map")? })
}

/// The jobs that go on.
pub async fn running(db: &AnyPool) -> Result<Vec<ImportId>, DbError> {
    let ids: Vec<String> = sqlx::query_scalar(RUNNING).fetch_all(db).await?;
    let parsed = |id: String| {
        ImportId::parse(&id).map_err(|_| DbError::inconsistent("import_job", "id", id))
    };
    ids.into_iter().map(parsed).collect()
}

/// From one state to another; false when it is not in the first any more.
pub struct Move {
    pub id: ImportId,
    pub from: ImportState,
    pub to: ImportState,
    pub failure: Option<String>,
    pub now: Micros,
}

impl Command for Move {
    type Reply = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, DbError> {
        let query = sqlx::query(MOVE).bind(self.id.to_string()).bind(self.from.code());
        let query = query.bind(self.to.code()).bind(self.failure.as_deref()).bind(self.now.0);
        Ok(query.execute(tx).await?.rows_affected() == 1)
    }
}

/// From the first row on; false when it runs, or has been done in earnest.
pub struct Start {
    pub id: ImportId,
    pub dry_run: bool,
    pub now: Micros,
}

impl Command for Start {
    type Reply = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, DbError> {
        let query = sqlx::query(START).bind(self.id.to_string()).bind(i64::from(self.dry_run));
        if query.bind(self.now.0).execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query(FORGET_ROWS).bind(self.id.to_string()).execute(tx).await?;
        Ok(true)
    }
}

/// Holds the job; false when it was stopped, or somebody else has taken the batch that begins
/// at this row.
pub async fn lock(
    tx: &mut AnyConnection,
    id: ImportId,
    rows_done: i64,
    now: Micros,
) -> Result<bool, DbError> {
    let query = sqlx::query(LOCK).bind(id.to_string()).bind(rows_done).bind(now.0);
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

/// Counts a batch, and keeps why rows did nothing. `rows` are their numbers.
pub async fn count(
    tx: &mut AnyConnection,
    id: ImportId,
    first: i64,
    rows: &[u64],
    outcomes: &[RowOutcome],
) -> Result<(), DbError> {
    let (mut new, mut known, mut waiting, mut refused) = (0_i64, 0_i64, 0_i64, 0_i64);
    for (part, (row, outcome)) in (first..).zip(rows.iter().zip(outcomes)) {
        let (kept, why) = match outcome {
            RowOutcome::New => {
                new += 1;
                continue;
            }
            RowOutcome::Known => {
                known += 1;
                continue;
            }
            RowOutcome::NeedsPerson(why) => {
                waiting += 1;
                ("needs_person", why)
            }
            RowOutcome::Refused(why) => {
                refused += 1;
                ("refused", why)
            }
        };
        let row = i64::try_from(*row).unwrap_or(i64::MAX);
        let query = sqlx::query(INSERT_ROW).bind(id.to_string()).bind(row).bind(part).bind(kept);
        query.bind(why).execute(&mut *tx).await?;
    }
    let all = i64::try_from(outcomes.len()).unwrap_or(i64::MAX);
    let query = sqlx::query(COUNT).bind(id.to_string()).bind(all).bind(new).bind(known);
    let written = query.bind(waiting).bind(refused).execute(tx).await?;
    expect_rows(&written, 1, "import_job")
}

/// After which row a page begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowCursor {
    row: i64,
    part: i64,
}

impl RowCursor {
    pub fn parse(text: &str) -> Option<Self> {
        let (row, part) = text.split_once('.')?;
        Some(Self { row: row.parse().ok()?, part: part.parse().ok()? })
    }

    fn text(self) -> String {
        format!("{}.{}", self.row, self.part)
    }
}

/// Rows in the order of the file, each with the cursor behind it.
pub async fn rows(
    db: &AnyPool,
    id: ImportId,
    after: RowCursor,
    at_most: i64,
) -> Result<Vec<(ImportRow, String)>, DbError> {
    let query = sqlx::query(ROWS).bind(id.to_string()).bind(after.row).bind(after.part);
    let found = query.bind(at_most).fetch_all(db).await?;
    let row = |row: &AnyRow| {
        let number: i64 = row.try_get("row_number")?;
        let outcome: String = row.try_get("outcome")?;
        let outcome = match outcome.as_str() {
            "needs_person" => ImportRowOutcome::NeedsPerson,
            _ => ImportRowOutcome::Refused,
        };
        let cursor = RowCursor { row: number, part: row.try_get("part")? };
        Ok((ImportRow { row: number, outcome, why: row.try_get("why")? }, cursor.text()))
    };
    found.iter().map(row).collect()
}

/// The map that staff keep under this name.
pub async fn find_map(db: &AnyPool, name: &str) -> Result<Option<String>, DbError> {
    Ok(sqlx::query_scalar(FIND_MAP).bind(name).fetch_optional(db).await?)
}

pub struct WriteMap {
    pub name: String,
    pub map: String,
    pub changed_by: String,
    pub now: Micros,
}

impl Command for WriteMap {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        let query = sqlx::query(WRITE_MAP).bind(&self.name).bind(&self.map);
        let written = query.bind(&self.changed_by).bind(self.now.0).execute(tx).await?;
        expect_rows(&written, 1, "column_map")
    }
}
