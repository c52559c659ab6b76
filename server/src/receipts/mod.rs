//! Receipts: numbered with the posting, frozen, shown and mailed as they were issued.
//!
//! Only this room writes `receipt`. Invariant: one receipt for each posted payment, and its
//! content never changes (the database itself refuses).

mod issue;
mod letter;
mod send;
mod show;

pub use issue::{issue, number_of};
pub use send::{holders, letters};
pub use show::{find_within, router};

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] = &[issue::SQL, send::SQL, show::SQL];
