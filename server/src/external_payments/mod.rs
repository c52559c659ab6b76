//! External payments: money that reached the biller outside the portal, recorded so that the
//! book stays exact.
//!
//! Nothing here asks a gateway or writes to the payer: whoever took the money has told them.
//! Invariant: a source and its reference post once.

mod settled;

pub use settled::{Settled, record_settled};

/// Every SQL text of this room; a test prepares them on both engines.
pub const SQL: &[&[&str]] = &[settled::SQL];
