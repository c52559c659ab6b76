//! The two cookies of staff: the session's, and the one that binds a sign-in to the browser that
//! began it.

use axum::http::{HeaderValue, header};
use axum::response::Response;

use crate::sign_in::{SameSite, Token, set_cookie};

pub(super) use crate::sign_in::{CUSTOMERS_COOKIE as CUSTOMERS, STAFF_COOKIE as SESSION};

pub const BROWSER: &str = "__Host-pd_staff_browser";

pub fn session(token: &Token) -> Option<HeaderValue> {
    set_cookie(SESSION, token, SameSite::Strict, None)
}

/// The provider sends the browser back from another site: a strict cookie would not come along.
/// This one opens nothing by itself.
pub fn browser(token: &Token, max_age_seconds: i64) -> Option<HeaderValue> {
    set_cookie(BROWSER, token, SameSite::Lax, Some(max_age_seconds))
}

pub fn append(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
