//! What surrounds every request: its id, a time limit, a net under faults, and the headers and
//! the log line of its answer.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use receivables::payment::MoneyTaken;
use tokio::time::Instant;

use super::{ClientAddress, headers};
use crate::problem::{REQUEST_NAME, Refusal, RequestName};
use crate::state::Shared;

const PATIENCE: Duration = Duration::from_secs(30);
/// A file takes as long as its line is slow; only staff send one.
const PATIENCE_FOR_FILES: Duration = Duration::from_secs(15 * 60);
/// Of all headers together, and of an address with its parameters.
const LONGEST_HEAD: usize = 16 * 1024;
const LONGEST_ADDRESS: usize = 4 * 1024;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The outermost layer: names the request, answers it, and writes its one log line. The line
/// holds the route and never the address itself, which may name people and accounts.
pub async fn answer(State(portal): State<Shared>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let name = request_name(&portal);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    request.extensions_mut().insert(RequestName(name.clone()));
    let from = ClientAddress::of(&request, &portal.settings);
    request.extensions_mut().insert(from);
    let mut response = REQUEST_NAME
        .scope(name.clone(), async {
            match unreadable(&request) {
                Some(refusal) => refusal.into_response(),
                None => as_problem(within_bounds(request, next).await),
            }
        })
        .await;
    headers::add(response.headers_mut(), &portal.settings.public_url);
    if let Ok(value) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let status = response.status().as_u16();
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let route = route.as_deref().unwrap_or("(app)");
    tracing::info!(request = %name, %method, route, status, ms, "answered");
    response
}

fn request_name(portal: &Shared) -> String {
    let (ms, chance) = portal.id_parts();
    format!("req_{ms:012x}{}", hex::encode(chance))
}

/// What no route of ours is asked for.
fn unreadable(request: &Request) -> Option<Refusal> {
    let head: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if head > LONGEST_HEAD {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Some(Refusal::new(status, "headers-too-large", "The request's head is too large."));
    }
    if request.uri().to_string().len() > LONGEST_ADDRESS {
        let status = StatusCode::URI_TOO_LONG;
        return Some(Refusal::new(status, "address-too-long", "This address is too long."));
    }
    // Neither is a question to a portal; TRACE would send cookies back to whoever made it ask.
    matches!(*request.method(), Method::TRACE | Method::CONNECT).then(super::cannot_be_done)
}

/// Answers in time and whatever happens inside.
async fn within_bounds(request: Request, next: Next) -> Response {
    let may_take_money = moves_money(request.method(), request.uri().path());
    let brings_a_file = brings_a_file(request.method(), request.uri().path());
    let patience = if brings_a_file { PATIENCE_FOR_FILES } else { PATIENCE };
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind();
    let refusal = match tokio::time::timeout(patience, answered).await {
        Ok(Ok(response)) => return response,
        Ok(Err(_)) => {
            tracing::error!("a fault of the program stopped a request");
            Refusal::fault()
        }
        Err(_) => {
            tracing::error!("a request took too long and was given up");
            Refusal::unavailable("busy", "This took too long. Try again in a moment.")
        }
    };
    let money = if may_take_money { MoneyTaken::Unknown } else { MoneyTaken::No };
    refusal.with_money_taken(money).into_response()
}

fn brings_a_file(method: &Method, path: &str) -> bool {
    method == Method::POST && path == "/api/v1/imports"
}

/// Whoever breaks off here cannot say that no money was taken.
fn moves_money(method: &Method, path: &str) -> bool {
    method == Method::POST && path.contains("/payments")
}

/// The framework's own refusals, in the shape of ours.
fn as_problem(response: Response) -> Response {
    let status = response.status();
    let ours = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| {
        ["application/problem+json", "text/html; charset=utf-8"].iter().any(|known| kind == known)
    });
    if ours || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let refusal = match status {
        StatusCode::NOT_FOUND => Refusal::not_found(),
        StatusCode::METHOD_NOT_ALLOWED => super::cannot_be_done(),
        StatusCode::PAYLOAD_TOO_LARGE => super::body::too_large(),
        _ if status.is_server_error() => Refusal::fault(),
        _ => Refusal::new(status, "request-invalid", "This request cannot be read."),
    };
    let mut problem = refusal.into_response();
    for name in [header::ALLOW, header::RETRY_AFTER] {
        if let Some(value) = response.headers().get(&name) {
            problem.headers_mut().insert(name, value.clone());
        }
    }
    problem
}
