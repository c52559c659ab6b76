//! Adjustments: what changes a balance without money. A credit note takes off what was asked
//! for; a write-off gives up what a bill asks for, once another operator approves it.
//!
//! Never an edit: each is a posting, and taking one back is a posting that reverses it.
//! Invariant: an adjustment that is posted or reversed has posted once.

mod decide;
mod effect;
mod forget;
mod propose;
mod routes;
mod store;

pub use decide::{Decision, decide};
pub use forget::forget_words;
pub use propose::{Proposal, may_propose, propose};
pub use routes::router;

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] = &[effect::SQL, forget::SQL, store::SQL];
