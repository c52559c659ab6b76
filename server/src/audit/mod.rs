//! The audit trail: who did what, about which thing, when. An act is written in the transaction
//! of what it records, and chained afterwards: hash n is over hash n−1 and act n.
//!
//! It holds ids and never a name, an address or an amount. It decides nothing.
//!
//! Invariant: places are gapless from 1, and whoever changes, takes out or moves a sealed act is
//! found out at that act. Cutting off the end shows only against a head that was kept elsewhere.

mod act;
mod browse;
mod routes;
mod seal;
mod verify;

pub use act::{NewAct, canonical, record, record_many};
pub use routes::router;
pub use seal::{head, seal};
pub use verify::{Head, HeadMalformed, Trail, verify};

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] = &[act::SQL, browse::SQL, seal::SQL, verify::SQL];

/// The invariant, as the book's check names it.
pub const HOLDS: &str = "every act of the audit trail is as it was sealed";
