//! The watched table: a file on somebody's share that others write and the portal only reads.
//! Each look takes what is new in it, as payments.
//!
//! It is read as a copy of its own, and only when it has stood still between two looks: who is
//! half-way through writing it, or keeps it locked, is waited for. Rows that are gone from it
//! take nothing back, and a table that suddenly has no rows is an error for a person.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use receivables::calendar::Micros;
use sqlx::{AnyConnection, Row};

use super::map::{FileMap, PaymentMap};
use super::payment_rows::read_payments;
use super::payments::{PaymentSummary, reading, take_batch};
use super::read::is_csv;
use super::{ImportError, RecordImport, hash_of};
use crate::clock::ten_bytes;
use crate::db::{Command, DbError};
use crate::state::{Portal, Shared};
use crate::work_list::{self, Matter, NewWorkItem, Thing, WorkKind};

const FIND: &str = "select content_hash, rows_read from watched_table where source = $1";
const WRITE: &str = "
insert into watched_table (source, content_hash, rows_read, read_at) values ($1, $2, $3, $4)
on conflict (source) do update set content_hash = excluded.content_hash,
  rows_read = excluded.rows_read, read_at = excluded.read_at";

pub(super) const SQL: &[&str] = &[FIND, WRITE];

/// How long somebody may be writing it, or its share be away, before a person has to know.
const PATIENCE_MINUTES: i64 = 10;

/// What a look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    /// Nothing is watched, or nothing has changed.
    Nothing,
    /// It cannot be read whole right now, with the reason.
    Waits(String),
    /// A person has to look, with the reason.
    Wrong(String),
    Taken(PaymentSummary),
}

/// How the file looked from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    bytes: u64,
    changed: Option<SystemTime>,
}

#[derive(Debug, Default)]
struct Seen {
    last: Option<Shape>,
    /// As it was when it was read whole.
    read: Option<Shape>,
    waits_since: Option<Micros>,
}

/// What the looks so far have seen.
#[derive(Debug, Default)]
pub struct Watch(Mutex<Seen>);

impl Watch {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at the table that the settings name, and takes what is new in it.
pub async fn look_at_watched(portal: &Shared) -> Result<Looked, DbError> {
    let watched = &portal.settings.watched;
    if watched.path.is_empty() || portal.book.is_halted() {
        return Ok(Looked::Nothing);
    }
    let map = match FileMap::load(&watched.map) {
        Ok(FileMap::Payments(map)) => map,
        Ok(FileMap::Bills(_)) => return wrong(portal, "its map is one of bills".to_owned()).await,
        Err(error) => return wrong(portal, error.to_string()).await,
    };
    let path = PathBuf::from(&watched.path);
    let shape = match shape_of(&path) {
        Ok(shape) => shape,
        Err(error) => return waits(portal, error.to_string()).await,
    };
    {
        let mut seen = portal.watched.seen();
        if seen.read == Some(shape) {
            seen.waits_since = None;
            return Ok(Looked::Nothing);
        }
        if seen.last.replace(shape) != Some(shape) {
            seen.waits_since.get_or_insert(portal.now());
            return Ok(Looked::Waits("it is being written".to_owned()));
        }
    }
    let name = format!("watched-{}", hex::encode(ten_bytes(portal.chance.as_ref())));
    let copy = Copy(portal.settings.data_dir.join(name));
    let (from, to) = (path.clone(), copy.0.clone());
    let copied = tokio::task::spawn_blocking(move || copy_whole(&from, &to)).await;
    let hash = match copied.unwrap_or_else(|_| Err(io::Error::other("the copying was abandoned"))) {
        Ok(hash) => hash,
        Err(error) => return waits(portal, error.to_string()).await,
    };
    if shape_of(&path).ok() != Some(shape) {
        return waits(portal, "it is being written".to_owned()).await;
    }
    let looked = read_copy(portal, &copy.0, &map, hash).await?;
    if matches!(looked, Looked::Taken(_) | Looked::Nothing) {
        let mut seen = portal.watched.seen();
        (seen.read, seen.waits_since) = (Some(shape), None);
    }
    Ok(looked)
}

/// Our own copy, gone when it has been read.
struct Copy(PathBuf);

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn shape_of(path: &Path) -> io::Result<Shape> {
    let known = fs::metadata(path)?;
    Ok(Shape { bytes: known.len(), changed: known.modified().ok() })
}

/// The hash of what was copied. A text whose last line has no end is one that somebody is
/// writing.
fn copy_whole(from: &Path, to: &Path) -> io::Result<String> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to)?;
    if is_csv(to)? {
        let mut end = [0];
        let mut text = File::open(to)?;
        text.seek(SeekFrom::End(-1))?;
        text.read_exact(&mut end)?;
        if end != *b"\n" {
            return Err(io::Error::other("its last line has no end"));
        }
    }
    hash_of(to)
}

async fn read_copy(
    portal: &Shared,
    copy: &Path,
    map: &PaymentMap,
    hash: String,
) -> Result<Looked, DbError> {
    let Some(currency) = map.currency else {
        return wrong(portal, "its map does not say what the amounts are in".to_owned()).await;
    };
    let source = &map.columns.source;
    let before = sqlx::query(FIND).bind(source).fetch_optional(portal.db.read()).await?;
    let before = match before {
        Some(row) => Some((row.try_get::<String, _>("content_hash")?, row.try_get("rows_read")?)),
        None => None,
    };
    if before.as_ref().is_some_and(|(known, _)| *known == hash) {
        return Ok(Looked::Nothing);
    }
    let rows = {
        let (file, map, today) = (copy.to_owned(), map.clone(), portal.today());
        tokio::task::spawn_blocking(move || {
            let mut rows: i64 = 0;
            read_payments(&file, &map, currency, today, &mut |_| {
                rows += 1;
                ControlFlow::Continue(())
            })
            .map(|()| rows)
        })
    };
    let rows = match rows.await {
        Ok(Ok(rows)) => rows,
        Ok(Err(problems)) => return waits(portal, words(&ImportError::Refused(problems, 0))).await,
        Err(_) => return waits(portal, "the reading was abandoned".to_owned()).await,
    };
    let had = before.map_or(0, |(_, had): (String, i64)| had);
    if rows == 0 && had > 0 {
        return wrong(portal, format!("it had {had} rows and has none now")).await;
    }
    let mut summary = PaymentSummary::default();
    let mut found = reading(portal, copy, map.clone(), currency, 0);
    loop {
        let batch = match found.next().await {
            Ok(Some(batch)) => batch,
            Ok(None) => break,
            Err(error) => return waits(portal, words(&error)).await,
        };
        let outcomes = take_batch(portal, currency, &batch).await?;
        for ((row, _), outcome) in batch.iter().zip(&outcomes) {
            summary.count(*row, outcome);
        }
    }
    let run = hex::encode(ten_bytes(portal.chance.as_ref()));
    let done = Done {
        source: source.clone(),
        record: RecordImport { run, actor: "watched table", file_hash: hash, now: portal.now() },
        rows,
        is_news: summary.new > 0,
        item: (summary.refused > 0).then(|| {
            let count = summary.refused;
            item(portal, &format!("{count} of its rows are refused: paydown import --dry-run"))
        }),
    };
    portal.db.write(done).await?;
    Ok(Looked::Taken(summary))
}

/// One line of what is wrong with a file.
fn words(error: &ImportError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// That the table has been read whole.
struct Done {
    source: String,
    record: RecordImport,
    rows: i64,
    is_news: bool,
    item: Option<NewWorkItem>,
}

impl Command for Done {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        let Self { source, record, rows, is_news, item } = self;
        let query = sqlx::query(WRITE).bind(source).bind(&record.file_hash).bind(rows);
        query.bind(record.now.0).execute(&mut *tx).await?;
        if *is_news {
            record.apply(tx).await?;
        }
        match item {
            Some(item) => work_list::open(tx, item).await.map(|_| ()),
            None => {
                let ending = "resolved: it was read whole";
                work_list::close(tx, &matter(), ending, record.now).await.map(|_| ())
            }
        }
    }
}

/// There is one watched table.
fn matter() -> Matter {
    Matter::new(WorkKind::WatchedTable, Thing::WatchedTable, "watched")
}

fn item(portal: &Portal, why: &str) -> NewWorkItem {
    NewWorkItem {
        id: portal.work_item_id(),
        matter: matter(),
        account_id: None,
        why: format!("The watched table: {why}"),
        now: portal.now(),
    }
}

async fn wrong(portal: &Shared, why: String) -> Result<Looked, DbError> {
    portal.db.write(work_list::Open(item(portal, &why))).await?;
    Ok(Looked::Wrong(why))
}

async fn waits(portal: &Shared, why: String) -> Result<Looked, DbError> {
    let now = portal.now();
    let since = *portal.watched.seen().waits_since.get_or_insert(now);
    if now >= since.plus_minutes(PATIENCE_MINUTES) {
        portal.db.write(work_list::Open(item(portal, &why))).await?;
    }
    Ok(Looked::Waits(why))
}
