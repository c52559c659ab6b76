//! Search: one box in which staff find an account, whatever the caller has at hand: a number, a
//! name, an address, a bill, a payment, the gateway's name of one, or `=120.00`.
//!
//! It reads what other rooms wrote and writes nothing; what is found by words is kept by the room
//! of accounts. Customers have no search.

mod find;
mod routes;

pub use routes::router;

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] = &[find::SQL];
