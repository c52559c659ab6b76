//! Bills: what is owed, for which period, and what is left of it.
//!
//! Only this room writes `bill`, `bill_line` and `bill_hold`. What is open falls in one way, by
//! [`settle_applications`] inside a posting (and to nothing when a bill is cancelled), so it
//! always equals what the book says: the sum of the bill's receivable entries.

mod at_the_desk;
mod details;
mod hold;
mod issue;
mod open_items;
mod past;
mod routes;
mod settle;
mod staff_routes;

pub use details::{BillNotThere, find_details};
pub use hold::{Cancellation, HoldRefusal, cancel_bill, give_up, put_on_hold, release_hold};
pub use issue::{
    Issue, IssueRefusal, NewBill, TOTAL_AT_MOST, issue_bill, issue_bills, issue_to_accounts,
    known_number,
};
pub use open_items::{StoredItem, find_item, open_items, part_payment_code};
pub use past::past_bills;
pub use routes::router;
pub use settle::{settle_applications, settle_whole};
pub use staff_routes::staff_router;

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] = &[
    at_the_desk::SQL,
    details::SQL,
    hold::SQL,
    issue::SQL,
    open_items::SQL,
    past::SQL,
    settle::SQL,
];
