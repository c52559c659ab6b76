//! The database: one code base and one SQL text for SQLite and PostgreSQL.
//!
//! Every change is a [`Command`] run by [`Database::write`] in one transaction. On SQLite all
//! commands go through one writer task that commits them in groups; on PostgreSQL each runs in
//! its own transaction on a pool and is repeated when the engine asks for it. A command may
//! therefore run more than once: it reads what it needs inside the transaction and changes
//! nothing outside it.
//!
//! A refusal in the trade's words is part of a command's reply, decided before the first write;
//! `Err` means that the database failed, and rolls everything back.

mod append_only;
mod error;
mod grouped;
mod open;
mod pooled;
mod snapshot;
mod widened;

pub use error::DbError;
pub use open::{Engine, newest_schema};
pub use snapshot::{Snapshot, snapshot};
pub use widened::{ROWS_AT_MOST, widened};

use std::any::type_name;
use std::future::Future;
use std::sync::Arc;

use sqlx::{AnyConnection, AnyPool};

use crate::clock::Chance;
use crate::failpoints;

/// A change to the database, all or nothing.
pub trait Command: Send + Sync + 'static {
    type Reply: Send + 'static;

    fn apply<'c>(
        &'c self,
        tx: &'c mut AnyConnection,
    ) -> impl Future<Output = Result<Self::Reply, DbError>> + Send + 'c;
}

/// The open database. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    engine: Engine,
    read: AnyPool,
    writer: Writer,
}

#[derive(Clone)]
enum Writer {
    Grouped(grouped::Grouped),
    Pooled(AnyPool, Arc<dyn Chance>),
}

impl Database {
    /// Opens the database, brings its tables up to date and sets up its guards.
    pub async fn open(url: &str, chance: Arc<dyn Chance>) -> Result<Self, DbError> {
        open::open(url, chance).await
    }

    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// For reading only. What must not change between reading and writing is read in a command.
    pub const fn read(&self) -> &AnyPool {
        &self.read
    }

    /// Runs a command; its reply comes after the commit, so it is durable.
    pub async fn write<C: Command>(&self, command: C) -> Result<C::Reply, DbError> {
        let reply = match &self.writer {
            Writer::Grouped(grouped) => grouped.run(command).await?,
            Writer::Pooled(pool, chance) => pooled::run(pool, chance.as_ref(), &command).await?,
        };
        failpoints::pass("after commit of", type_name::<C>);
        Ok(reply)
    }

    /// Waits for open connections to finish and closes them.
    pub async fn close(&self) {
        self.read.close().await;
        match &self.writer {
            Writer::Grouped(grouped) => grouped.close().await,
            Writer::Pooled(pool, _) => pool.close().await,
        }
    }
}

/// How many rows a change touched must be how many it meant to touch.
pub fn expect_rows(
    found: &sqlx::any::AnyQueryResult,
    expected: u64,
    what: &'static str,
) -> Result<(), DbError> {
    if found.rows_affected() == expected {
        return Ok(());
    }
    Err(DbError::RowsAffected { what, found: found.rows_affected(), expected })
}
