//! A caller who proved who they are just now. Whoever finds a signed-in phone on a table may see
//! bills; what could lock its owner out asks for a fresh sign-in first.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use receivables::calendar::Micros;

use super::caller::{caller_of, customers_session, open_session};
use super::cookie;
use super::policy::{Action, Resource, require};
use super::session::Session;
use super::token::Token;
use crate::problem::Refusal;
use crate::state::{Portal, Shared};

const FRESH_MINUTES: i64 = 10;

/// Was this session opened by a proof of the last minutes? Every proof opens a new one.
pub fn is_fresh(session: &Session, now: Micros) -> bool {
    now < session.created_at.plus_minutes(FRESH_MINUTES)
}

/// The open session that asks, for what is its customer's alone: everyone else is told 403.
pub(super) async fn session_of(headers: &HeaderMap, portal: &Portal) -> Result<Session, Refusal> {
    let Some(key) = customers_session(headers) else {
        let caller = caller_of(headers, portal).await?;
        require(&caller, Action::OwnSignIn, Resource::Portal)?;
        return Err(Refusal::unauthenticated());
    };
    open_session(portal, key).await?.ok_or_else(Refusal::unauthenticated)
}

/// A handler that takes this answers 401 to who is not signed in, and 403 `step-up` to who
/// signed in a while ago.
pub struct FreshCaller {
    pub session: Session,
    pub token: Token,
}

impl FromRequestParts<Shared> for FreshCaller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, portal: &Shared) -> Result<Self, Refusal> {
        let session = session_of(&parts.headers, portal).await?;
        if !is_fresh(&session, portal.now()) {
            let words = "Sign in again to change this.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "step-up", words));
        }
        let token = cookie::read(&parts.headers, cookie::SESSION);
        Ok(Self { session, token: token.ok_or_else(Refusal::unauthenticated)? })
    }
}
