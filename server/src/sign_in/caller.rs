//! The customer who is asking, proven by the session cookie.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use receivables::ids::CustomerId;

use super::cookie;
use super::session::{self, Lifetimes, Session};
use crate::problem::Refusal;
use crate::state::{Portal, Shared};

/// A signed-in customer. A handler that takes this answers 401 to everybody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub customer_id: CustomerId,
    /// Names the session without being able to open it.
    pub session_hash: String,
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, portal: &Shared) -> Result<Self, Refusal> {
        open_session(parts, portal).await?.map(Self::of).ok_or_else(Refusal::unauthenticated)
    }
}

impl Caller {
    pub fn of(session: Session) -> Self {
        Self { customer_id: session.customer_id, session_hash: session.token_hash }
    }
}

/// The open session of the request, noted as in use; none where nobody is signed in.
pub(super) async fn open_session(
    parts: &Parts,
    portal: &Shared,
) -> Result<Option<Session>, Refusal> {
    let Some(token) = cookie::read(&parts.headers, cookie::SESSION) else { return Ok(None) };
    match session::find(&portal.db, &token, portal.now()).await? {
        Some(session) => note_use(portal, session).await.map(Some),
        None => Ok(None),
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
