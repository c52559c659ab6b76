//! The key that makes a repeat of a request the same request, and the wish to only look.

use axum::http::HeaderMap;
use serde::Deserialize;

use crate::problem::Refusal;

/// `?dry_run=true`: the same answer, and nothing is written.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DryRun {
    #[serde(default)]
    dry_run: bool,
}

impl DryRun {
    pub const fn is_wanted(self) -> bool {
        self.dry_run
    }

    /// The request's key; none for a dry run, which needs none.
    pub fn key_unless(self, headers: &HeaderMap) -> Result<Option<String>, Refusal> {
        if self.dry_run { Ok(None) } else { idempotency_key(headers).map(Some) }
    }
}

/// One key, 1 to 255 visible ASCII characters, bare or quoted as the draft standard says.
pub fn idempotency_key(headers: &HeaderMap) -> Result<String, Refusal> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else {
        let words = "Send an Idempotency-Key, so that a repeat is not a second payment.";
        let code = "idempotency-key-missing";
        return Err(Refusal::bad_request(code, words).at("header:Idempotency-Key"));
    };
    let bare = key
        .to_str()
        .ok()
        .map(|key| key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key));
    let visible = |key: &&str| key.bytes().all(|byte| byte.is_ascii_graphic());
    bare.filter(|key| (1..=255).contains(&key.len()) && keys.next().is_none())
        .filter(visible)
        .map(str::to_owned)
        .ok_or_else(|| {
            let words = "An Idempotency-Key is one header of 1 to 255 visible characters.";
            Refusal::bad_request("idempotency-key-invalid", words).at("header:Idempotency-Key")
        })
}
