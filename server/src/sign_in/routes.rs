//! The routes of signing in and out.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use receivables::api::problem::Problem;
use receivables::api::sign_in::{CodeRequest, SessionDocument, SignInProof};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ask_for_code::ask_for_code;
use super::caller::open_session;
use super::cookie;
use super::document::document_of;
use super::email::EmailAddress;
use super::redeem::{Claimed, Redeemed, redeem};
use super::session::{End, SessionKey};
use super::token::Token;
use crate::limits::{self, Limit};
use crate::problem::Refusal;
use crate::state::Shared;
use crate::web::{Body, ClientAddress};

const SESSION: &str = "/api/v1/sign-in/session";

pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(ask)).routes(routes!(sign_in, who, sign_out))
}

/// Asks for a one-time code and link by mail. The answer is the same for every address.
#[utoipa::path(
    post, path = "/api/v1/sign-in/codes", operation_id = "askForSignInCode", tag = "sign-in",
    request_body = CodeRequest,
    responses(
        (status = 202, description = "If the address is a customer's, a mail is on its way"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn ask(
    State(portal): State<Shared>,
    from: ClientAddress,
    headers: HeaderMap,
    Body(request): Body<CodeRequest>,
) -> Result<Response, Refusal> {
    let codes = Limit::an_hour("sign-in codes", portal.settings.limits.codes_per_address);
    limits::count_address(&portal, codes, from).await?;
    // The browser keeps its token, so that asking twice does not orphan a code on its way.
    let browser = cookie::read(&headers, cookie::BROWSER)
        .unwrap_or_else(|| Token::draw(portal.chance.as_ref()));
    // What cannot be an address belongs to nobody, and is answered like one that nobody has.
    if let Ok(email) = EmailAddress::parse(&request.email) {
        ask_for_code(&portal, email, &browser).await?;
    }
    let seconds = portal.settings.sign_in.code_minutes.saturating_mul(60);
    let mut response = StatusCode::ACCEPTED.into_response();
    append(&mut response, cookie::set(cookie::BROWSER, &browser, Some(seconds)));
    Ok(response)
}

/// Signs in with the code typed or the link's secret. Used up by this call and by nothing else.
#[utoipa::path(
    post, path = SESSION, operation_id = "signIn", tag = "sign-in",
    request_body = SignInProof,
    responses(
        (status = 201, body = SessionDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn sign_in(
    State(portal): State<Shared>,
    from: ClientAddress,
    headers: HeaderMap,
    Body(proof): Body<SignInProof>,
) -> Result<Response, Refusal> {
    let tries = Limit::an_hour("sign-ins", portal.settings.limits.sign_ins_per_address);
    limits::count_address(&portal, tries, from).await?;
    let browser = cookie::read(&headers, cookie::BROWSER).ok_or_else(code_invalid)?;
    let claimed = Claimed { proof, browser, before: cookie::read(&headers, cookie::SESSION) };
    let token = Token::draw(portal.chance.as_ref());
    match redeem(&portal, claimed, token.clone()).await? {
        Redeemed::SignedIn(session) => {
            tracing::info!(security = "signed-in", customer = %session.customer_id, "signed in");
            let document = document_of(portal.db.read(), &session).await?;
            let mut response = (StatusCode::CREATED, Json(document)).into_response();
            append(&mut response, cookie::set(cookie::SESSION, &token, None));
            append(&mut response, cookie::clear(cookie::BROWSER));
            if cookie::read(&headers, cookie::STAFF).is_some() {
                append(&mut response, cookie::clear(cookie::STAFF));
            }
            Ok(response)
        }
        Redeemed::Invalid => {
            tracing::info!(security = "code-invalid", "a sign-in was refused");
            Err(code_invalid())
        }
        Redeemed::TooManyTries => {
            tracing::warn!(security = "too-many-tries", "a sign-in was locked");
            Err(Refusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-tries",
                "That code was tried too often. Ask for a new one.",
            ))
        }
    }
}

fn code_invalid() -> Refusal {
    Refusal::new(
        StatusCode::UNAUTHORIZED,
        "code-invalid",
        "This code or link does not work here. Check it, or ask for a new one in this browser.",
    )
}

/// Who is signed in. Asked at every visit, so that nobody being signed in is an answer and no
/// refusal, which a browser would write into its console as an error.
#[utoipa::path(
    get, path = SESSION, operation_id = "currentSession", tag = "sign-in",
    responses(
        (status = 200, body = SessionDocument),
        (status = 204, description = "Nobody is signed in"),
    )
)]
async fn who(State(portal): State<Shared>, headers: HeaderMap) -> Result<Response, Refusal> {
    let session = match SessionKey::of(&headers) {
        Some(key) => open_session(&portal, key).await?,
        None => None,
    };
    let Some(session) = session else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    Ok(Json(document_of(portal.db.read(), &session).await?).into_response())
}

/// Signs out. Nothing is wrong when nobody was signed in.
#[utoipa::path(
    delete, path = SESSION, operation_id = "signOut", tag = "sign-in",
    responses(
        (status = 204, description = "Nobody is signed in here any more"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn sign_out(State(portal): State<Shared>, headers: HeaderMap) -> Result<Response, Refusal> {
    if let Some(token) = cookie::read(&headers, cookie::SESSION) {
        portal.db.write(End { token_hash: token.hash(), now: portal.now() }).await?;
        tracing::info!(security = "signed-out", "signed out");
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    let everything = HeaderValue::from_static("\"cache\", \"storage\"");
    response.headers_mut().insert("clear-site-data", everything);
    append(&mut response, cookie::clear(cookie::SESSION));
    append(&mut response, cookie::clear(cookie::BROWSER));
    Ok(response)
}

fn append(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
