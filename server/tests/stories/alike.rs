//! Whether an address is a customer's is not told by the work either: asking for a code makes
//! the server say the same sentences to the database for both. Told in a process of its own, because
//! it listens to everything the whole process says to its database.

use std::io::Write;
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::support::browser::Browser;
use crate::support::{On, TestPortal};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// What the database layer logs, a JSON line for each statement.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Heard {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Heard {
    /// The statements since the last call, with how many rows each gave or changed.
    fn statements(&self) -> Vec<(String, String)> {
        let lines = String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap();
        let event = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
        lines
            .lines()
            .map(event)
            .map(|event| {
                let fields = &event["fields"];
                (fields["summary"].to_string(), fields["rows_affected"].to_string())
            })
            .collect()
    }
}

async fn the_work_is_the_same(on: On, heard: &Heard) {
    let Some(portal) = TestPortal::open(on).await else { return };
    let account = portal.account(&[("2026-09-15", 8_000)]).await;
    let query = "select email from customer where id = $1";
    let query = sqlx::query_scalar(query).bind(account.customer_id.to_string());
    let known: String = query.fetch_one(portal.portal.db.read()).await.unwrap();
    let mut browser = Browser::at(&portal.portal);
    // The first time each statement is prepared, which is said too.
    browser.ask_for_code("first@nowhere.example").await;
    heard.statements();
    let mut work = Vec::new();
    // The sixth of one address is too many, for both alike.
    for _ in 0..6 {
        for email in [known.as_str(), "nobody@nowhere.example"] {
            let mut browser = browser.another();
            assert_eq!(browser.ask_for_code(email).await.status, 202);
            work.push(heard.statements());
        }
    }
    for (n, pair) in work.chunks(2).enumerate() {
        assert!(pair[0].len() >= if n < 5 { 5 } else { 1 }, "{:#?}", pair[0]);
        assert_eq!(pair[0], pair[1], "{on:?}, time {n}");
    }
    assert_eq!(portal.count("sign_in_code").await, 11);
    assert_eq!(portal.count("outbox").await, 11);
    portal.close().await;
}

#[tokio::test]
#[ignore = "listens to its whole process; known_and_unknown_addresses_cost_the_same_work starts it"]
async fn told_alone() {
    let heard = Heard::default();
    let filter = EnvFilter::new("sqlx::query=debug");
    let listener = tracing_subscriber::fmt().json().with_env_filter(filter);
    listener.with_writer(heard.clone()).init();
    the_work_is_the_same(On::Sqlite, &heard).await;
    the_work_is_the_same(On::Postgres, &heard).await;
}

#[test]
fn known_and_unknown_addresses_cost_the_same_work() {
    let stories = Command::new(std::env::current_exe().unwrap())
        .args(["alike::told_alone", "--exact", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&stories.stdout);
    let complained = String::from_utf8_lossy(&stories.stderr);
    assert!(stories.status.success(), "{said}\n{complained}");
    assert!(said.contains("1 passed"), "{said}");
}
