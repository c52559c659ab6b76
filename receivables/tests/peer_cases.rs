//! Cases of other systems, from their test suites and issue trackers, as neutral facts. Each is
//! either run against the rules or listed in `peer_cases_not_run.txt` with the reason.
//!
//! The facts lie beside the project, not in it: where they are absent this says so and passes.

#![expect(clippy::panic, reason = "a fact that is missing or wrong is a failed test")]

#[path = "peer_cases/balances.rs"]
mod balances;
#[path = "peer_cases/book.rs"]
mod book;
#[path = "peer_cases/facts.rs"]
mod facts;
#[path = "peer_cases/splits.rs"]
mod splits;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::catch_unwind;

use serde_json::Value;

const FACTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/peer-cases.json");
const NOT_RUN: &str = include_str!("peer_cases_not_run.txt");

fn not_run() -> BTreeMap<&'static str, &'static str> {
    let lines = NOT_RUN.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.filter_map(|line| line.split_once("  ")).collect()
}

#[test]
fn every_reason_for_not_running_a_case_says_which_kind_it_is() {
    let listed = NOT_RUN.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
    assert_eq!(not_run().len(), listed, "a line has no reason, or a case is listed twice");
    for (id, reason) in not_run() {
        let known = ["overruled: ", "not here: "].iter().any(|kind| reason.starts_with(kind));
        assert!(known && reason.len() > 15, "{id}: {reason}");
    }
}

#[test]
fn the_cases_of_other_systems_come_out_or_have_a_reason_not_to() {
    let Ok(text) = std::fs::read_to_string(FACTS) else {
        println!("the peers' cases are not there; nothing to run");
        return;
    };
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    let by_id: BTreeMap<&str, &Value> =
        cases.iter().map(|case| (facts::text(case, "/id"), case)).collect();
    let run: Vec<&splits::Run> = splits::CASES.iter().chain(balances::CASES).collect();
    let run_ids: BTreeSet<&str> = run.iter().map(|(id, _)| *id).collect();
    let not_run = not_run();
    assert_eq!(run_ids.len(), run.len(), "a case is run twice");

    for id in by_id.keys() {
        let (run, listed) = (run_ids.contains(id), not_run.contains_key(id));
        assert!(run != listed, "{id}: run {run}, listed as not run {listed}");
    }
    for id in run_ids.iter().chain(not_run.keys()) {
        assert!(by_id.contains_key(id), "{id} is not one of the peers' cases");
    }
    let failed: Vec<&str> = run
        .iter()
        .filter(|(id, run)| catch_unwind(|| run(by_id[id])).is_err())
        .map(|r| r.0)
        .collect();
    let overruled = not_run.values().filter(|reason| reason.starts_with("overruled")).count();
    println!(
        "{} cases: {} run, {} overruled, {} not here",
        cases.len(),
        run.len(),
        overruled,
        not_run.len() - overruled
    );
    assert!(failed.is_empty(), "{failed:?} come out otherwise");
}
