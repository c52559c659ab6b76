//! What the database can do at most: the rooms' own statements, each once, writing the rows a
//! posting writes, with nothing worked out in between.
//!
//! SQLite: one connection without any layer, 64 payments a commit, the commit waiting for the
//! disk. PostgreSQL: 16 connections, a transaction a payment.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use server::db::Engine;
use server::payments::PaymentRecord;
use sqlx::{Connection, PgConnection};

use crate::Outcome;
use crate::book::Waiting;
use crate::figures::Run;
use crate::rows::{Rows, Samples, Texts, Value};
use crate::stage::Stage;

const CLIENTS: usize = 16;
const PAYMENTS_A_COMMIT: usize = 64;

pub struct Limit {
    engine: Engine,
    texts: Texts,
    samples: Samples,
    file: PathBuf,
    url: String,
}

impl Limit {
    pub async fn of(stage: &Stage) -> Outcome<Self> {
        Ok(Self {
            engine: stage.engine,
            texts: Texts::new(stage.engine)?,
            samples: Samples::of(&stage.portal).await?,
            file: stage.folder.join("paydown.sqlite"),
            url: stage.database_url.clone(),
        })
    }

    pub const fn name(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite => "bare SQL, one connection, 64 payments a commit",
            Engine::Postgres => "bare SQL, 16 connections, a commit each",
        }
    }

    pub async fn measure(&self, waiting: &Waiting, time: Duration) -> Outcome<Run> {
        match self.engine {
            // The portal's own threads have nothing to do meanwhile.
            Engine::Sqlite => tokio::task::block_in_place(|| self.on_sqlite(waiting, time)),
            Engine::Postgres => self.on_postgres(waiting, time).await,
        }
    }

    fn rows<'a>(&'a self, payment: &'a PaymentRecord) -> Rows<'a> {
        Rows::of(&self.texts, &self.samples, payment)
    }

    fn on_sqlite(&self, waiting: &Waiting, time: Duration) -> Outcome<Run> {
        let connection = open(&self.file)?;
        let start = Instant::now();
        let mut count = 0;
        while start.elapsed() < time {
            let payments = waiting.take_some(PAYMENTS_A_COMMIT);
            if payments.is_empty() {
                break;
            }
            connection.execute_batch("begin immediate")?;
            for payment in &payments {
                for (text, values) in self.rows(payment).statements() {
                    let mut statement = connection.prepare_cached(text)?;
                    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
                    while rows.next()?.is_some() {}
                }
            }
            connection.execute_batch("commit")?;
            count += payments.len();
        }
        Ok(Run { count, took: start.elapsed(), each: Vec::new() })
    }

    async fn on_postgres(&self, waiting: &Waiting, time: Duration) -> Outcome<Run> {
        let connections = (0..CLIENTS).map(|_| PgConnection::connect(&self.url));
        let connections = try_join_all(connections).await?;
        let start = Instant::now();
        let clients = connections.into_iter().map(|mut connection| async move {
            let mut each = Vec::new();
            while start.elapsed() < time
                && let Some(payment) = waiting.take()
            {
                let began = Instant::now();
                let mut tx = connection.begin().await?;
                for (text, values) in self.rows(&payment).statements() {
                    let bound = values.into_iter().fold(sqlx::query(text), bind);
                    bound.fetch_all(&mut *tx).await?;
                }
                tx.commit().await?;
                each.push(began.elapsed());
            }
            Outcome::Ok(each)
        });
        let each = try_join_all(clients).await?.concat();
        Ok(Run { count: each.len(), took: start.elapsed(), each })
    }
}

/// A connection to the portal's file without any layer, as careful as the portal's own.
pub fn bare_connection(stage: &Stage) -> Outcome<rusqlite::Connection> {
    open(&stage.folder.join("paydown.sqlite"))
}

fn open(file: &Path) -> Outcome<rusqlite::Connection> {
    let connection = rusqlite::Connection::open(file)?;
    connection.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;
         pragma busy_timeout = 5000; pragma cache_size = -65536;",
    )?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

type PgQuery<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

fn bind(query: PgQuery<'_>, value: Value) -> PgQuery<'_> {
    match value {
        Value::Number(number) => query.bind(number),
        Value::Text(text) => query.bind(text),
        Value::NoNumber => query.bind(None::<i64>),
        Value::NoText => query.bind(None::<String>),
    }
}
