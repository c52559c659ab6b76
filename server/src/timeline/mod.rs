//! The timeline: everything that happened on an account, newest first, with who did it and why.
//!
//! It reads what other rooms wrote and writes nothing: the book's postings, the audit trail's acts
//! that are none, and the letters of the last weeks, each by account and a page at a time.
//! Customers have no timeline; their payments and bills tell them.
//!
//! Invariant: pages follow one order of all three, so that nothing is told twice or left out.

mod acts;
mod cursor;
mod letters;
mod postings;
mod routes;
mod who;

pub use routes::router;

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] = &[acts::SQL, letters::SQL, postings::SQL];
