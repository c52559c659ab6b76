//! The routes of signing in and out.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use receivables::api::problem::Problem;
use receivables::api::sign_in::{CodeRequest, SessionDocument, SignInMethod, SignInRequest};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ask_for_code::ask_for_code;
use super::caller::open_session;
use super::cookie;
use super::device::device_of;
use super::document::document_of;
use super::email::EmailAddress;
use super::redeem::{Claimed, Redeemed, SignInProof, redeem};
use super::session::{End, Lifetimes, Opening, Session, SessionKey};
use super::token::Token;
use crate::limits::{self, Limit};
use crate::problem::Refusal;
use crate::state::{Portal, Shared};
use crate::web::{Body, ClientAddress};

const SESSION: &str = "/api/v1/sign-in/session";

pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(ask))
        .routes(routes!(sign_in, who, sign_out))
        .merge(super::your_routes::router())
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
    let browser = BrowserToken::of(&portal, &headers);
    // What cannot be an address belongs to nobody, and is answered like one that nobody has.
    if let Ok(email) = EmailAddress::parse(&request.email) {
        ask_for_code(&portal, email, browser.token()).await?;
    }
    Ok(browser.kept(&portal, StatusCode::ACCEPTED.into_response()))
}

/// Signs in with the code typed or the link's secret. Used up by this call and by nothing else.
#[utoipa::path(
    post, path = SESSION, operation_id = "signIn", tag = "sign-in",
    request_body = SignInRequest,
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
    Body(request): Body<SignInRequest>,
) -> Result<Response, Refusal> {
    limits::count_sign_in(&portal, "sign-ins", from).await?;
    let remembered = request.remember;
    let (method, proof) = match (request.code, request.link) {
        (Some(code), None) => (SignInMethod::Code, SignInProof::Code(code)),
        (None, Some(link)) => (SignInMethod::Link, SignInProof::Link(link)),
        _ => {
            let words = "Send the code or the link's secret, one of them.";
            return Err(Refusal::unprocessable("field-invalid", words).at("#"));
        }
    };
    let browser = BrowserToken::sent(&headers).ok_or_else(code_invalid)?;
    let entry = Entry::new(&portal, &headers, method, remembered);
    match redeem(&portal, Claimed { proof, browser }, entry.opening()).await? {
        Redeemed::SignedIn(session) => entry.answer(&portal, &session).await,
        Redeemed::Invalid => {
            tracing::info!(security = "code-invalid", "a sign-in was refused");
            Err(code_invalid())
        }
        Redeemed::TooManyTries => {
            tracing::warn!(security = "too-many-tries", "a sign-in was locked");
            Err(too_many_tries("That code was tried too often. Ask for a new one."))
        }
    }
}

pub(super) fn too_many_tries(words: &'static str) -> Refusal {
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too-many-tries", words)
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
    Ok(Json(document_of(portal.db.read(), &session, portal.now()).await?).into_response())
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
    Ok(without_session())
}

/// The answer to who is signed in no more: nothing of it stays in the browser.
pub(super) fn without_session() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let everything = HeaderValue::from_static("\"cache\", \"storage\"");
    response.headers_mut().insert("clear-site-data", everything);
    append(&mut response, cookie::clear(cookie::SESSION));
    append(&mut response, cookie::clear(cookie::BROWSER));
    response
}

/// Binds what is asked to the browser that asks, before anybody is signed in. The browser keeps
/// its token, so that asking twice does not orphan a code on its way.
pub struct BrowserToken(Token);

impl BrowserToken {
    pub fn of(portal: &Portal, headers: &HeaderMap) -> Self {
        let sent = Self::sent(headers);
        Self(sent.unwrap_or_else(|| Token::draw(portal.chance.as_ref())))
    }

    /// The one that came with the request.
    pub fn sent(headers: &HeaderMap) -> Option<Token> {
        cookie::read(headers, cookie::BROWSER)
    }

    pub const fn token(&self) -> &Token {
        &self.0
    }

    /// The answer, with which the browser keeps its token.
    pub fn kept(&self, portal: &Portal, mut response: Response) -> Response {
        let seconds = portal.settings.sign_in.code_minutes.saturating_mul(60);
        append(&mut response, cookie::set(cookie::BROWSER, &self.0, Some(seconds)));
        response
    }
}

/// Somebody at the door: what their session will be like if what they bring is right.
pub struct Entry {
    opening: Opening,
    /// A member of staff was signed in here; one browser is one person.
    replaces_staff: bool,
}

impl Entry {
    pub fn new(
        portal: &Portal,
        headers: &HeaderMap,
        method: SignInMethod,
        remembered: bool,
    ) -> Self {
        let opening = Opening {
            token: Token::draw(portal.chance.as_ref()),
            before: cookie::read(headers, cookie::SESSION).map(|before| before.hash()),
            method,
            remembered,
            device: device_of(headers),
            lifetimes: Lifetimes::of(&portal.settings.sign_in),
        };
        Self { opening, replaces_staff: cookie::read(headers, cookie::STAFF).is_some() }
    }

    pub fn opening(&self) -> Opening {
        self.opening.clone()
    }

    /// The session is open: the answer that brings its token.
    pub async fn answer(self, portal: &Portal, session: &Session) -> Result<Response, Refusal> {
        let Opening { token, method, .. } = self.opening;
        let customer = session.customer_id;
        tracing::info!(security = "signed-in", %customer, by = method.code(), "signed in");
        let document = document_of(portal.db.read(), session, portal.now()).await?;
        let mut response = (StatusCode::CREATED, Json(document)).into_response();
        let days = portal.settings.sign_in.remembered_days;
        let life = session.remembered.then(|| days.saturating_mul(24 * 60 * 60));
        append(&mut response, cookie::set(cookie::SESSION, &token, life));
        append(&mut response, cookie::clear(cookie::BROWSER));
        if self.replaces_staff {
            append(&mut response, cookie::clear(cookie::STAFF));
        }
        Ok(response)
    }
}

fn append(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
