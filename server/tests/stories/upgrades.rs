//! Upgrades: killed at any moment, the program goes on where it was; what it finds made by a newer
//! one it leaves alone. P24: 50 databases on each engine, three kills each.

use crate::support;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::On;
use crate::support::program::Place;
use crate::support::proof::Proof;
use sqlx::migrate::Migrator;
use sqlx::{AnyPool, AssertSqlSafe};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The tables as the first version had them.
const FIRST_TABLES: i64 = 8;

/// A bill of 80.00, of which 50.00 were paid.
const LIFE: &[&str] = &[
    "insert into customer (id, email, name, created_at) values ('cus_1', 'a@x.example', 'Ada', 1)",
    "insert into account (id, number, name, currency, receipts_issued) \
     values ('acc_1', '1', 'Ada', 'USD', 1)",
    "insert into bill (id, account_id, number, issued_on, due_on, total, open_amount, standing) \
     values ('bil_1', 'acc_1', 'B-1', '2026-09-01', '2026-09-15', 8000, 3000, 'issued')",
    "insert into bill_line (bill_id, line, description, quantity, unit_price, discount, tax_rate, \
     tax, amount) values ('bil_1', 1, 'Water', '1', 8000, 0, '0', 0, 8000)",
    "insert into posting (id, account_id, kind, source, source_ref, effective_on, recorded_at) \
     values ('pos_1', 'acc_1', 'bill_issued', 'bill', 'bil_1', '2026-09-01', 1)",
    "insert into entry values ('pos_1', 1, 'acc_1', 'receivable', 'bil_1', 'USD', 8000)",
    "insert into entry values ('pos_1', 2, 'acc_1', 'income', null, 'USD', -8000)",
    "insert into payment (id, account_id, started_by, idempotency_key, request_hash, amount, \
     currency, tender, direction, preview, fingerprint, state, gateway, gateway_ref, received, \
     started_at, expires_at, changed_at) values ('pay_1', 'acc_1', 'cus_1', 'key', 'hash', 5000, \
     'USD', 'card', '{}', '{}', 'f', 'posted', 'sandbox', 'pi_1', 5000, 1, 1, 1)",
    "insert into posting values ('pos_2', 'acc_1', 'payment_received', 'sandbox', 'pi_1', 'pay_1', \
     '2026-10-01', 2)",
    "insert into entry values ('pos_2', 1, 'acc_1', 'clearing:sandbox', null, 'USD', 5000)",
    "insert into entry values ('pos_2', 2, 'acc_1', 'receivable', 'bil_1', 'USD', -5000)",
    "insert into application values ('app_1', 'pos_2', 'acc_1', 'pay_1', 'bil_1', 5000, \
     'oldest_overdue', '2026-10-01')",
    "insert into receipt values ('pay_1', 'acc_1', 'R-1-0001', 2, '{}')",
];

async fn pool(place: &Place) -> AnyPool {
    sqlx::any::install_default_drivers();
    let is_file = place.database_url.starts_with("sqlite:");
    let url = if is_file {
        format!("{}?mode=rwc", place.database_url)
    } else {
        place.database_url.clone()
    };
    AnyPool::connect(&url).await.unwrap()
}

/// A place whose database is PostgreSQL's, where there is one.
async fn place_on(on: On) -> Option<Place> {
    let mut place = Place::new();
    if on == On::Postgres {
        let server = support::postgres_url()?;
        sqlx::any::install_default_drivers();
        let name = place.folder.file_name().unwrap().to_str().unwrap().to_owned();
        let pool = AnyPool::connect(&server).await.unwrap();
        let make = AssertSqlSafe(format!("create database {name}"));
        sqlx::query(make).execute(&pool).await.unwrap();
        pool.close().await;
        let (base, _) = server.rsplit_once('/').unwrap();
        place.database_url = format!("{base}/{name}");
    }
    Some(place)
}

async fn of_the_first_version(place: &Place) {
    let pool = pool(place).await;
    let mut connection = pool.acquire().await.unwrap();
    MIGRATIONS.run_to(FIRST_TABLES, &mut *connection).await.unwrap();
    for sql in LIFE {
        sqlx::query(*sql).execute(&mut *connection).await.unwrap();
    }
    drop(connection);
    pool.close().await;
}

/// Starts an upgrade and kills it after this long; whether it was still at it.
fn killed_after(place: &Place, time: Duration) -> bool {
    let mut command = place.program(&["migrate"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while began.elapsed() < time {
        std::hint::spin_loop();
    }
    let was_at_it = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    was_at_it
}

fn says(place: &Place, arguments: &[&str]) -> String {
    let output = place.run(arguments);
    let (text, error) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {text}{error}");
    text.into_owned()
}

async fn upgrades_are_killed(on: On) {
    let proof = Proof::begin("P24", on, 50);
    let kills = u32::try_from(proof.n).unwrap();
    let Some(undisturbed) = place_on(on).await else { return };
    of_the_first_version(&undisturbed).await;
    let began = Instant::now();
    says(&undisturbed, &["migrate"]);
    let takes = began.elapsed();
    let book = says(&undisturbed, &["export", "--as", "hledger"]);
    assert!(book.contains("30.00 USD"), "{book}");
    let mut killed = 0;
    for n in 1..=kills {
        let place = place_on(on).await.unwrap();
        of_the_first_version(&place).await;
        // Again and again on the same tables, a little later each time.
        for part in [n, n + kills / 3, n + kills / 2] {
            killed += u32::from(killed_after(&place, takes * part / kills));
        }
        says(&place, &["migrate"]);
        assert!(says(&place, &["check"]).contains("The book is exact."));
        assert_eq!(says(&place, &["export", "--as", "hledger"]), book);
    }
    proof.counted("upgrades killed half-way", killed);
    proof.counted("milliseconds an undisturbed one takes", takes.as_millis());
    assert!(killed > 0);
}

#[tokio::test]
async fn an_upgrade_killed_at_any_moment_goes_on_where_it_was() {
    upgrades_are_killed(On::Sqlite).await;
    upgrades_are_killed(On::Postgres).await;
}

#[tokio::test]
async fn what_a_newer_version_made_is_refused_and_left_alone() {
    for on in [On::Sqlite, On::Postgres] {
        let Some(place) = place_on(on).await else { continue };
        says(&place, &["migrate"]);
        let newer = pool(&place).await;
        let from_the_future = "insert into _sqlx_migrations \
             select 9999, 'from the future', installed_on, success, checksum, execution_time \
             from _sqlx_migrations where version = 1";
        sqlx::query(from_the_future).execute(&newer).await.unwrap();
        newer.close().await;
        for arguments in [&["migrate"][..], &["serve", "--listen", "127.0.0.1:0"], &["check"]] {
            let output = place.run(arguments);
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success(), "{arguments:?} went on");
            assert!(error.contains("made by a newer version"), "{arguments:?}: {error}");
        }
    }
}
