//! Told to stop in the middle of things: what got an answer is as the answer said, what did not
//! is whole or not there, and the program ends in time. P23: 200 stops. Killed in the middle of
//! things, it starts again and nothing is lost or doubled. P02: 1,000 kills.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

#[path = "support/program.rs"]
mod program;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use program::{Payer, Place, Serving};
use server::clock::{Clock, SystemChance, SystemClock};
use server::db::Database;
use server::{gateway_events, ledger};
use support::proof::Proof;
use support::{On, TestPortal};

const LONGEST_STOP: Duration = Duration::from_secs(25);

/// What people were told before the end.
#[derive(Default)]
struct Told {
    started: BTreeSet<String>,
    card_taken: BTreeSet<String>,
    refused: u32,
    cut_off: u32,
}

impl Told {
    fn add(&mut self, other: Self) {
        self.started.extend(other.started);
        self.card_taken.extend(other.card_taken);
        self.refused += other.refused;
        self.cut_off += other.cut_off;
    }
}

async fn pay_until(payer: Payer, address: String, stopped: Arc<AtomicBool>) -> Told {
    let mut told = Told::default();
    while !stopped.load(Ordering::SeqCst) {
        let (started, card_taken) = payer.pay(&address, 500).await;
        match started {
            Some((201, document)) => {
                let id = document["id"].as_str().unwrap().to_owned();
                if card_taken {
                    told.card_taken.insert(id.clone());
                }
                told.started.insert(id);
            }
            // Two tabs of one payer stand in each other's way, and are told so.
            Some((409 | 422, _)) => told.refused += 1,
            Some((503, problem)) => assert_eq!(problem["code"], "busy", "{problem}"),
            Some(other) => panic!("an answer that cannot be: {other:?}"),
            None => told.cut_off += 1,
        }
    }
    told
}

async fn states(database: &Database, text: &'static str) -> BTreeSet<String> {
    let rows = sqlx::query_scalar::<_, String>(text).fetch_all(database.read()).await.unwrap();
    rows.into_iter().collect()
}

async fn the_database_is_as_told(place: &Place, told: &Told) {
    let database = Database::open(&place.database_url, Arc::new(SystemChance)).await.unwrap();
    for finding in ledger::check(database.read()).await.unwrap() {
        assert!(finding.broken.is_empty(), "{finding:?}");
    }
    let there = states(&database, "select id from payment").await;
    assert!(told.started.is_subset(&there), "an acknowledged payment is not there");
    database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_told_to_stop_under_load_keeps_every_promise_it_made() {
    let proof = Proof::begin("P23", On::Sqlite, 200);
    let stops = u64::try_from(proof.n).unwrap();
    let place = Place::new();
    assert!(place.run(&["demo"]).status.success());
    let mut all = Told::default();
    let mut payers = Vec::new();
    let mut longest = Duration::ZERO;
    for n in 0..stops {
        let serving = Serving::start(&place, &[]);
        if payers.is_empty() {
            let mail = place.folder.join("mail");
            for person in ["ada", "ben", "cleo", "dan"] {
                let email = format!("{person}@customers.example");
                payers.push(Payer::sign_in(&serving.address, &mail, &email).await);
            }
        }
        let stopped = Arc::new(AtomicBool::new(false));
        let loads = payers.iter().cycle().take(8).map(|payer| {
            tokio::spawn(pay_until(payer.clone(), serving.address.clone(), stopped.clone()))
        });
        let loads: Vec<_> = loads.collect();
        // Not at the same moment of the work each time.
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(150 + 37 * (n % 11)) {
            tokio::task::yield_now().await;
        }
        serving.signal("-TERM");
        let ending = tokio::task::spawn_blocking(move || serving.wait(LONGEST_STOP));
        let (took, well) = ending.await.unwrap();
        assert!(well, "stop {n} took {took:?} or failed");
        longest = longest.max(took);
        stopped.store(true, Ordering::SeqCst);
        let mut told = Told::default();
        for load in loads {
            told.add(load.await.unwrap());
        }
        the_database_is_as_told(&place, &told).await;
        all.add(told);
    }
    // Started once more, what was charged before the end is posted.
    let serving = Serving::start(&place, &[]);
    let database = Database::open(&place.database_url, Arc::new(SystemChance)).await.unwrap();
    let began = Instant::now();
    let missing = loop {
        let posted = states(&database, "select id from payment where state = 'posted'").await;
        let missing: Vec<_> = all.card_taken.difference(&posted).cloned().collect();
        if missing.is_empty() || began.elapsed() > Duration::from_secs(60) {
            break missing;
        }
    };
    assert!(missing.is_empty(), "charged and never posted: {missing:?}");
    database.close().await;
    serving.signal("-TERM");
    assert!(serving.wait(LONGEST_STOP).1);
    proof.counted("payments started", all.started.len());
    proof.counted("cards taken", all.card_taken.len());
    proof.counted("refused in words", all.refused);
    proof.counted("cut off without an answer", all.cut_off);
    proof.counted("milliseconds the longest stop took", longest.as_millis());
    assert!(!all.started.is_empty());
}

/// Eight accounts that always owe more than anybody pays in a proof.
fn bill_everybody(place: &Place) -> Vec<String> {
    let mut rows =
        "customerID,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,SettledDate,Disputed\n"
            .to_owned();
    for customer in 7_001..=7_008 {
        for bill in 1..=20 {
            rows.push_str(&format!(
                "{customer},{customer}-{bill},1/2/2024,2/{bill}/2024,5000.00,,No\n"
            ));
        }
    }
    let file = place.folder.join("bills.csv");
    std::fs::write(&file, rows).unwrap();
    let import = ["import", file.to_str().unwrap(), "--as", "accounts-receivable"];
    let imported = place.run(&import);
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    (7_001..=7_008).map(|customer| format!("{customer}@customers.example")).collect()
}

/// What the gateway received, by the payment it was for.
async fn received(portal: &TestPortal) -> BTreeMap<String, i64> {
    let query = "select document from sandbox_object where kind = 'intent'";
    let pool = portal.portal.db.read();
    let documents: Vec<String> = sqlx::query_scalar(query).fetch_all(pool).await.unwrap();
    let intents = documents.iter().map(|text| serde_json::from_str::<serde_json::Value>(text));
    let intents = intents.map(Result::unwrap).filter(|intent| intent["status"] == "succeeded");
    let mut received = BTreeMap::new();
    for intent in intents {
        let id = intent["metadata"]["payment"].as_str().unwrap().to_owned();
        let amount = intent["amount_received"].as_i64().unwrap();
        assert!(received.insert(id, amount).is_none(), "two intents of one payment succeeded");
    }
    received
}

/// A day passes in which everything is asked about again.
async fn everything_is_settled(place: &Place, told: &Told) -> (usize, usize) {
    let database = Database::open(&place.database_url, Arc::new(SystemChance)).await.unwrap();
    let portal = TestPortal::open_on((database, place.folder.clone()), SystemClock.now()).await;
    for hours in [1, 1, 2, 24] {
        portal.clock.pass_seconds(hours * 3_600);
        portal.sandbox.tick().await.unwrap();
        portal.news_is_fetched().await;
        while gateway_events::sweep(&portal.portal).await.unwrap().looked_at > 0 {}
    }
    let pool = portal.portal.db.read();
    let rows: Vec<(String, String, i64)> =
        sqlx::query_as("select id, state, received from payment").fetch_all(pool).await.unwrap();
    let ended = ["posted", "failed", "cancelled", "expired"];
    assert!(rows.iter().all(|row| ended.contains(&row.1.as_str())), "something is in doubt");
    let posted: BTreeMap<String, i64> =
        rows.iter().filter(|row| row.1 == "posted").map(|row| (row.0.clone(), row.2)).collect();
    let charged = received(&portal).await;
    assert_eq!(posted, charged, "posted here, received at the gateway");
    let ids: BTreeSet<String> = rows.into_iter().map(|row| row.0).collect();
    assert!(told.started.is_subset(&ids), "an acknowledged payment is not there");
    assert!(told.card_taken.iter().all(|id| posted.contains_key(id)), "charged and not posted");
    let count = (ids.len(), posted.len());
    portal.close().await;
    count
}

async fn kill_again_and_again(on: On) {
    let mut proof = Proof::begin("P02", on, 1_000);
    let Some(place) = Place::on(on).await else { return };
    let people = bill_everybody(&place);
    let mut payers = Vec::new();
    let mut told = Told::default();
    let mut slowest = Duration::ZERO;
    for _ in 0..proof.n {
        let began = Instant::now();
        let serving = Serving::start(&place, &[]);
        slowest = slowest.max(began.elapsed());
        if payers.is_empty() {
            let mail = place.folder.join("mail");
            for email in &people {
                payers.push(Payer::sign_in(&serving.address, &mail, email).await);
            }
        }
        let stopped = Arc::new(AtomicBool::new(false));
        let loads: Vec<_> = payers
            .iter()
            .map(|payer| {
                tokio::spawn(pay_until(payer.clone(), serving.address.clone(), stopped.clone()))
            })
            .collect();
        let moment = Duration::from_millis(proof.dice.below(300).try_into().unwrap());
        let began = Instant::now();
        while began.elapsed() < moment {
            tokio::task::yield_now().await;
        }
        serving.signal("-KILL");
        stopped.store(true, Ordering::SeqCst);
        let ending = tokio::task::spawn_blocking(move || serving.wait(LONGEST_STOP));
        ending.await.unwrap();
        for load in loads {
            told.add(load.await.unwrap());
        }
    }
    let (payments, posted) = everything_is_settled(&place, &told).await;
    proof.counted("payments", payments);
    proof.counted("posted, and received at the gateway", posted);
    proof.counted("payments acknowledged", told.started.len());
    proof.counted("cards taken", told.card_taken.len());
    proof.counted("cut off without an answer", told.cut_off);
    proof.counted("milliseconds the slowest start took", slowest.as_millis());
    assert!(told.card_taken.len() > proof.n / 10, "it was hardly ever at work");
    assert!(slowest < Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_at_any_moment_loses_and_doubles_nothing_on_sqlite() {
    kill_again_and_again(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_at_any_moment_loses_and_doubles_nothing_on_postgres() {
    kill_again_and_again(On::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_watchers_listener_answers_beside_the_portal_and_alone_has_the_numbers() {
    let place = Place::new();
    let serving = Serving::start(&place, &[("PAYDOWN_METRICS_LISTEN", "127.0.0.1:0")]);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().build().unwrap();
    let get = async |url: String| {
        let answer = http.get(url).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let watched = serving.watched_on.clone().expect("it says where it is watched");
    for address in [&watched, &serving.address] {
        assert_eq!(get(format!("{address}/healthz")).await, (200, r#"{"status":"ok"}"#.to_owned()));
        let (status, body) = get(format!("{address}/readyz")).await;
        assert_eq!(status, 200, "{body}");
        assert!(body.contains(r#""books":"ok""#), "{body}");
    }
    let (status, numbers) = get(format!("{watched}/metrics")).await;
    assert_eq!(status, 200);
    assert!(numbers.contains("paydown_books_ok 1\n"), "{numbers}");
    let (_, page) = get(format!("{}/metrics", serving.address)).await;
    assert!(!page.contains("paydown_books_ok"), "the public has no numbers");
    serving.signal("-TERM");
    let ended = tokio::task::spawn_blocking(move || serving.wait(LONGEST_STOP)).await.unwrap();
    assert!(ended.1);
}
