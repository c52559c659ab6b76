//! Taking a backup beside the running portal.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use receivables::calendar::Micros;
use sqlx::AnyConnection;

use super::rows::{CopyRows, Unaltered};
use super::{BackupError, verify};
use crate::audit::{self, Head};
use crate::clock::SystemChance;
use crate::db::{Command, Database, DbError, Engine};

const STAMP: &str = "
insert into installation (name, value) values ('backup_taken_at', $1)
on conflict (name) do update set value = excluded.value";

pub(super) const SQL: &[&str] = &[STAMP];

/// What was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    pub payments: i64,
    /// Kept beside the file, it tells later what is missing after a restore.
    pub head: Head,
}

/// Writes a backup of one moment, opens it and asks its whole book; only then it gets its name.
pub async fn take(db: &Database, file: &Path, now: Micros) -> Result<Taken, BackupError> {
    if file.exists() {
        return Err(BackupError::FileIsThere(file.to_owned()));
    }
    let part = beside(file, ".part");
    remove(&part);
    let taken = write(db, &part, now).await;
    let finished = taken.and_then(|taken| keep(&part, file).map(|()| taken));
    remove(&part);
    finished
}

async fn write(db: &Database, part: &Path, now: Micros) -> Result<Taken, BackupError> {
    if db.engine() == Engine::Sqlite {
        let into = part.display().to_string();
        sqlx::query("vacuum into $1").bind(into).execute(db.read()).await?;
    }
    let copy = open(part).await?;
    if db.engine() == Engine::Postgres {
        copy.write(CopyRows { from: db.read().clone(), alter: Arc::new(Unaltered) }).await?;
    }
    copy.write(Stamp(now)).await?;
    verify(copy.read()).await?;
    let count = "select count(*) from payment";
    let payments = sqlx::query_scalar(count).fetch_one(copy.read()).await?;
    let head = audit::head(copy.read()).await?;
    // The last to close it leaves all in the one file.
    copy.close().await;
    Ok(Taken { payments, head })
}

/// A backup as a database of its own.
pub(super) async fn open(file: &Path) -> Result<Database, DbError> {
    let url = format!("sqlite://{}", file.display());
    Database::open(&url, Arc::new(SystemChance)).await
}

struct Stamp(Micros);

impl Command for Stamp {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        sqlx::query(STAMP).bind(self.0.0.to_string()).execute(tx).await?;
        Ok(())
    }
}

pub(super) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(ending);
    name.into()
}

/// On the disk before it has its name; for its owner's eyes only.
fn keep(part: &Path, file: &Path) -> Result<(), BackupError> {
    use std::os::unix::fs::PermissionsExt;
    let kept = std::fs::set_permissions(part, std::fs::Permissions::from_mode(0o600))
        .and_then(|()| std::fs::File::open(part)?.sync_all())
        .and_then(|()| std::fs::rename(part, file))
        .and_then(|()| {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
            std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        });
    kept.map_err(|source| BackupError::File { file: file.to_owned(), source })
}

/// With the files that SQLite keeps beside it.
pub(super) fn remove(file: &Path) {
    for ending in ["", "-wal", "-shm", "-journal"] {
        let _ = std::fs::remove_file(beside(file, ending));
    }
}
