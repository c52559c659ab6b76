//! Can payments be taken here and now? The gateway is not asked: when it is away, people can
//! still look at what they owe, and taking the portal off the net would not bring it back.

use std::time::Duration;

use sqlx::{AnyConnection, Row};

use crate::db::{Command, DbError, newest_schema};
use crate::state::Shared;

const SCHEMA: &str = "select max(version) from _sqlx_migrations";

pub(super) const SQL: &[&str] = &[SCHEMA];

/// Longer than this is no answer for somebody who pays.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// It answers, and a change can be committed.
    pub database: bool,
    /// The tables are the ones this program was made for.
    pub schema: bool,
    /// Every invariant held when it was last asked.
    pub books: bool,
}

impl Readiness {
    pub const fn is_ready(&self) -> bool {
        self.database && self.schema && self.books
    }

    pub(super) fn document(self) -> serde_json::Value {
        let word = |well| if well { "ok" } else { "failed" };
        serde_json::json!({
            "status": if self.is_ready() { "ready" } else { "not ready" },
            "database": word(self.database),
            "schema": word(self.schema),
            "books": word(self.books),
        })
    }
}

pub async fn readiness(portal: &Shared) -> Readiness {
    let schema = tokio::time::timeout(PATIENCE, portal.db.write(AskSchema)).await;
    if let Ok(Err(error)) = &schema {
        tracing::warn!(%error, "not ready: the database does not take changes");
    }
    Readiness {
        database: matches!(schema, Ok(Ok(_))),
        schema: matches!(schema, Ok(Ok(version)) if version == newest_schema()),
        books: !portal.book.is_halted(),
    }
}

/// Goes the way every change goes, and changes nothing.
struct AskSchema;

impl Command for AskSchema {
    type Reply = i64;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<i64, DbError> {
        Ok(sqlx::query(SCHEMA).fetch_one(tx).await?.try_get(0)?)
    }
}
