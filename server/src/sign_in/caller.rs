//! Who is asking: every request is a customer's, a member of staff's, an API client's, or
//! nobody's.
//!
//! [`caller_of`] is the one place that turns what a request brings into a [`Caller`]. A new kind
//! of proof is one more arm there, and where it is a cookie one more line in
//! [`customers_session`], so that a request with two proofs is never taken for either.

use std::fmt;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use receivables::calendar::Micros;
use receivables::ids::{CustomerId, MemberId};

use super::policy::{Action, Resource, require};
use super::session::{self, Lifetimes, Session, SessionKey};
use super::words::{Scopes, StaffRoles};
use super::{api_key, cookie, operator};
use crate::problem::Refusal;
use crate::staff_sign_in::{self, StaffSession};
use crate::state::{Portal, Shared};

/// Whoever asks. Taking one lets nobody in: a handler asks [`require`] or one of the methods
/// here, which do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    Customer(Customer),
    Staff(StaffMember),
    Client(ApiClient),
    Nobody,
}

/// A signed-in customer. A handler that takes this is one of their own sign-in's; it answers 401
/// to nobody and 403 to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    pub customer_id: CustomerId,
    /// Names the session without being able to open it.
    pub session_hash: String,
}

/// A member of staff, by a key of their own or by the company's sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffMember {
    /// Under which their acts are recorded; one name is one person, however they came in.
    pub name: String,
    pub roles: StaffRoles,
    /// When they last proved who they are; a key does so with every request.
    pub authenticated_at: Micros,
}

impl StaffMember {
    /// Is somebody of this name surely another person? One who came in by the other way, a key
    /// against the company's sign-in, may be the same one under another name.
    pub fn is_surely_another(&self, name: &str) -> bool {
        self.name != name && is_a_members(&self.name) == is_a_members(name)
    }
}

/// Members are known by their ids, operators by names that are none.
pub(super) fn is_a_members(name: &str) -> bool {
    MemberId::parse(name).is_ok()
}

/// A program, by one of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiClient {
    pub name: String,
    pub scopes: Scopes,
}

impl Caller {
    /// As who the audit trail and the things they make name them. Staff go by their name alone.
    pub fn signature(&self) -> String {
        match self {
            Self::Staff(staff) => staff.name.clone(),
            others => others.to_string(),
        }
    }
}

/// For the log: ids and names of staff and programs, nobody's address.
impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Customer(customer) => write!(f, "{}", customer.customer_id),
            Self::Staff(staff) => write!(f, "staff {}", staff.name),
            Self::Client(client) => write!(f, "client {}", client.name),
            Self::Nobody => f.write_str("nobody"),
        }
    }
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, portal: &Shared) -> Result<Self, Refusal> {
        caller_of(&parts.headers, portal).await
    }
}

impl FromRequestParts<Shared> for Customer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, portal: &Shared) -> Result<Self, Refusal> {
        let caller = caller_of(&parts.headers, portal).await?;
        require(&caller, Action::OwnSignIn, Resource::Portal)?;
        caller.customer()
    }
}

/// How far a caller sees: the owner stands in every query, and everyone's is only staff's and
/// clients' to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    Own(CustomerId),
    Everyones,
}

impl Reach {
    /// For `($n = '*' or exists (select 1 from account_customer …))`; no customer's id is a star.
    pub fn owner(self) -> String {
        match self {
            Self::Own(customer_id) => customer_id.to_string(),
            Self::Everyones => "*".to_owned(),
        }
    }
}

impl Caller {
    /// How far they see where they may do this at all; a customer's query finds only their own.
    pub fn reach(&self, action: Action) -> Result<Reach, Refusal> {
        if let Self::Customer(customer) = self {
            return Ok(Reach::Own(customer.customer_id));
        }
        require(self, action, Resource::Portal).map(|()| Reach::Everyones)
    }

    /// The customer; there is nobody else who may do what is asked here.
    pub fn customer(self) -> Result<Customer, Refusal> {
        match self {
            Self::Customer(customer) => Ok(customer),
            Self::Staff(_) | Self::Client(_) | Self::Nobody => Err(Refusal::forbidden()),
        }
    }

    /// The member of staff who may do this.
    pub fn staff(self, action: Action, resource: Resource) -> Result<StaffMember, Refusal> {
        require(&self, action, resource)?;
        match self {
            Self::Staff(staff) => Ok(staff),
            Self::Customer(_) | Self::Client(_) | Self::Nobody => Err(Refusal::forbidden()),
        }
    }
}

/// Who asks, by what the request brings: a key in `Authorization`, or a cookie. A key that opens
/// nothing is refused at once; a cookie that opens nothing is nobody's.
pub async fn caller_of(headers: &HeaderMap, portal: &Portal) -> Result<Caller, Refusal> {
    let brings_key = headers.contains_key(header::AUTHORIZATION);
    let brings_staffs = cookie::read(headers, cookie::STAFF).is_some();
    let proofs = [brings_key, brings_staffs, SessionKey::of(headers).is_some()];
    if proofs.into_iter().filter(|brings| *brings).count() > 1 {
        let words = "Send a key or one session's cookie, not more.";
        return Err(Refusal::bad_request("two-proofs", words));
    }
    if brings_key {
        return bearer(headers, portal).await;
    }
    if brings_staffs {
        let session = staff_sign_in::open_session(headers, portal).await?;
        return Ok(session.map_or(Caller::Nobody, |session| Caller::Staff(session.into())));
    }
    let Some(key) = customers_session(headers) else { return Ok(Caller::Nobody) };
    let session = open_session(portal, key).await?;
    Ok(session.map_or(Caller::Nobody, |session| Caller::Customer(Customer::of(session))))
}

/// The customer's session, where that is the only proof that the request brings.
pub fn customers_session(headers: &HeaderMap) -> Option<SessionKey> {
    let others = headers.contains_key(header::AUTHORIZATION)
        || cookie::read(headers, cookie::STAFF).is_some();
    SessionKey::of(headers).filter(|_| !others)
}

async fn bearer(headers: &HeaderMap, portal: &Portal) -> Result<Caller, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Refusal::unauthenticated());
    };
    let key = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
    let key = key.map(str::trim).ok_or_else(Refusal::unauthenticated)?;
    if let Some(staff) = operator::find(portal, key).await? {
        return Ok(Caller::Staff(staff));
    }
    let client = api_key::find(portal, key).await?.map(Caller::Client);
    client.ok_or_else(Refusal::unauthenticated)
}

impl From<StaffSession> for StaffMember {
    /// Known by the id: a name at the provider may be two people's.
    fn from(session: StaffSession) -> Self {
        let StaffSession { member_id, roles, signed_in_at, .. } = session;
        Self { name: member_id.to_string(), roles, authenticated_at: signed_in_at }
    }
}

impl Customer {
    pub fn of(session: Session) -> Self {
        Self { customer_id: session.customer_id, session_hash: session.token_hash }
    }
}

/// The session as it is once it is noted as in use.
pub async fn note_use(portal: &Portal, session: Session) -> Result<Session, Refusal> {
    let (now, lifetimes) = (portal.now(), Lifetimes::of(&portal.settings.sign_in));
    match session::touch(&portal.db, session.clone(), lifetimes, now).await {
        Ok(touched) => Ok(touched),
        Err(error) if error.is_busy() => {
            // Reading goes on while the database takes no writes.
            tracing::warn!(%error, "a session's use was not noted");
            Ok(session)
        }
        Err(error) => Err(error.into()),
    }
}

/// The session if it is open, noted as in use.
pub(super) async fn open_session(
    portal: &Portal,
    key: SessionKey,
) -> Result<Option<Session>, Refusal> {
    match session::find(&portal.db, key, portal.now()).await? {
        Some(session) => note_use(portal, session).await.map(Some),
        None => Ok(None),
    }
}
