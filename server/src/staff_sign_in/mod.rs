//! Staff sign in through the company's own identity provider: OpenID Connect, authorization code
//! with PKCE, state and nonce, a second factor always, then a session of ours in a cookie.
//!
//! It never learns a password of the provider's and never finds a person by a mail address: a
//! member is an issuer and a subject. Which roles they have is what the provider says of them at
//! sign-in, mapped by configuration; what the roles may do is `sign_in::policy`'s to say.
//!
//! Invariants: a sign-in that was begun opens at most one session, only in the browser that
//! began it and within ten minutes; an ended member has no open session.

pub mod break_glass;

mod begin;
mod cookie;
mod demo_door;
mod finish;
mod member;
mod operator;
mod page;
mod provider;
mod refusal;
mod routes;
mod session;
mod settings;
mod verify;

pub use begin::forget_old;
pub use operator::{EndMember, MemberNotThere, members_table};
pub use provider::{IdentityProvider, ProviderSetUpProblem};
pub use routes::{api, pages};
pub use session::{StaffSession, open_session};
pub use settings::{StaffSignInSettings, wrong_setting};

/// The page of who is signed in, and where the provider sends a member back to.
const HOME: &str = "/staff";
const RETURN: &str = "/staff/sign-in/return";

/// Every SQL text of this room; a test prepares them on both engines.
pub fn sql() -> Vec<&'static str> {
    let own = [begin::SQL, finish::SQL, member::SQL, operator::SQL, session::SQL];
    [own.concat(), break_glass::SQL.concat()].concat()
}
