//! The headers that every answer carries, also a refusal and a 304.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// For what is no page: nothing may be loaded by it or framed around it.
const NO_PAGE: &str = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/// Only where people reach us over TLS: said in clear, it would be a lie or be ignored.
const ONLY_TLS: HeaderValue = HeaderValue::from_static("max-age=63072000; includeSubDomains");

const ALWAYS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    // The gateway's script opens windows of the payer's bank.
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin-allow-popups"),
    (
        HeaderName::from_static("permissions-policy"),
        "geolocation=(), camera=(), microphone=(), usb=(), payment=(self \"https://js.stripe.com\")",
    ),
];

/// What the route may have said differently.
const UNLESS_SET: [(HeaderName, &str); 2] =
    [(header::CACHE_CONTROL, "no-store"), (header::CONTENT_SECURITY_POLICY, NO_PAGE)];

pub fn add(headers: &mut HeaderMap, public_url: &str) {
    if public_url.starts_with("https:") {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, ONLY_TLS);
    }
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in UNLESS_SET {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
