//! The database layer on both engines: what is acknowledged is there, what fails takes nobody
//! else along, and a database that is not ours is refused.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed; one command panics on purpose"
)]

use std::sync::Arc;

use crate::support::{On, fresh_database};
use server::clock::SystemChance;
use server::db::{Command, Database, DbError};
use sqlx::{AnyConnection, Row};

/// Adds one line to a table of the test's own, then perhaps goes wrong.
struct Add {
    n: i64,
    then: Then,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Succeed,
    BreakARule,
    Panic,
}

impl Command for Add {
    type Reply = i64;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<i64, DbError> {
        sqlx::query("insert into line (n) values ($1)").bind(self.n).execute(&mut *tx).await?;
        match self.then {
            Then::Succeed => Ok(self.n),
            Then::BreakARule => {
                sqlx::query("insert into line (n) values (-1)").execute(tx).await?;
                Ok(self.n)
            }
            Then::Panic => panic!("a fault of ours"),
        }
    }
}

struct MakeTable;

impl Command for MakeTable {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        let table = "create table line (n bigint primary key, \
                     constraint n_is_not_negative check (n >= 0))";
        sqlx::query(table).execute(tx).await?;
        Ok(())
    }
}

async fn on_both(test: impl AsyncFn(Database)) {
    for on in [On::Sqlite, On::Postgres] {
        let Some((database, folder)) = fresh_database(on, Arc::new(SystemChance)).await else {
            continue;
        };
        test(database.clone()).await;
        database.close().await;
        let _ = std::fs::remove_dir_all(folder);
    }
}

async fn lines(database: &Database) -> i64 {
    let query = sqlx::query("select count(*) from line");
    query.fetch_one(database.read()).await.unwrap().try_get(0).unwrap()
}

#[tokio::test]
async fn many_commands_at_once_are_all_there_when_they_are_acknowledged() {
    on_both(async |database| {
        database.write(MakeTable).await.unwrap();
        let adds = (0..500).map(|n| database.write(Add { n, then: Then::Succeed }));
        for (n, reply) in (0..).zip(futures_util::future::join_all(adds).await) {
            assert_eq!(reply.unwrap(), n);
        }
        assert_eq!(lines(&database).await, 500);
    })
    .await;
}

#[tokio::test]
async fn a_command_that_fails_leaves_nothing_and_takes_nobody_along() {
    on_both(async |database| {
        database.write(MakeTable).await.unwrap();
        let adds = (0..200).map(|n| {
            let then = if n % 10 == 3 { Then::BreakARule } else { Then::Succeed };
            database.write(Add { n, then })
        });
        for (n, reply) in (0..).zip(futures_util::future::join_all(adds).await) {
            match reply {
                Ok(reply) => assert_eq!((reply, n % 10 == 3), (n, false)),
                Err(error) => {
                    assert!(n % 10 == 3, "{n}: {error}");
                    assert!(matches!(error, DbError::Refused { unique: false, .. }), "{error:?}");
                }
            }
        }
        assert_eq!(lines(&database).await, 180);
    })
    .await;
}

#[tokio::test]
async fn a_fault_in_one_command_stops_nobody_who_writes_after_it() {
    let (database, folder) = fresh_database(On::Sqlite, Arc::new(SystemChance)).await.unwrap();
    database.write(MakeTable).await.unwrap();
    let others = (1..40).map(|n| database.write(Add { n, then: Then::Succeed }));
    let (fault, others) = tokio::join!(
        database.write(Add { n: 0, then: Then::Panic }),
        futures_util::future::join_all(others),
    );
    assert!(matches!(fault, Err(DbError::Abandoned)));
    assert!(others.into_iter().all(|reply| reply.is_ok()));
    assert_eq!(database.write(Add { n: 40, then: Then::Succeed }).await.unwrap(), 40);
    assert_eq!(lines(&database).await, 40);
    database.close().await;
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test]
async fn a_caller_who_goes_away_does_not_undo_what_is_written() {
    let (database, folder) = fresh_database(On::Sqlite, Arc::new(SystemChance)).await.unwrap();
    database.write(MakeTable).await.unwrap();
    {
        let mut abandoned = Box::pin(database.write(Add { n: 1, then: Then::Succeed }));
        // Polled once, so that it stands in the queue, then dropped.
        assert!(futures_util::poll!(&mut abandoned).is_pending());
    }
    // The writer takes commands in order, so this answer comes after the abandoned one.
    database.write(Add { n: 2, then: Then::Succeed }).await.unwrap();
    assert_eq!(lines(&database).await, 2);
    database.close().await;
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test]
async fn the_tables_know_the_difference_between_a_repeat_and_a_broken_rule() {
    on_both(async |database| {
        database.write(MakeTable).await.unwrap();
        database.write(Add { n: 7, then: Then::Succeed }).await.unwrap();
        let repeat = database.write(Add { n: 7, then: Then::Succeed }).await.unwrap_err();
        assert!(repeat.is_unique_violation(), "{repeat:?}");
        let broken = database.write(Add { n: -2, then: Then::Succeed }).await.unwrap_err();
        assert!(!broken.is_unique_violation() && !broken.is_busy(), "{broken:?}");
    })
    .await;
}

#[tokio::test]
async fn a_database_made_by_a_newer_version_is_refused() {
    let (database, folder) = fresh_database(On::Sqlite, Arc::new(SystemChance)).await.unwrap();
    let newer = "insert into _sqlx_migrations
        (version, description, installed_on, success, checksum, execution_time)
        values (9999, 'from the future', current_timestamp, true, x'00', 0)";
    sqlx::query(newer).execute(database.read()).await.unwrap();
    database.close().await;
    let url = format!("sqlite://{}/paydown.sqlite", folder.display());
    let opened = Database::open(&url, Arc::new(SystemChance)).await;
    assert!(matches!(opened, Err(DbError::NewerSchema)));
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test]
async fn sqlite_keeps_what_it_acknowledges_when_the_power_goes() {
    let (database, folder) = fresh_database(On::Sqlite, Arc::new(SystemChance)).await.unwrap();
    let setting = async |name: &'static str| -> String {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("pragma {name}")))
            .fetch_one(database.read())
            .await
            .unwrap();
        row.try_get::<String, _>(0)
            .unwrap_or_else(|_| row.try_get::<i64, _>(0).map(|number| number.to_string()).unwrap())
    };
    assert_eq!(setting("journal_mode").await, "wal");
    assert_eq!(setting("synchronous").await, "2", "2 is FULL");
    assert_eq!(setting("foreign_keys").await, "1");
    database.close().await;
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test]
async fn a_closed_sqlite_file_holds_everything_by_itself() {
    let (database, folder) = fresh_database(On::Sqlite, Arc::new(SystemChance)).await.unwrap();
    database.write(MakeTable).await.unwrap();
    database.write(Add { n: 1, then: Then::Succeed }).await.unwrap();
    database.close().await;
    let copy = folder.join("copy.sqlite");
    std::fs::copy(folder.join("paydown.sqlite"), &copy).unwrap();
    let url = format!("sqlite://{}", copy.display());
    let restored = Database::open(&url, Arc::new(SystemChance)).await.unwrap();
    assert_eq!(lines(&restored).await, 1);
    restored.close().await;
    let _ = std::fs::remove_dir_all(folder);
}
