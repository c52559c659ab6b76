//! One act, as it is written and as it is hashed.

use receivables::calendar::Micros;
use receivables::ids::AccountId;
use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::db::{DbError, ROWS_AT_MOST, expect_rows, widened};

const INSERT: &str = "
insert into audit_act (id, kind, actor, about, account_id, at, request, digest)
values ($1, $2, $3, $4, $5, $6, $7, $8)";

pub(super) const SQL: &[&str] = &[INSERT];

/// Something that was done. Written once, with what it records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAct {
    /// The key of what it records, so that no act is written twice.
    pub id: String,
    /// `payment_received`, `import_applied`, …
    pub kind: String,
    /// A customer's id, an operator, a gateway, or the part of the portal that did it.
    pub actor: String,
    /// The id of what it was done to.
    pub about: String,
    pub account_id: Option<AccountId>,
    pub at: Micros,
    /// Of the request it came with, as it stands in the log.
    pub request: Option<String>,
    /// What else the act vouches for.
    pub digest: Option<String>,
}

pub async fn record(tx: &mut AnyConnection, act: &NewAct) -> Result<(), DbError> {
    record_many(tx, std::slice::from_ref(act)).await
}

pub async fn record_many(tx: &mut AnyConnection, acts: &[NewAct]) -> Result<(), DbError> {
    for rows in acts.chunks(ROWS_AT_MOST) {
        let mut query = sqlx::query(AssertSqlSafe(widened(INSERT, rows.len())));
        for act in rows {
            query = query
                .bind(&act.id)
                .bind(&act.kind)
                .bind(&act.actor)
                .bind(&act.about)
                .bind(act.account_id.map(|id| id.to_string()))
                .bind(act.at.0)
                .bind(&act.request)
                .bind(&act.digest);
        }
        let written = query.execute(&mut *tx).await?;
        expect_rows(&written, rows.len() as u64, "audit_act")?;
    }
    Ok(())
}

/// Fields in a form that no two lists share: each with its length before it, a missing one apart
/// from an empty one.
pub fn canonical<'f>(fields: impl IntoIterator<Item = Option<&'f str>>) -> String {
    let mut text = String::new();
    for field in fields {
        match field {
            Some(field) => {
                text.push_str(&field.len().to_string());
                text.push(':');
                text.push_str(field);
            }
            None => text.push('-'),
        }
        text.push('\n');
    }
    text
}

/// An act as it stands in the table.
pub(super) struct StoredAct {
    pub id: String,
    pub kind: String,
    pub actor: String,
    pub about: String,
    pub account_id: Option<String>,
    pub at: i64,
    pub request: Option<String>,
    pub digest: Option<String>,
}

impl StoredAct {
    pub fn read(row: &sqlx::any::AnyRow) -> Result<Self, DbError> {
        use sqlx::Row;
        Ok(Self {
            id: row.try_get("id")?,
            kind: row.try_get("kind")?,
            actor: row.try_get("actor")?,
            about: row.try_get("about")?,
            account_id: row.try_get("account_id")?,
            at: row.try_get("at")?,
            request: row.try_get("request")?,
            digest: row.try_get("digest")?,
        })
    }

    /// SHA-256 of the hash before it and the act, its place included.
    pub fn hash(&self, n: i64, before: &str) -> String {
        let (n, at) = (n.to_string(), self.at.to_string());
        let text = canonical([
            Some(before),
            Some(&n),
            Some(&self.id),
            Some(&self.kind),
            Some(&self.actor),
            Some(&self.about),
            self.account_id.as_deref(),
            Some(&at),
            self.request.as_deref(),
            self.digest.as_deref(),
        ]);
        hex::encode(Sha256::digest(text.as_bytes()))
    }
}
