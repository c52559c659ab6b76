//! The two cookies: the session's, and the one that binds a code to the browser that asked.
//!
//! The prefix `__Host-` makes the browser refuse them unless they came over a secure connection
//! from this very host, so that no neighbouring site can plant one.

use axum::http::{HeaderMap, HeaderValue, header};

use super::token::Token;

pub const SESSION: &str = "__Host-pd_sid";
/// Of staff, whose room is another. A browser is one caller's: who signs in ends the other.
pub const STAFF: &str = "__Host-pd_staff";
pub const BROWSER: &str = "__Host-pd_browser";

/// The token in the cookie of this name. Two of them are none: one may be somebody else's.
pub fn read(headers: &HeaderMap, name: &str) -> Option<Token> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(found, _)| *found == name)
        .map(|(_, value)| value);
    match (found.next(), found.next()) {
        (Some(value), None) => Token::parse(value),
        _ => None,
    }
}

/// Whether a visit that begins on another site brings the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    Strict,
    Lax,
}

/// Ends with the browser's session, unless it is given a length of life.
pub fn set(name: &str, token: &Token, max_age_seconds: Option<i64>) -> Option<HeaderValue> {
    set_for(name, token, SameSite::Strict, max_age_seconds)
}

/// As [`set`], also for visits from elsewhere if it says so.
pub fn set_for(
    name: &str,
    token: &Token,
    same_site: SameSite,
    max_age_seconds: Option<i64>,
) -> Option<HeaderValue> {
    let life = max_age_seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    line(name, token.reveal(), same_site, &life)
}

pub fn clear(name: &str) -> Option<HeaderValue> {
    line(name, "", SameSite::Strict, "; Max-Age=0")
}

fn line(name: &str, value: &str, same_site: SameSite, life: &str) -> Option<HeaderValue> {
    let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite={same_site:?}{life}");
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemChance;

    fn headers(lines: &[String]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, line.parse().unwrap());
        }
        headers
    }

    #[test]
    fn one_cookie_of_the_name_is_read_among_others() {
        let token = Token::draw(&SystemChance);
        let line = format!("theme=dark; {SESSION}={}; x=y", token.reveal());
        assert!(read(&headers(&[line]), SESSION) == Some(token));
    }

    #[test]
    fn two_cookies_garbage_or_another_name_are_none() {
        let token = Token::draw(&SystemChance);
        let good = format!("{SESSION}={}", token.reveal());
        for lines in [
            vec![],
            vec![good.clone(), good.clone()],
            vec![format!("{good}; {good}")],
            vec![good.replace("__Host-", "")],
            vec![format!("{SESSION}=garbage")],
            vec![format!("{SESSION}={}", "a".repeat(8_000))],
        ] {
            assert!(read(&headers(&lines), SESSION).is_none(), "{lines:?}");
        }
    }
}
