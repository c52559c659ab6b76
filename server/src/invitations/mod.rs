//! Invitations: staff ask a person in by a link in a mail; the person accepts it with the number
//! of an account, as it stands on the bill, and is signed in.
//!
//! The mail alone lets nobody in who only reads it, and the number alone nobody who only found a
//! bill. A link that is used, expired, revoked, tried too often or never was is answered in one
//! way, as is a wrong number, so that neither can be found out.
//!
//! Invariant: an invitation is accepted once, whoever sends its link how often at once. Reading
//! a page or a link uses nothing up.

mod accept;
mod batch;
mod forget;
mod invite;
mod letter;
mod routes;
mod send_again;
mod store;

pub use batch::{InviteArgs, InviteError, run};
pub use forget::forget_address;
pub use invite::{Invitee, NotInvited};
pub use routes::{router, staff_router};

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] =
    &[accept::SQL, batch::SQL, forget::SQL, invite::SQL, send_again::SQL, store::SQL];
