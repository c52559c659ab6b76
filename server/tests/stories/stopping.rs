//! Told to stop in the middle of things: what got an answer is as the answer said, what did not
//! is whole or not there, and the program ends in time. P23: 200 stops.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::On;
use crate::support::load::{Day, Told, pays};
use crate::support::program::{Payer, Place, Serving};
use crate::support::proof::Proof;
use server::clock::SystemChance;
use server::db::Database;
use server::ledger;

const LONGEST_STOP: Duration = Duration::from_secs(25);

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
    let people = place.bill_everybody();
    let mut all = Told::default();
    let mut payers = Vec::new();
    let mut longest = Duration::ZERO;
    for n in 0..stops {
        let serving = Serving::start(&place, &[]);
        if payers.is_empty() {
            let mail = place.folder.join("mail");
            for email in &people {
                payers.push(Payer::sign_in(&serving.address, &mail, email).await);
            }
        }
        let day = Day::at(&serving.address);
        let loads = payers.iter().map(|payer| tokio::spawn(pays(payer.clone(), day.clone())));
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
        day.ends();
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
    assert!(all.started.len() >= proof.n, "hardly anybody paid");
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
