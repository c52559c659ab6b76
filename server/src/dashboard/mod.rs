//! The dashboard: what was collected, is past due, is in progress and needs a person, in a few
//! sums a currency.
//!
//! It reads what other rooms wrote and writes nothing, and adds no two currencies. Every sum has
//! a list behind it: payments by day and state, search for accounts, the work list.

mod figures;
mod routes;

pub use routes::router;

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] = &[figures::SQL];
