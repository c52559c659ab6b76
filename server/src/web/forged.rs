//! Requests that change something come from our own pages, or not at all.
//!
//! The browser says where a request began; a page of another site can neither change that nor
//! add our own header without asking first. Tokens in pages are not needed for this.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::require_json;
use crate::problem::Refusal;
use crate::state::Shared;

/// A layer for every route that acts on a cookie.
pub async fn refuse_forged(State(portal): State<Shared>, request: Request, next: Next) -> Response {
    match check(request.method(), request.headers(), &portal.settings.public_url) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn check(method: &Method, headers: &HeaderMap, public_url: &str) -> Result<(), Refusal> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    if brings_a_key(headers) {
        return Ok(());
    }
    if !is_from_our_page(headers, public_url) || only(headers, "x-paydown") != Some("1") {
        tracing::info!(security = "csrf", "a request from elsewhere was refused");
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "csrf",
            "This request did not come from our own pages.",
        ));
    }
    // A body-less DELETE has nothing to have a type.
    if *method == Method::DELETE && !headers.contains_key(header::CONTENT_TYPE) {
        return Ok(());
    }
    require_json(headers)
}

/// No page of another site can make a browser send a bearer's key, and with one no cookie counts.
fn brings_a_key(headers: &HeaderMap) -> bool {
    only(headers, "authorization").is_some_and(|value| value.starts_with("Bearer "))
}

/// A form that one of our own plain pages sent. A browser says of every form where it began, and
/// the session's cookie does not come along from elsewhere.
pub struct FromOurPage;

impl FromRequestParts<Shared> for FromOurPage {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, portal: &Shared) -> Result<Self, Refusal> {
        if is_from_our_page(&parts.headers, &portal.settings.public_url) {
            return Ok(Self);
        }
        tracing::info!(security = "csrf", "a form from elsewhere was refused");
        Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "csrf",
            "This request did not come from our own pages.",
        ))
    }
}

fn is_from_our_page(headers: &HeaderMap, public_url: &str) -> bool {
    if headers.contains_key("sec-fetch-site") {
        return only(headers, "sec-fetch-site") == Some("same-origin");
    }
    match (only(headers, "origin").and_then(origin), origin(public_url)) {
        (Some(theirs), Some(ours)) => theirs == ours,
        _ => false,
    }
}

/// The header's value when it is there exactly once.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// Scheme, host and port; the scheme's own port is the same as none.
fn origin(address: &str) -> Option<(String, String, u16)> {
    let uri: Uri = address.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let usual = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    let host = uri.host()?.to_ascii_lowercase();
    Some((scheme, host, uri.port_u16().unwrap_or(usual)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "https://pay.riverside.example";

    fn answer(method: Method, headers: &[(&'static str, &'static str)]) -> u16 {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        check(&method, &map, OURS).map_or_else(|refusal| refusal.status().as_u16(), |()| 200)
    }

    const JSON: (&str, &str) = ("content-type", "application/json");
    const OUR_HEADER: (&str, &str) = ("x-paydown", "1");

    #[test]
    fn a_request_of_our_own_page_goes_on() {
        let fetch = ("sec-fetch-site", "same-origin");
        assert_eq!(answer(Method::POST, &[fetch, JSON, OUR_HEADER]), 200);
        assert_eq!(answer(Method::DELETE, &[fetch, OUR_HEADER]), 200);
        // An old browser tells only the origin.
        assert_eq!(answer(Method::POST, &[("origin", OURS), JSON, OUR_HEADER]), 200);
        let with_port = ("origin", "https://pay.riverside.example:443");
        assert_eq!(answer(Method::POST, &[with_port, JSON, OUR_HEADER]), 200);
        assert_eq!(answer(Method::GET, &[("sec-fetch-site", "cross-site")]), 200);
        // A program with a key has no pages.
        assert_eq!(answer(Method::POST, &[("authorization", "Bearer pdop_x")]), 200);
    }

    #[test]
    fn forged_requests_are_refused() {
        let from = |site| vec![("sec-fetch-site", site), JSON, OUR_HEADER];
        let by = |origin| vec![("origin", origin), JSON, OUR_HEADER];
        for headers in [
            from("cross-site"),
            from("same-site"),
            from("none"),
            from(""),
            // Where the request began outweighs a friendly origin.
            vec![("sec-fetch-site", "cross-site"), ("origin", OURS), JSON, OUR_HEADER],
            vec![("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site"), JSON],
            by("null"),
            by("https://pay.riverside.example.evil.example"),
            by("http://pay.riverside.example"),
            by("https://pay.riverside.example:8443"),
            by("https://riverside.example"),
            vec![JSON, OUR_HEADER],
            vec![("sec-fetch-site", "same-origin"), JSON],
            // A browser may add what somebody once typed into its own dialog.
            vec![("authorization", "Basic YWRhOmFkYQ=="), JSON, OUR_HEADER],
            vec![("x-http-method-override", "GET"), JSON, OUR_HEADER],
        ] {
            assert_eq!(answer(Method::POST, &headers), 403, "{headers:?}");
        }
    }

    #[test]
    fn a_form_cannot_be_posted() {
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
            let headers = [("sec-fetch-site", "same-origin"), ("content-type", kind), OUR_HEADER];
            assert_eq!(answer(Method::POST, &headers), 415, "{kind}");
        }
        assert_eq!(answer(Method::POST, &[("sec-fetch-site", "same-origin"), OUR_HEADER]), 415);
    }
}
