//! The work list: what the portal cannot settle by itself, for a person to look at.
//!
//! Rooms put a matter on it in the transaction that found it ([`open`]) and take it off when it
//! resolves itself ([`close`]); a person ends the rest. It never moves money and knows no other
//! room.
//!
//! Invariants: a matter is open once, however often it is found; a row names things by their
//! ids, never people.

mod item;
mod operator;
mod read;
mod routes;
mod store;

pub use item::{Matter, NewWorkItem, Thing, WorkKind};
pub use operator::{Finish, Finished, WorkListError, finish, table};
pub use routes::router;
pub use store::{Open, close, open};

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] = &[store::SQL, operator::SQL, read::SQL];
