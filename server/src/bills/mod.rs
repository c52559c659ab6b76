//! Bills: what is owed, for which period, and what is left of it.
//!
//! Only this room writes `bill` and `bill_line`. What is open falls in one way, by
//! [`settle_applications`] inside a posting, so it always equals what the book says.

mod details;
mod open_items;
pub mod past;
mod settle;

pub use details::{BillNotThere, find_details};
pub(crate) use open_items::day;
pub use open_items::{StoredItem, open_items, part_payment_code};
pub use past::past_bills;
pub use settle::settle_applications;

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] = &[details::SQL, open_items::SQL, past::SQL, settle::SQL];
