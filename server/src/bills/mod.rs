//! Bills: what is owed, for which period, and what is left of it.
//!
//! Only this room writes `bill` and `bill_line`. What is open falls in one way, by
//! [`settle_applications`] inside a posting (and to nothing when a bill is cancelled), so it
//! always equals what the book says: the sum of the bill's receivable entries.

mod details;
mod hold;
mod issue;
mod open_items;
mod past;
mod routes;
mod settle;

pub use details::{BillNotThere, find_details};
pub use hold::{Cancellation, HoldRefusal, cancel_bill, give_up, put_on_hold, release_hold};
pub use issue::{IssueRefusal, NewBill, TOTAL_AT_MOST, issue_bill, issue_bills};
pub use open_items::{StoredItem, find_item, open_items, part_payment_code};
pub use past::past_bills;
pub use routes::router;
pub use settle::{settle_applications, settle_whole};

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] =
    &[details::SQL, hold::SQL, issue::SQL, open_items::SQL, past::SQL, settle::SQL];
