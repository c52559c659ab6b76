//! What the stories of the tests share: a fresh database each, and a clock that stands still.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use receivables::calendar::Micros;
use server::clock::{Chance, Clock, SystemChance};
use server::config::{self, Settings, Zone};
use server::db::Database;
use sqlx::Connection;

/// A clock that stands still.
pub struct FixedClock(pub Micros);

impl FixedClock {
    pub fn at(text: &str) -> Self {
        Self(Micros(text.parse::<jiff::Timestamp>().unwrap().as_microsecond()))
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Micros {
        self.0
    }
}

/// Bytes that never repeat and are the same in every run.
#[derive(Default)]
pub struct CountingChance(AtomicU64);

impl Chance for CountingChance {
    fn fill(&self, bytes: &mut [u8]) {
        let count = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        for (place, byte) in bytes.iter_mut().rev().enumerate() {
            *byte = count.iter().rev().nth(place).copied().unwrap_or(0);
        }
    }
}

/// The settings as a portal without any configuration has them.
pub fn settings() -> (Settings, Zone) {
    let loaded = config::load(None, &[]).unwrap();
    (loaded.settings, loaded.zone)
}

/// A database of its own for one test; gone with it.
pub struct FreshDatabase {
    pub db: Database,
    folder: Option<PathBuf>,
}

impl Drop for FreshDatabase {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

fn unique_name() -> String {
    let mut bytes = [0; 8];
    SystemChance.fill(&mut bytes);
    format!("paydown_test_{}", hex::encode(bytes))
}

pub async fn sqlite() -> FreshDatabase {
    let folder = std::env::temp_dir().join(unique_name());
    let url = format!("sqlite://{}", folder.join("paydown.sqlite").display());
    let db = Database::open(&url, Arc::new(SystemChance)).await.unwrap();
    FreshDatabase { db, folder: Some(folder) }
}

/// A new PostgreSQL database on the server the test set-up started; `None` without one.
pub async fn postgres() -> Option<FreshDatabase> {
    let Ok(server) = std::env::var("PAYDOWN_TEST_POSTGRES") else {
        eprintln!("PAYDOWN_TEST_POSTGRES is not set: on SQLite only");
        return None;
    };
    sqlx::any::install_default_drivers();
    let name = unique_name();
    let mut connection = sqlx::AnyConnection::connect(&server).await.unwrap();
    let text = format!("create database {name}");
    sqlx::query(sqlx::AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let (before, _) = server.rsplit_once('/').unwrap();
    let url = format!("{before}/{name}");
    let db = Database::open(&url, Arc::new(SystemChance)).await.unwrap();
    Some(FreshDatabase { db, folder: None })
}

/// SQLite always, PostgreSQL where there is one.
pub async fn each_engine() -> Vec<FreshDatabase> {
    let mut databases = vec![sqlite().await];
    databases.extend(postgres().await);
    databases
}

/// One number the database answers with.
pub async fn number(db: &Database, sql: &'static str) -> i64 {
    sqlx::query_scalar::<_, i64>(sql).fetch_one(db.read()).await.unwrap()
}

/// Every invariant of the book holds.
pub async fn assert_sound(db: &Database) {
    for finding in server::ledger::check(db.read()).await.unwrap() {
        assert!(finding.broken.is_empty(), "{}: {:?}", finding.holds, finding.broken);
    }
}
