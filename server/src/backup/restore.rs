//! Restoring a backup into an empty database of either engine. The file is read from a copy, for
//! one of an older version is brought up to date on the way.

use std::path::Path;
use std::sync::Arc;

use receivables::calendar::Micros;
use sqlx::{AnyPool, AssertSqlSafe, Row};

use super::rows::{CopyRows, Unaltered, tables};
use super::take::{beside, open, remove};
use super::{BackupError, verify};
use crate::audit::{self, Head};
use crate::db::{Database, snapshot};
use crate::ledger;

const TAKEN_AT: &str = "select value from installation where name = 'backup_taken_at'";

pub(super) const SQL: &[&str] = &[TAKEN_AT];

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    pub taken_at: Micros,
    pub tables: Vec<(String, i64)>,
    /// Of the audit trail, as it was in the backup.
    pub head: Head,
}

pub async fn restore(db: &Database, file: &Path) -> Result<Restored, BackupError> {
    let copy = beside(file, ".restoring");
    remove(&copy);
    let error = |source| BackupError::File { file: file.to_owned(), source };
    std::fs::copy(file, &copy).map_err(error)?;
    let restored = from_copy(db, file, &copy).await;
    remove(&copy);
    restored
}

async fn from_copy(db: &Database, file: &Path, copy: &Path) -> Result<Restored, BackupError> {
    let backup = open(copy).await?;
    let taken_at = taken_at(backup.read()).await?;
    let taken_at = taken_at.ok_or_else(|| BackupError::NotABackup(file.to_owned()))?;
    verify(backup.read()).await?;
    refuse_unless_empty(&backup, db).await?;
    let copy = CopyRows { from: backup.read().clone(), alter: Arc::new(Unaltered) };
    let copied = db.write(copy).await?;
    for (table, expected) in &copied {
        let count = AssertSqlSafe(format!("select count(*) from {table}"));
        let found: i64 = sqlx::query_scalar(count).fetch_one(db.read()).await?;
        if found != *expected {
            let (table, expected) = (table.clone(), *expected);
            return Err(BackupError::RowsMissing { table, found, expected });
        }
    }
    let broken = ledger::check(db.read()).await?.into_iter().filter(|f| !f.broken.is_empty());
    let broken: Vec<String> = broken.map(|finding| finding.holds.to_owned()).collect();
    if !broken.is_empty() {
        return Err(BackupError::BookBroken(broken));
    }
    let head = audit::head(db.read()).await?;
    backup.close().await;
    Ok(Restored { taken_at, tables: copied, head })
}

/// When the backup was taken that this database is, or was restored from.
pub(super) async fn taken_at(pool: &AnyPool) -> Result<Option<Micros>, BackupError> {
    let row = sqlx::query(TAKEN_AT).fetch_optional(pool).await?;
    let text = row.map(|row| row.try_get::<String, _>(0)).transpose()?;
    Ok(text.and_then(|text| text.parse().ok()).map(Micros))
}

/// What is there is never mixed with what was. A migration's own rows do not count.
async fn refuse_unless_empty(backup: &Database, db: &Database) -> Result<(), BackupError> {
    let mut moment = snapshot(backup.read()).await?;
    for table in tables(&mut moment).await? {
        if table.name == "sandbox_counter" {
            continue;
        }
        let any = AssertSqlSafe(format!("select 1 from {} limit 1", table.name));
        if sqlx::query(any).fetch_optional(db.read()).await?.is_some() {
            return Err(BackupError::NotEmpty(table.name));
        }
    }
    Ok(())
}
