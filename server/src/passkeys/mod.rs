//! Passkeys: signing in with what a device keeps and its owner's finger, face or PIN unlocks. No
//! mail has to be waited for, and nothing can be typed into a false page.
//!
//! The signatures are checked by `webauthn-rs`; here stands whose key it is and that what was
//! asked is answered once. The device must say that it verified its user.
//!
//! Invariant: a ceremony is taken out of the table by the first who answers it, right or wrong.

mod ceremony;
mod forget;
mod letter;
mod register;
mod routes;
mod sign_in;
mod store;

pub use ceremony::{Passkeys, forget_old_ceremonies};
pub use forget::forget_person;
pub use routes::router;

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] =
    &[ceremony::SQL, forget::SQL, letter::SQL, register::SQL, sign_in::SQL, store::SQL];
