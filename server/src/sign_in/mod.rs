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

mod api_key;
mod ask_for_code;
mod caller;
mod code;
mod cookie;
mod device;
mod document;
mod email;
mod email_change;
mod email_letters;
mod forget;
mod key_routes;
mod letter;
mod operator;
mod owner;
mod redeem;
mod routes;
mod session;
mod sessions;
mod step_up;
mod token;
mod trail;
mod words;
mod your_routes;

pub use api_key::{
    AddApiClient, ApiClientRefusal, EndApiClient, RotateApiKey, ShownKey, api_clients,
};
pub use ask_for_code::forget_old_codes;
pub use caller::{
    ApiClient, Caller, Customer, Reach, StaffMember, caller_of, customers_session, note_use,
};
pub(crate) use cookie::{
    SESSION as CUSTOMERS_COOKIE, STAFF as STAFF_COOKIE, SameSite, clear as clear_cookie,
    read as read_cookie, set_for as set_cookie,
};
pub use device::device_of;
pub use document::person_of;
pub use email::{EmailAddress, NotAnEmailAddress};
pub use email_change::change_due_emails;
pub use forget::{forget_address, forget_person};
pub use key_routes::key_router;
pub use operator::{
    AddOperator, EndOperator, GiveRoles, ListedOperator, OperatorRefusal, named, operators,
};
pub use owner::{account_role, require_on_account};
pub use policy::{Action, Resource, can, require};
pub use routes::{BrowserToken, Entry, router};
pub use session::{NewSession, Opening, Session, SessionKey};
pub use sessions::end_all_but;
pub use step_up::FreshCaller;
pub use token::{Token, sha256_hex};
pub use trail::TERMINAL;
pub use words::{Scopes, StaffRoles, Words};

/// Every SQL text of this room; a test prepares them on both engines.
pub fn sql() -> Vec<&'static str> {
    [
        api_key::SQL,
        ask_for_code::SQL,
        document::SQL,
        forget::SQL,
        email_change::SQL,
        operator::SQL,
        owner::SQL,
        redeem::SQL,
        session::SQL,
        sessions::SQL,
    ]
    .concat()
}
