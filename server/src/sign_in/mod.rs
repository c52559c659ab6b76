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

mod ask_for_code;
mod caller;
mod code;
mod cookie;
mod document;
mod email;
mod letter;
mod operator;
mod owner;
mod redeem;
mod routes;
mod session;
mod token;

pub use ask_for_code::forget_old_codes;
pub use caller::{Caller, note_use};
pub use email::{EmailAddress, NotAnEmailAddress};
pub use operator::{AddOperator, EndOperator, Operator, OperatorRefusal, operators};
pub use owner::require_account;
pub use routes::router;
pub use session::{Session, SessionKey};

/// Every SQL text of this room; a test prepares them on both engines.
pub fn sql() -> Vec<&'static str> {
    [ask_for_code::SQL, document::SQL, operator::SQL, owner::SQL, redeem::SQL, session::SQL]
        .concat()
}
