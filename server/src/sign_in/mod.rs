//! Who is asking: a one-time code or link by mail, then a session in a cookie; and what the
//! caller may do.
//!
//! Never holds a password, never tells whether an address is known, and never keeps a secret it
//! can check by its hash. Invariant: a code or link opens at most one session, and an ended or
//! timed-out session opens nothing again.
//!
//! Owner in every query: what belongs to an account is read with a join to `account_customer`
//! on the caller's customer, so that what is not yours is simply not found.

pub mod policy;

mod caller;
mod cookie;
mod csrf;
mod owner;
mod session;
mod token;

pub use caller::Caller;
pub use csrf::refuse_forged;
pub use owner::require_account;

/// Every SQL text of this room; a test prepares them on both engines.
pub fn sql() -> Vec<&'static str> {
    [owner::SQL, session::SQL].concat()
}
