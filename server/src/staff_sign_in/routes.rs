//! The staff door's routes: plain pages that a browser walks through, and for the app who is
//! signed in.

use axum::extract::{RawQuery, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use receivables::api::staff::StaffSessionDocument;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::cookie::append;
use super::finish::{Returned, finish};
use super::page::{Member, Page};
use super::refusal::StaffRefusal;
use super::session::{self, StaffSession, open_session};
use super::{HOME, RETURN, begin, break_glass, cookie, demo_door};
use crate::clock::instant_text;
use crate::limits;
use crate::problem::Refusal;
use crate::sign_in::{Token, clear_cookie, read_cookie};
use crate::state::{Portal, Shared};
use crate::web::{ClientAddress, FromOurPage};

/// Where somebody at the desk begins.
pub(super) const DESK: &str = "/desk";
const SIGN_IN: &str = "/staff/sign-in";
const STYLE: &str = include_str!("templates/staff.css");

/// Pages. They act on no cookie by themselves but to sign out, which asks where it comes from.
pub fn pages() -> Router<Shared> {
    Router::new()
        .route(HOME, get(home))
        .route("/staff.css", get(style))
        .route(SIGN_IN, get(sign_in))
        .route(RETURN, get(come_back))
        .route("/staff/sign-out", post(sign_out))
        .merge(break_glass::pages())
        .merge(demo_door::pages())
}

pub fn api() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(who))
}

/// The member of staff who is signed in in this browser.
#[utoipa::path(
    get, path = "/api/v1/staff/session", operation_id = "currentStaffSession", tag = "sign-in",
    responses(
        (status = 200, body = StaffSessionDocument),
        (status = 204, description = "No member of staff is signed in"),
    )
)]
async fn who(State(portal): State<Shared>, headers: HeaderMap) -> Result<Response, Refusal> {
    let Some(session) = open_session(&headers, &portal).await? else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let document = StaffSessionDocument {
        member_id: session.member_id,
        name: session.name,
        roles: session.roles.iter().collect(),
        idle_until: instant_text(session.idle_until),
        absolute_until: instant_text(session.absolute_until),
    };
    Ok(Json(document).into_response())
}

async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

async fn home(State(portal): State<Shared>, headers: HeaderMap) -> Response {
    match open_session(&headers, &portal).await {
        Ok(Some(session)) => signed_in(&portal, session).answer(&portal, StatusCode::OK),
        Ok(None) => nobody(&portal, &headers),
        Err(error) => refuse(&portal, &error.into()),
    }
}

fn nobody(portal: &Portal, headers: &HeaderMap) -> Response {
    if demo_door::is_open(portal) {
        let words = "In this demo nobody asks who you are. Choose whom to play.";
        let page = Page { asks_for_player: true, ..Page::new("Staff sign-in", words) };
        return page.answer(portal, StatusCode::OK);
    }
    if portal.identity_provider.is_none() {
        return refuse(portal, &StaffRefusal::NotSetUp);
    }
    // A strict cookie does not come with a visit from another site, as the provider's is. The
    // page asks once more, by itself.
    if headers.get("sec-fetch-site").is_some_and(|from| from == "cross-site") {
        let page = Page::new("One moment", "The page goes on by itself.");
        let page = page.with_next(HOME, "Go on").going_on_to(HOME);
        return page.answer(portal, StatusCode::OK);
    }
    let words = "Sign in with your company account and its second factor.";
    Page::new("Staff sign-in", words).with_next(SIGN_IN, "Sign in").answer(portal, StatusCode::OK)
}

fn signed_in(portal: &Portal, session: StaffSession) -> Page {
    let member = Member {
        name: session.name,
        id: session.member_id.to_string(),
        roles: session.roles.iter().map(|role| role.code()).collect(),
        until: instant_text(session.absolute_until),
        idle_minutes: portal.settings.staff_sign_in.idle_minutes,
    };
    let page = Page { heading: "You are signed in".to_owned(), ..Page::default() };
    Page { member: Some(member), ..page }.with_next(DESK, "Go to the desk")
}

/// Sends the browser to the provider, with something to know it by when it returns.
async fn sign_in(State(portal): State<Shared>, from: ClientAddress, parts: Parts) -> Response {
    if parts.method != Method::GET {
        return not_by_looking();
    }
    if let Err(refusal) = limits::count_sign_in(&portal, "staff sign-ins", from).await {
        return Page::refused(&portal, &refusal);
    }
    let browser = read_cookie(&parts.headers, cookie::BROWSER)
        .unwrap_or_else(|| Token::draw(portal.chance.as_ref()));
    match begin::begin(&portal, &browser).await {
        Ok(address) => {
            let mut response = Redirect::to(&address).into_response();
            append(&mut response, cookie::browser(&browser, begin::MINUTES * 60));
            response
        }
        Err(refusal) => refuse(&portal, &refusal),
    }
}

/// The provider sends the browser back: a visit that another site began, so nothing but the
/// browser's own cookie and the state that fits it is believed.
async fn come_back(
    State(portal): State<Shared>,
    RawQuery(query): RawQuery,
    parts: Parts,
) -> Response {
    if parts.method != Method::GET {
        return not_by_looking();
    }
    let returned = read_return(query.as_deref().unwrap_or_default(), &parts.headers);
    let finished = match returned {
        Some(returned) => finish(&portal, returned).await,
        None => Err(StaffRefusal::NotBegunHere),
    };
    match finished {
        Ok(token) => {
            let mut response = Redirect::to(HOME).into_response();
            append(&mut response, cookie::session(&token));
            append(&mut response, clear_cookie(cookie::BROWSER));
            append(&mut response, clear_cookie(cookie::CUSTOMERS));
            response
        }
        Err(refusal) => refuse(&portal, &refusal),
    }
}

/// None where something is missing, is there twice, or cannot be ours. What else a provider adds
/// does not matter.
fn read_return(query: &str, headers: &HeaderMap) -> Option<Returned> {
    let (mut state, mut code, mut error, mut issuer) = (None, None, None, None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let place = match &*name {
            "state" => &mut state,
            "code" => &mut code,
            "error" => &mut error,
            "iss" => &mut issuer,
            _ => continue,
        };
        if place.replace(value.into_owned()).is_some() {
            return None;
        }
    }
    let outcome = match (code, error) {
        (Some(code), None) => Ok(code),
        (None, Some(error)) => Err(error.chars().filter(|c| !c.is_control()).take(60).collect()),
        _ => return None,
    };
    Some(Returned {
        state: Token::parse(&state?)?,
        browser: read_cookie(headers, cookie::BROWSER)?,
        outcome,
        issuer,
        before: read_cookie(headers, cookie::SESSION),
    })
}

/// Signs out here, and then at the provider if it has a place for that: who sits down next must
/// not be let in by it without a word.
async fn sign_out(_: FromOurPage, State(portal): State<Shared>, headers: HeaderMap) -> Response {
    if let Some(token) = read_cookie(&headers, cookie::SESSION)
        && let Err(error) = session::sign_out(&portal, token).await
    {
        return refuse(&portal, &error.into());
    }
    let page = Page::new("You are signed out", "Nobody is signed in in this browser any more.");
    let page = match provider_sign_out(&portal).await {
        Some(address) => page.with_next(address.clone(), "Sign out there too").going_on_to(address),
        None => page.with_next(HOME, "Back to staff sign-in"),
    };
    let mut response = page.answer(&portal, StatusCode::OK);
    let everything = HeaderValue::from_static("\"cache\", \"storage\"");
    response.headers_mut().insert("clear-site-data", everything);
    append(&mut response, clear_cookie(cookie::SESSION));
    append(&mut response, clear_cookie(cookie::BROWSER));
    response
}

/// Signing out here does not wait for a provider that is down.
async fn provider_sign_out(portal: &Portal) -> Option<String> {
    let provider = portal.identity_provider.as_ref()?;
    let metadata = provider.metadata(portal.now()).await.ok()?;
    provider.sign_out_address(&metadata)
}

fn refuse(portal: &Portal, refusal: &StaffRefusal) -> Response {
    refusal.log();
    let page = Page::new(refusal.heading(), refusal.words());
    let page = match refusal {
        StaffRefusal::NotSetUp => page,
        _ => page.with_next(SIGN_IN, "Sign in again"),
    };
    page.answer(portal, refusal.status())
}

/// A look ahead by a mail scanner or a preview begins nothing and uses nothing up.
fn not_by_looking() -> Response {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This cannot be done here.")
        .into_response()
}
