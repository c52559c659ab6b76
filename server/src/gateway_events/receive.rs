//! `POST /webhooks/stripe`: verify the raw bytes, store once, answer after the commit.

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;

use super::store::StoreEvent;
use crate::problem::Refusal;
use crate::state::Shared;
use crate::web::RawBody;

/// Events carry whole objects of the gateway's.
const LARGEST_EVENT: usize = 256 * 1024;

pub fn router() -> Router<Shared> {
    Router::new()
        .route("/webhooks/stripe", post(receive))
        .layer(DefaultBodyLimit::max(LARGEST_EVENT))
}

/// Takes in one event. 200 also for repeated, unknown and foreign ones: all are stored, and the
/// gateway need not send them again.
pub async fn receive(
    State(portal): State<Shared>,
    headers: HeaderMap,
    RawBody(raw): RawBody,
) -> Result<StatusCode, Refusal> {
    let now = portal.now();
    let mut signatures = headers.get_all("stripe-signature").iter();
    let signature = match (signatures.next(), signatures.next()) {
        (Some(one), None) => one.to_str().ok(),
        _ => None,
    };
    let hint = portal.gateway.verify_webhook(&raw, signature, now).map_err(|problem| {
        tracing::warn!(?problem, "a webhook was turned away");
        Refusal::bad_request("signature-invalid", "The signature does not fit.")
    })?;
    let set_aside = !portal.gateway.is_own_mode(hint.livemode);
    if set_aside {
        tracing::error!(event = %hint.event_id, "an event of another mode was set aside");
    }
    let body = without_secrets(&raw);
    portal.db.write(StoreEvent { hint, body, set_aside, now }).await?;
    portal.work.events.notify_one();
    Ok(StatusCode::OK)
}

/// The secret with which a browser may confirm an intent, and what the gateway knows of people:
/// neither is of use here, and people are forgotten in one place.
const NOT_KEPT: [&str; 8] = [
    "client_secret",
    "billing_details",
    "customer_details",
    "customer_email",
    "receipt_email",
    "receipt_url",
    "shipping",
    "shipping_details",
];

/// What is kept of an event.
fn without_secrets(raw: &[u8]) -> String {
    serde_json::from_slice(raw).map_or_else(
        |_| "unreadable".to_owned(),
        |mut body| {
            hide_secrets(&mut body);
            body.to_string()
        },
    )
}

fn hide_secrets(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if NOT_KEPT.contains(&name.as_str()) {
                    *value = Value::Null;
                } else {
                    hide_secrets(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(hide_secrets),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_gateway_knows_of_people_is_not_kept_wherever_it_stands() {
        let raw = br#"{"object":{"client_secret":"s","amount":5,"charges":[
            {"billing_details":{"name":"Ada"},"id":"ch_1"},[{"receipt_email":"a@b.example"}]]}}"#;
        let kept: Value = serde_json::from_str(&without_secrets(raw)).unwrap();
        let expected = serde_json::json!({"object": {"client_secret": null, "amount": 5,
            "charges": [{"billing_details": null, "id": "ch_1"}, [{"receipt_email": null}]]}});
        assert_eq!(kept, expected);
        assert_eq!(without_secrets(b"no JSON"), "unreadable");
    }
}
