//! The app, built into this program: one file to copy to a machine.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::content_policy::{
    AppPolicies, Documents, GatewayScript, is_at_the_desk, is_paying, set_plain_page,
};
use crate::problem::Refusal;
use crate::state::{Portal, Shared};

/// What Trunk built. Without it the server still builds, for work on the server alone.
#[derive(RustEmbed)]
#[folder = "../dist"]
#[allow_missing = true]
struct Built;

/// The documents of the app, one for those who owe, one for staff. What brings the gateway's script and all of paying is the one under
/// `/pay/`.
const PORTAL: &str = "index.html";
const PAY: &str = "pay.html";
const DESK: &str = "desk.html";
const FOR_GOOD: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width\"><title>Paydown</title>\
<h1>The app is not built</h1><p>This server was built without the app. \
<code>make run</code> builds both.</p></html>";

#[derive(Clone)]
struct App {
    portal: Shared,
    policies: AppPolicies,
}

/// Everything that is not a route: the app's files, and its document for every other page.
pub fn fallback(portal: &Shared) -> Router {
    Router::new()
        .fallback(show)
        .with_state(App { portal: portal.clone(), policies: policies(portal) })
}

fn policies(portal: &Portal) -> AppPolicies {
    let text = |document| {
        let file = Built::get(document).map(|file| file.data.into_owned());
        String::from_utf8(file.unwrap_or_default()).unwrap_or_default()
    };
    let gateway = if portal.is_demo() { GatewayScript::NotNeeded } else { GatewayScript::Needed };
    let (owing, paying, desk) = (text(PORTAL), text(PAY), text(DESK));
    let built = Documents { portal: &owing, pay: &paying, desk: &desk };
    AppPolicies::of(built, gateway, &portal.settings.public_url)
}

/// The document that stands at a page's path.
fn document_at(path: &str) -> &'static str {
    match path {
        path if is_paying(path) => PAY,
        path if is_at_the_desk(path) => DESK,
        _ => PORTAL,
    }
}

async fn show(State(app): State<App>, request: Request) -> Response {
    let path = request.uri().path();
    let last = path.rsplit('/').next().unwrap_or_default();
    let is_page = !last.contains('.') && !is_ours_alone(path);
    let name = if is_page { document_at(path) } else { path.trim_start_matches('/') };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Refusal::not_found().into_response();
    }
    // The packed twins are variants of a file, not files; a document stands at its pages.
    if !is_page && [".br", ".gz", ".html"].iter().any(|ending| name.ends_with(ending)) {
        return Refusal::not_found().into_response();
    }
    let Some(mut response) = file(name, request.headers()) else {
        return if is_page { not_built(&app.portal) } else { Refusal::not_found().into_response() };
    };
    if is_page {
        app.policies.set(path, response.headers_mut());
    }
    response
}

/// Paths below which nothing is a page of the app.
fn is_ours_alone(path: &str) -> bool {
    ["/api", "/webhooks", "/sandbox", "/csp-reports"].iter().any(|ours| {
        path.strip_prefix(ours).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }) || path.starts_with("//")
}

fn not_built(portal: &Portal) -> Response {
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, Html(NOT_BUILT)).into_response();
    set_plain_page(response.headers_mut(), &portal.settings.public_url);
    response
}

fn file(name: &str, request: &HeaderMap) -> Option<Response> {
    let (file, encoding) = best(name, request)?;
    let mut headers = HeaderMap::new();
    let tag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..16]));
    let unchanged = request.get(header::IF_NONE_MATCH).is_some_and(|known| {
        known
            .to_str()
            .unwrap_or_default()
            .split(',')
            .any(|known| known.trim().trim_start_matches("W/") == tag)
    });
    headers.insert(header::ETAG, HeaderValue::from_str(&tag).ok()?);
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    headers.insert(header::CACHE_CONTROL, if is_hashed(name) { FOR_GOOD } else { ASK_AGAIN });
    if unchanged {
        return Some((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    headers.insert(header::CONTENT_TYPE, content_type(name));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    Some((headers, file.data).into_response())
}

/// The smallest variant that the browser reads.
fn best(name: &str, request: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let accepted = request.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    for (encoding, ending) in [("br", "br"), ("gzip", "gz")] {
        if accepts(accepted.unwrap_or_default(), encoding)
            && let Some(packed) = Built::get(&format!("{name}.{ending}"))
        {
            return Some((packed, Some(encoding)));
        }
    }
    Built::get(name).map(|file| (file, None))
}

fn accepts(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|part| {
        let mut words = part.split(';').map(str::trim);
        let named = words.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let refused = words.any(|word| {
            word.strip_prefix("q=").is_some_and(|q| q.trim_matches(['0', '.']).is_empty())
        });
        named && !refused
    })
}

fn content_type(name: &str) -> HeaderValue {
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    let text = if kind.type_() == mime_guess::mime::TEXT {
        format!("{kind}; charset=utf-8")
    } else {
        kind.to_string()
    };
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

/// Trunk puts a hash of the content into these names: `app-1f3a….js`, `app-1f3a…_bg.wasm`.
fn is_hashed(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches("_bg");
    stem.rsplit_once('-').is_some_and(|(_, hash)| {
        hash.len() >= 8 && hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_are_kept_for_good() {
        for name in ["app-1f3a5b7c9d0e2f4a.js", "app-1f3a5b7c9d0e2f4a_bg.wasm"] {
            assert!(is_hashed(name), "{name}");
        }
        for name in [PORTAL, PAY, "icon-180.png", "robots.txt", "manifest.webmanifest", "-.js"] {
            assert!(!is_hashed(name), "{name}");
        }
    }

    #[test]
    fn a_packed_variant_is_sent_only_to_who_reads_it() {
        assert!(accepts("gzip, deflate, br, zstd", "br"));
        assert!(accepts("br;q=0.5", "br"));
        assert!(!accepts("br;q=0, gzip", "br"));
        assert!(!accepts("br;q=0.000", "br"));
        assert!(!accepts("", "gzip"));
        assert!(!accepts("brotli", "br"));
    }

    #[test]
    fn files_have_the_types_browsers_ask_for() {
        for (name, kind) in [
            ("a.wasm", "application/wasm"),
            ("a.js", "text/javascript; charset=utf-8"),
            ("a.css", "text/css; charset=utf-8"),
            ("index.html", "text/html; charset=utf-8"),
            ("a.svg", "image/svg+xml"),
            ("manifest.webmanifest", "application/manifest+json"),
        ] {
            assert_eq!(content_type(name), kind, "{name}");
        }
    }

    #[test]
    fn paying_and_the_desk_are_documents_of_their_own() {
        for path in ["/pay/acc_1", "/pay/acc_1/check", "/pay/"] {
            assert_eq!(document_at(path), PAY, "{path}");
        }
        for path in ["/", "/pay", "/payments/pay_1", "/accounts/acc_1", "/sign-in", "/desks"] {
            assert_eq!(document_at(path), PORTAL, "{path}");
        }
        for path in ["/desk", "/desk/accounts/acc_1"] {
            assert_eq!(document_at(path), DESK, "{path}");
        }
    }

    #[test]
    fn nothing_below_the_api_is_a_page() {
        for path in ["/api", "/api/v1/nothing", "/webhooks/x", "//api", "/sandbox"] {
            assert!(is_ours_alone(path), "{path}");
        }
        for path in ["/", "/apiary", "/pay/acc_1", "/sign-in/link"] {
            assert!(!is_ours_alone(path), "{path}");
        }
    }
}
