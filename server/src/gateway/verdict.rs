//! One answer, judged: is it good, is it final, or may the same request be sent again?

use std::time::Duration;

use miniserde::Deserialize;
use miniserde::json::{self, Value};
use reqwest::StatusCode;

use super::error::{Doubt, GatewayError};
use super::intent::Decline;

/// What came back for one try.
pub(super) struct Reply {
    pub status: StatusCode,
    pub request_id: Option<String>,
    /// The gateway's own word on whether to try again; it beats our table.
    pub should_retry: Option<bool>,
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    Final(GatewayError),
    /// May be sent again with the same key; the error stands if there is no further try.
    Again(GatewayError),
}

#[derive(Deserialize)]
struct ErrorAnswer {
    error: ErrorDetail,
}

/// The parts of an error we act on. A nested intent is left out on purpose: one that is
/// incomplete must not turn a decline into an unreadable answer.
#[derive(Deserialize)]
struct ErrorDetail {
    #[serde(rename = "type")]
    kind: String,
    code: Option<String>,
    decline_code: Option<String>,
    message: Option<String>,
}

pub(super) fn judge(reply: &Reply) -> Verdict {
    let status = reply.status.as_u16();
    let text = std::str::from_utf8(&reply.body).unwrap_or_default();
    if reply.status.is_success() {
        return match json::from_str::<Value>(text) {
            Ok(Value::Object(_)) => Verdict::Good,
            _ => weigh(reply, unclear(reply, Doubt::Unreadable { status }), Retry::Safe),
        };
    }
    if reply.status.is_server_error() {
        return weigh(reply, unclear(reply, Doubt::GatewayFailed { status }), Retry::Safe);
    }
    match json::from_str::<ErrorAnswer>(text) {
        Ok(answer) if reply.status.is_client_error() => {
            let (error, retry) = read_refusal(reply, answer.error);
            weigh(reply, error, retry)
        }
        _ => weigh(reply, unclear(reply, Doubt::Unreadable { status }), Retry::Safe),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Retry {
    Safe,
    Useless,
}

fn weigh(reply: &Reply, error: GatewayError, retry: Retry) -> Verdict {
    match (reply.should_retry, retry) {
        (Some(true), _) | (None, Retry::Safe) => Verdict::Again(error),
        (Some(false), _) | (None, Retry::Useless) => Verdict::Final(error),
    }
}

fn read_refusal(reply: &Reply, detail: ErrorDetail) -> (GatewayError, Retry) {
    let code = detail.code.unwrap_or_else(|| detail.kind.clone());
    let message = detail.message.unwrap_or_default();
    let request_id = reply.request_id.clone();
    match (reply.status.as_u16(), detail.kind.as_str(), code.as_str()) {
        (409, _, "idempotency_key_in_use") => (unclear(reply, Doubt::KeyInUse), Retry::Safe),
        (409 | 429, ..) | (_, _, "lock_timeout") => {
            (GatewayError::Busy { retry_after: reply.retry_after }, Retry::Safe)
        }
        (_, "idempotency_error", _) => (unclear(reply, Doubt::KeyUsedOtherwise), Retry::Useless),
        (424, ..) => (unclear(reply, Doubt::GatewayFailed { status: 424 }), Retry::Safe),
        (401 | 403, ..) => (GatewayError::KeyNotAccepted { message, request_id }, Retry::Useless),
        (404, ..) => (GatewayError::NotThere, Retry::Useless),
        (402, ..) => {
            let decline_code = detail.decline_code;
            (GatewayError::Declined(Decline { code, decline_code, message }), Retry::Useless)
        }
        _ => (GatewayError::Refused { code, message, request_id }, Retry::Useless),
    }
}

fn unclear(reply: &Reply, doubt: Doubt) -> GatewayError {
    GatewayError::unclear(doubt, reply.request_id.clone())
}
