//! The body of a request as a type.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use receivables::card_number::holds_card_number;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::connections::Arrived;
use super::field_code;
use super::strict_json::{Malformed, read_object};
use crate::problem::Refusal;

/// For the whole body; at most a quarter of a megabyte is let in.
const PATIENCE: Duration = Duration::from_secs(15);

/// A JSON body. Refuses: another content type 415, too large 413, not one clear JSON object 400,
/// a field that is unknown or cannot be read 422 with its pointer.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// The bytes of a body exactly as sent, within the route's limit; 413 above it.
#[derive(Debug)]
pub struct RawBody(pub Bytes);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        require_json(request.headers())?;
        let RawBody(bytes) = RawBody::from_request(request, state).await?;
        parse(&bytes).map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let arrived = request.extensions().get::<Arrived>().cloned().unwrap_or_default();
        let read = tokio::time::timeout(PATIENCE, Bytes::from_request(request, state));
        let bytes = read.await.map_err(|_| too_slow())?.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                return too_large();
            }
            cut_short()
        })?;
        arrived.note();
        Ok(Self(bytes))
    }
}

pub fn cut_short() -> Refusal {
    Refusal::bad_request("malformed-json", "The request broke off.")
}

fn too_slow() -> Refusal {
    let words = "The request did not arrive in time. Try again where the connection is better.";
    Refusal::new(StatusCode::REQUEST_TIMEOUT, "request-timeout", words)
}

pub fn too_large() -> Refusal {
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "payload-too-large", "The request is too large.")
}

/// Is this `application/json`, in UTF-8 and not compressed?
pub fn require_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let refusal = || {
        Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            "Send this as application/json.",
        )
    };
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(kind), None) = (kinds.next(), kinds.next()) else { return Err(refusal()) };
    let kind = kind.to_str().unwrap_or_default().to_ascii_lowercase();
    let (essence, charset) = kind.split_once(';').unwrap_or((&kind, "charset=utf-8"));
    let readable = essence.trim() == "application/json"
        && charset.trim().replace('"', "") == "charset=utf-8"
        && !headers.contains_key(header::CONTENT_ENCODING);
    if readable { Ok(()) } else { Err(refusal()) }
}

/// Refuses words in which somebody typed the number of a card, however they reached us.
pub fn without_card_number(words: &str, pointer: &str) -> Result<(), Refusal> {
    if holds_card_number(words) { Err(card_number_refused(pointer.to_owned())) } else { Ok(()) }
}

fn card_number_refused(pointer: String) -> Refusal {
    tracing::info!(security = "card-number", "a card number was refused");
    let words = "This looks like the number of a card. Leave it out: we never keep one.";
    Refusal::unprocessable("card-number-refused", words).at(pointer)
}

/// Where a text of the body holds the number of a card. Refused here for every route at once, so
/// that no field is forgotten.
fn card_number_in(value: &Value) -> Option<String> {
    fn search(value: &Value, at: &mut Vec<String>) -> bool {
        let mut inside = |name: String, value: &Value| {
            at.push(name);
            let found = search(value, at);
            if !found {
                at.pop();
            }
            found
        };
        match value {
            Value::String(text) => holds_card_number(text),
            Value::Array(items) => {
                items.iter().enumerate().any(|(n, item)| inside(n.to_string(), item))
            }
            Value::Object(fields) => {
                // A name may be anybody's words too, and is not repeated.
                fields.keys().any(|name| holds_card_number(name))
                    || fields.iter().any(|(name, field)| inside(name.clone(), field))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
    let mut at = vec!["#".to_owned()];
    search(value, &mut at).then(|| at.join("/"))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let value = read_object(bytes).map_err(|Malformed| {
        Refusal::bad_request("malformed-json", "The request is not one JSON object.")
    })?;
    if let Some(pointer) = card_number_in(&value) {
        return Err(card_number_refused(pointer));
    }
    serde_path_to_error::deserialize(value)
        .map_err(|error| field_code::refuse(error.path(), &error.inner().to_string()))
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use receivables::api::problem::Problem;
    use receivables::api::sign_in::{CodeRequest, SignInRequest};
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Start {
        #[expect(dead_code, reason = "read by serde")]
        amount: i64,
        #[expect(dead_code, reason = "read by serde")]
        #[serde(default)]
        rows: Vec<Row>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Row {
        #[expect(dead_code, reason = "read by serde")]
        amount: i64,
    }

    async fn problem(refusal: Refusal) -> (u16, String, Vec<(String, String)>) {
        let response = refusal.into_response();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let problem: Problem = serde_json::from_slice(&bytes).unwrap();
        let errors = problem.errors.into_iter().map(|error| (error.pointer, error.code));
        (problem.status, problem.code, errors.collect())
    }

    async fn refused<T: DeserializeOwned>(body: &str) -> (u16, String, Vec<(String, String)>) {
        match parse::<T>(body.as_bytes()) {
            Ok(_) => panic!("{body} was read"),
            Err(refusal) => problem(refusal).await,
        }
    }

    fn at(code: &str, pointer: &str) -> (u16, String, Vec<(String, String)>) {
        (422, code.to_owned(), vec![(pointer.to_owned(), code.to_owned())])
    }

    #[tokio::test]
    async fn a_field_that_cannot_be_read_is_named_with_its_code() {
        for amount in ["1.0", "1e3", "\"100\"", "true", "null", "9223372036854775808"] {
            let body = format!("{{\"amount\":{amount}}}");
            assert_eq!(refused::<Start>(&body).await, at("amount-invalid", "#/amount"), "{amount}");
        }
        assert_eq!(refused::<Start>("{}").await, at("amount-invalid", "#/amount"));
        let rows = r#"{"amount":1,"rows":[{"amount":1},{"amount":"x"}]}"#;
        assert_eq!(refused::<Start>(rows).await, at("amount-invalid", "#/rows/1/amount"));
    }

    #[tokio::test]
    async fn an_unknown_field_is_named_wherever_it_is() {
        let body = r#"{"email":"a@b.example","is_admin":true}"#;
        assert_eq!(refused::<CodeRequest>(body).await, at("unknown-field", "#/is_admin"));
        let rows = r#"{"amount":1,"rows":[{"amount":1,"status":"paid"}]}"#;
        assert_eq!(refused::<Start>(rows).await, at("unknown-field", "#/rows/0/status"));
        let proof = r#"{"password":"x"}"#;
        assert_eq!(refused::<SignInRequest>(proof).await, at("unknown-field", "#/password"));
    }

    #[tokio::test]
    async fn a_value_is_never_repeated_in_the_answer() {
        let canary = "4242424242424242";
        for body in [
            format!("{{\"amount\":\"{canary}\"}}"),
            format!("{{\"amount\":1,\"<{canary}>\":1}}"),
            format!("{{\"amount\":1,\"rows\":\"{canary}\"}}"),
        ] {
            let Err(refusal) = parse::<Start>(body.as_bytes()) else { panic!("{body} was read") };
            let response = refusal.into_response();
            let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains(canary), "{body}");
        }
    }

    #[tokio::test]
    async fn a_value_that_is_none_of_the_choices_is_an_invalid_field() {
        #[derive(Deserialize)]
        struct Choice {
            #[expect(dead_code, reason = "read by serde")]
            order: Order,
        }
        #[derive(Deserialize)]
        enum Order {}
        let body = r#"{"order":"cheapest_first"}"#;
        assert_eq!(refused::<Choice>(body).await, at("field-invalid", "#/order"));
    }

    #[test]
    fn only_json_in_utf_8_is_read() {
        let header = |kind: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
            headers
        };
        assert!(require_json(&header("application/json")).is_ok());
        assert!(require_json(&header("Application/JSON; charset=UTF-8")).is_ok());
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json; charset=utf-7",
            "application/json; charset=utf-8; x=y",
            "text/plain, application/json",
            "",
        ] {
            assert!(require_json(&header(kind)).is_err(), "{kind}");
        }
        assert!(require_json(&HeaderMap::new()).is_err());
        let mut twice = header("application/json");
        twice.append(header::CONTENT_TYPE, "text/plain".parse().unwrap());
        assert!(require_json(&twice).is_err());
        let mut packed = header("application/json");
        packed.insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
        assert!(require_json(&packed).is_err());
    }
}
