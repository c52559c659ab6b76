//! Prints a hash for every thousand seeded cases and ends with 0 where all are as recorded in
//! `cases.sha256`, else with the number of the first thousand that differs.
//!
//! The tests run it natively; `tools/wasm-parity.sh` runs the browser's build of it. After a
//! change of the rules that is meant: `cargo run --package wasm-parity > \
//! tools/wasm-parity/cases.sha256`.

mod cases;

use std::process::ExitCode;

use sha2::{Digest, Sha256};

const THOUSANDS: u8 = 100;
const RECORDED: &str = include_str!("../cases.sha256");

fn main() -> ExitCode {
    let mut outcome = 0;
    let mut recorded = RECORDED.lines();
    for thousand in 1..=THOUSANDS {
        let hash = hash_of(thousand);
        println!("{hash}");
        if recorded.next() != Some(hash.as_str()) && outcome == 0 {
            outcome = thousand;
        }
    }
    ExitCode::from(outcome)
}

/// The hash of what the rules answer to one thousand of the cases.
fn hash_of(thousand: u8) -> String {
    let mut hash = Sha256::new();
    for case in 0..1_000 {
        hash.update(cases::outcome(u64::from(thousand) * 1_000 + case));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_answers_100_000_seeded_cases_as_recorded() {
        let recorded: Vec<&str> = RECORDED.lines().collect();
        assert_eq!(recorded.len(), usize::from(THOUSANDS));
        for (thousand, recorded) in (1..=THOUSANDS).zip(recorded) {
            assert_eq!(hash_of(thousand), recorded, "thousand {thousand}");
        }
    }

    #[test]
    fn the_cases_reach_every_kind_of_answer() {
        let answers: Vec<String> = (0..20_000).map(cases::outcome).collect();
        for expected in [
            "oldest_overdue",
            "next_due",
            "no_due_date",
            "you_chose_it",
            "oldest_bill",
            "newest_bill",
            "smallest_bill",
            "equal_share",
            "whole_bill",
            "refused amount-too-small",
            "refused amount-too-large",
            "refused exceeds-due",
            "refused remainder-too-small",
            "refused part-not-accepted",
            "refused nothing-to-pay",
            "refused balance-too-small",
            "refused directions-off",
            "refused duplicate-bill",
            "refused bill-not-payable",
            "refused directions-exceed-payment",
            "\"next_due\":{",
            "DueNow",
            "Ok(MinorUnits(",
            "TwoReadings",
        ] {
            assert!(answers.iter().any(|answer| answer.contains(expected)), "{expected}");
        }
    }
}
