//! Backups: one file that is itself a database of this program, taken while the portal serves,
//! opened and checked before anybody relies on it, and restored into an empty database of either
//! engine. What the gateway took after the backup is then asked of the gateway ([`replay`]).
//!
//! Invariant: a file under its final name was opened and every invariant of its book was asked.

mod replay;
mod restore;
mod rows;
mod take;

use std::path::PathBuf;

use sqlx::{AnyPool, Row};
use thiserror::Error;

use crate::db::DbError;
use crate::gateway_events::NotNow;
use crate::ledger;

pub use replay::{Replayed, replay};
pub use restore::{Restored, restore};
pub use rows::{Alter, CopyRows};
pub use take::{Taken, take};

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] = &[replay::SQL, restore::SQL, take::SQL];

#[derive(Debug, Error)]
pub enum BackupError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("{}: {source}", file.display())]
    File { file: PathBuf, source: std::io::Error },
    #[error("{} is there already; a backup is never written over", .0.display())]
    FileIsThere(PathBuf),
    #[error("this database was not restored from a backup")]
    NotRestored,
    #[error("{} is no backup of this program", .0.display())]
    NotABackup(PathBuf),
    #[error("the database to restore into is not empty: {0} has rows")]
    NotEmpty(String),
    #[error("the file is damaged: {0}")]
    Damaged(String),
    #[error("the book in it is broken: {}", .0.join("; "))]
    BookBroken(Vec<String>),
    #[error("the gateway could not be asked for what came after the backup: {0}")]
    Replay(#[from] NotNow),
    #[error("{found} rows of {table} arrived, {expected} were sent")]
    RowsMissing { table: String, found: i64, expected: i64 },
}

impl From<sqlx::Error> for BackupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// The file is whole, and its book is exact.
async fn verify(pool: &AnyPool) -> Result<(), BackupError> {
    let answer = sqlx::query("pragma integrity_check").fetch_one(pool).await?;
    let answer: String = answer.try_get(0)?;
    if answer != "ok" {
        return Err(BackupError::Damaged(answer));
    }
    let broken = ledger::check(pool).await?.into_iter().filter(|f| !f.broken.is_empty());
    let broken: Vec<String> = broken.map(|finding| finding.holds.to_owned()).collect();
    if broken.is_empty() { Ok(()) } else { Err(BackupError::BookBroken(broken)) }
}
