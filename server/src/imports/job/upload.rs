//! Taking a file in: onto the disk as it comes, never held in memory, and known to the database
//! only once it is whole.

use std::path::PathBuf;

use axum::body::Body;
use futures_util::StreamExt;
use receivables::api::imports::ImportDocument;
use receivables::ids::ImportId;
use receivables::money::Currency;
use sha2::{Digest, Sha256};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

use super::store::{self, NewJob};
use crate::imports::map::{BUILT_IN, FileMap};
use crate::problem::Refusal;
use crate::state::{Portal, Shared};
use crate::web::{cut_short, too_large};

/// Of a file: some millions of rows.
pub const LARGEST_FILE: usize = 256 * 1024 * 1024;

/// What is sent in, beside the file itself.
pub struct Upload {
    pub map_name: String,
    pub currency: Option<Currency>,
    pub uploaded_by: String,
}

/// Where the file of an import lies.
pub fn file_of(portal: &Portal, id: ImportId) -> PathBuf {
    portal.settings.data_dir.join("imports").join(id.to_string())
}

/// A file on its way in, gone unless it is kept.
struct Incoming {
    path: PathBuf,
    is_kept: bool,
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

pub async fn take_in(
    portal: &Shared,
    upload: Upload,
    body: Body,
) -> Result<ImportDocument, Refusal> {
    let map = map_of(portal, &upload.map_name).await?;
    let currency = match (&upload.currency, FileMap::parse(&map)) {
        (Some(currency), Ok(FileMap::Payments(_))) => *currency,
        (None, Ok(FileMap::Payments(map))) => map.currency.ok_or_else(|| {
            let words = "Say what the amounts are in, as the column map does not.";
            Refusal::unprocessable("currency-missing", words).at("query:currency")
        })?,
        _ => {
            let words = "This column map is not one of payments.";
            return Err(Refusal::unprocessable("map-unsuitable", words).at("query:map"));
        }
    };
    let (ms, chance) = portal.id_parts();
    let id = ImportId::from_parts(ms, &chance);
    let mut incoming = Incoming { path: file_of(portal, id), is_kept: false };
    let (file_hash, file_bytes) = write(&incoming, body).await?;
    let new = NewJob {
        id,
        map_name: upload.map_name,
        map,
        currency,
        file_hash,
        file_bytes,
        uploaded_by: upload.uploaded_by,
        now: portal.now(),
    };
    portal.db.write(new).await?;
    incoming.is_kept = true;
    let job = store::find(portal.db.read(), id).await?;
    job.map(|job| job.document).ok_or_else(Refusal::not_found)
}

/// Staff's own map of this name, else a built-in one.
async fn map_of(portal: &Shared, name: &str) -> Result<String, Refusal> {
    if let Some(map) = store::find_map(portal.db.read(), name).await? {
        return Ok(map);
    }
    let built_in = BUILT_IN.iter().find(|(known, _)| *known == name);
    built_in.map(|(_, text)| (*text).to_owned()).ok_or_else(|| {
        let words = "There is no column map of this name.";
        Refusal::unprocessable("map-unknown", words).at("query:map")
    })
}

/// The hash and the length of what came.
async fn write(incoming: &Incoming, body: Body) -> Result<(String, i64), Refusal> {
    let disk = |error: std::io::Error| {
        tracing::error!(%error, "a file that was sent in cannot be written");
        Refusal::fault()
    };
    if let Some(folder) = incoming.path.parent() {
        fs::create_dir_all(folder).await.map_err(disk)?;
    }
    let mut file = File::create_new(&incoming.path).await.map_err(disk)?;
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| cut_short())?;
        bytes += part.len();
        if bytes > LARGEST_FILE {
            return Err(too_large());
        }
        hash.update(&part);
        file.write_all(&part).await.map_err(disk)?;
    }
    if bytes == 0 {
        let words = "The file is empty.";
        return Err(Refusal::unprocessable("file-empty", words));
    }
    file.sync_all().await.map_err(disk)?;
    Ok((hex::encode(hash.finalize()), i64::try_from(bytes).unwrap_or(i64::MAX)))
}
