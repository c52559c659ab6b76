//! What is owed, and what was: the periods due, one bill's details, the past.

pub mod account_line;
pub mod bill_details;
pub mod past_bills;
pub mod what_you_owe;

use receivables::bill::BillingPeriod;
use receivables::words::Message;

use crate::ui::words::fill;

/// `August 2026`, else `Bill B-1001`: what a bill is called in a sentence.
pub fn bill_name(period: Option<BillingPeriod>, number: &str) -> String {
    match period {
        Some(period) => period.in_words(),
        None => fill(Message::BillNumber, &[("number", number)]),
    }
}
