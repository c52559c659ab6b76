//! Breaking the glass: an administrator let in without the identity provider, when it is down.
//!
//! Off until somebody at the machine enables it for a name and some hours. The password and the
//! seed of the one-time codes are drawn, printed once, and kept as an argon2id hash and sealed
//! under the password. It dies by itself at its end, sessions too. Such an administrator is
//! nothing but an admin, who moves no money; every use is in the audit trail and on the work list,
//! and told to the biller by mail.

mod command;
mod enable;
mod enter;
mod letter;
mod routes;
mod secrets;
mod totp;

pub use command::{BreakGlassCommand, run};
pub use enable::{Enabled, GlassRefusal, disable, enable};
pub use routes::pages;

/// Stands where other members have the address of their provider; no provider's is one word.
const ISSUER: &str = "break-glass";

pub(super) const SQL: &[&[&str]] = &[enable::SQL, enter::SQL];
