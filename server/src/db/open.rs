//! Opening: pools with the settings that make an acknowledged payment durable, and migrations.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{AnyPool, Executor};

use super::grouped::Grouped;
use super::{Database, DbError, Writer, append_only};
use crate::clock::Chance;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The version of the tables that this program was made for.
pub fn newest_schema() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    fn of(url: &str) -> Result<Self, DbError> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => Ok(Self::Sqlite),
            Some("postgres" | "postgresql") => Ok(Self::Postgres),
            _ => {
                Err(DbError::SetUp("database_url must begin with sqlite: or postgres:".to_owned()))
            }
        }
    }
}

/// WAL with synchronous=FULL: a commit is on the disk before anyone is told.
const SQLITE_SETTINGS: &str = "pragma journal_mode = wal; pragma synchronous = full; \
     pragma foreign_keys = on; pragma busy_timeout = 5000; pragma cache_size = -65536;";

pub(super) async fn open(url: &str, chance: Arc<dyn Chance>) -> Result<Database, DbError> {
    sqlx::any::install_default_drivers();
    let engine = Engine::of(url)?;
    let database = match engine {
        Engine::Sqlite => {
            let url = with_file(url)?;
            let writer = Grouped::start(url.clone()).await?;
            prepare(writer.pool(), engine).await?;
            let read = sqlite_pool(&url, 4).await?;
            Database { engine, read, writer: Writer::Grouped(writer) }
        }
        Engine::Postgres => {
            let pool = AnyPoolOptions::new()
                .max_connections(16)
                .test_before_acquire(false)
                .acquire_timeout(Duration::from_secs(5))
                .connect(url)
                .await?;
            prepare(&pool, engine).await?;
            Database { engine, read: pool.clone(), writer: Writer::Pooled(pool, chance) }
        }
    };
    Ok(database)
}

/// SQLite makes the file, but not the folder it lies in.
fn with_file(url: &str) -> Result<String, DbError> {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    if let Some(folder) = Path::new(path).parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| DbError::SetUp(format!("{}: {error}", folder.display())))?;
    }
    let create = if url.contains('?') { "&mode=rwc" } else { "?mode=rwc" };
    Ok(if url.contains("mode=") { url.to_owned() } else { format!("{url}{create}") })
}

pub(super) async fn sqlite_pool(url: &str, connections: u32) -> Result<AnyPool, DbError> {
    let pool = AnyPoolOptions::new()
        .max_connections(connections)
        .test_before_acquire(false)
        .acquire_timeout(Duration::from_secs(5))
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute(SQLITE_SETTINGS).await?;
                Ok(())
            })
        })
        .connect(url)
        .await?;
    Ok(pool)
}

async fn prepare(pool: &AnyPool, engine: Engine) -> Result<(), DbError> {
    MIGRATIONS.run(pool).await.map_err(|error| match error {
        MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(_, _) => DbError::NewerSchema,
        MigrateError::Execute(error) => error.into(),
        other => DbError::SetUp(other.to_string()),
    })?;
    let mut connection = pool.acquire().await?;
    append_only::guard(&mut connection, engine).await
}
