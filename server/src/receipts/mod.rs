//! Receipts: numbered with the posting, frozen, shown and mailed as they were issued.
//!
//! Only this room writes `receipt`. Invariant: one receipt for each posted payment, and its
//! content never changes but for a name that is forgotten (the database itself refuses).

mod forget;
mod issue;
mod letter;
mod send;
mod show;

pub use forget::forget_name;
pub use issue::{issue, number_of};
pub use send::{holders, letters};
pub use show::{find_within, router};

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] = &[forget::SQL, issue::SQL, send::SQL, show::SQL];
