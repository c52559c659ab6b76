//! Browsers tell here what a content security policy stopped: a fault of ours or an attack.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde_json::Value;

use super::content_policy::REPORTS;
use super::{RawBody, is_open_to_look_at};
use crate::problem::Refusal;
use crate::state::Shared;

#[derive(Clone, Default)]
struct Reports(Arc<AtomicU64>);

pub fn router() -> Router<Shared> {
    Router::new()
        .route(REPORTS, post(receive))
        .route(&format!("{REPORTS}/count"), get(count))
        .layer(Extension(Reports::default()))
}

/// Logs what was stopped: the rule and the kind of thing, not whole addresses.
async fn receive(Extension(reports): Extension<Reports>, RawBody(body): RawBody) -> StatusCode {
    reports.0.fetch_add(1, Ordering::Relaxed);
    let report = serde_json::from_slice::<Value>(&body).unwrap_or_default();
    let directive = find(&report, &["effectiveDirective", "effective-directive"]);
    let blocked = find(&report, &["blockedURL", "blocked-uri"]);
    tracing::warn!(security = "csp-report", directive, blocked, "a page was stopped by its policy");
    StatusCode::NO_CONTENT
}

/// For the end-to-end tests, which expect none.
async fn count(
    State(portal): State<Shared>,
    Extension(reports): Extension<Reports>,
) -> Result<Json<Value>, Refusal> {
    if !is_open_to_look_at(&portal) {
        return Err(Refusal::not_found());
    }
    Ok(Json(serde_json::json!({ "count": reports.0.load(Ordering::Relaxed) })))
}

/// The first of the names anywhere in the report, without query and kept short.
fn find(report: &Value, names: &[&str]) -> String {
    let found = match report {
        Value::Object(fields) => fields.iter().find_map(|(name, value)| match value {
            Value::String(text) if names.contains(&name.as_str()) => Some(text.clone()),
            inner => Some(find(inner, names)).filter(|found| !found.is_empty()),
        }),
        Value::Array(items) => {
            items.iter().map(|item| find(item, names)).find(|found| !found.is_empty())
        }
        _ => None,
    };
    let found = found.unwrap_or_default();
    let address = found.split(['?', '#']).next().unwrap_or_default();
    address.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_of_report_tell_the_rule_and_the_address_without_its_query() {
        let old = serde_json::json!({"csp-report":
            {"effective-directive": "script-src-elem", "blocked-uri": "https://x.example/a?k=1"}});
        let new = serde_json::json!([{"type": "csp-violation", "body":
            {"effectiveDirective": "script-src-elem", "blockedURL": "https://x.example/a#k"}}]);
        for report in [old, new] {
            let directive = find(&report, &["effectiveDirective", "effective-directive"]);
            assert_eq!(directive, "script-src-elem");
            assert_eq!(find(&report, &["blockedURL", "blocked-uri"]), "https://x.example/a");
        }
        assert_eq!(find(&Value::Null, &["blockedURL"]), "");
    }
}
