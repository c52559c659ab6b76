//! One moment of the database: whatever others write meanwhile, everything read through it is of
//! the same instant. What compares tables with each other reads this way, or a payment posted
//! between two questions would look like a broken book.

use sqlx::{Any, AnyPool, Transaction};

use super::{DbError, Engine};

/// Ends when it is dropped; nothing is written through it.
pub type Snapshot = Transaction<'static, Any>;

pub async fn snapshot(pool: &AnyPool) -> Result<Snapshot, DbError> {
    let begin = match engine_of(pool).await? {
        // With a write-ahead log, a reader stays at the moment of its first question.
        Engine::Sqlite => "begin",
        Engine::Postgres => "begin isolation level repeatable read, read only",
    };
    Ok(pool.begin_with(begin).await?)
}

async fn engine_of(pool: &AnyPool) -> Result<Engine, DbError> {
    let connection = pool.acquire().await?;
    Ok(if connection.backend_name() == "PostgreSQL" { Engine::Postgres } else { Engine::Sqlite })
}
