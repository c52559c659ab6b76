//! Forgetting letters to an address: those that wait, and those that were written as files.

use std::io;
use std::path::{Path, PathBuf};

use mailparse::MailHeaderMap;
use receivables::calendar::Micros;
use sqlx::AnyConnection;

use super::mail::FOLDER;
use crate::db::DbError;

/// A letter names its receiver; an error of a mail server may repeat it.
const LETTERS: &str = "
update outbox set payload = '{}', last_error = null, done_at = coalesce(done_at, $2)
where kind <> 'write_back' and (payload like $1 or coalesce(last_error, '') like $1)";

pub(super) const SQL: &str = LETTERS;

pub async fn forget_letters(
    tx: &mut AnyConnection,
    email: &str,
    now: Micros,
) -> Result<(), DbError> {
    // An underscore in an address stands for any character here: at worst a letter to an address
    // that looks almost the same is not sent.
    sqlx::query(LETTERS).bind(format!("%{email}%")).bind(now.0).execute(tx).await?;
    Ok(())
}

/// How many files went. Only where no mail server is set letters are files.
pub fn forget_mail_files(data_dir: &Path, email: &str) -> Result<usize, (PathBuf, io::Error)> {
    let folder = data_dir.join(FOLDER);
    let failed = |error| (folder.clone(), error);
    if !folder.exists() {
        return Ok(0);
    }
    let mut forgotten = 0;
    for entry in std::fs::read_dir(&folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let raw = std::fs::read(&path).map_err(failed)?;
        let to = mailparse::parse_headers(&raw)
            .ok()
            .and_then(|(headers, _)| headers.get_first_value("To"));
        if to.is_some_and(|to| to.to_ascii_lowercase().contains(email)) {
            std::fs::remove_file(&path).map_err(failed)?;
            forgotten += 1;
        }
    }
    Ok(forgotten)
}
