//! What the gateway tells us, and what it forgot to tell.
//!
//! A webhook is a hint, not a fact: [`receive`] verifies the raw bytes, stores the event once
//! and answers after the commit; [`apply`] then *retrieves* the intent and acts on what the
//! gateway says now, so that order, repetition and even a leaked secret cannot make money.
//! [`sweep`] finds what webhooks missed and looks at every payment whose time has come.

mod apply;
mod recall;
mod receive;
mod store;
mod sweep;

pub use apply::{ApplyCount, NotNow, apply_due};
pub use recall::{Recalled, recall};
pub use receive::{receive, router};
pub use sweep::{SweepCount, ask_now, fetch_missed, fetch_since, look_at_all, sweep};

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] = &[store::SQL];
