//! How the portal is: alive, ready to take payments, and in numbers. For machines that watch it.
//!
//! It reads and never changes anything. `/metrics` speaks of how many and how old, never of whom,
//! and is served on a listener of its own that the public does not reach; `/healthz` and
//! `/readyz` answer there and on the portal's own address.

mod metrics;
mod readiness;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};

use crate::problem::Refusal;
use crate::state::Shared;

pub use metrics::{Measured, measure};
pub use readiness::{Readiness, readiness};

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] = &[metrics::SQL, readiness::SQL];

/// For load balancers: alive and ready, on the address everybody sees.
pub fn router() -> Router<Shared> {
    Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz))
}

/// For whoever watches over the portal, on a listener of its own.
pub fn watchers_router(portal: &Shared) -> Router {
    router().route("/metrics", get(metrics)).with_state(portal.clone())
}

/// The process runs; whether it can take payments is another question.
async fn healthz() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": "ok" }))
}

async fn readyz(State(portal): State<Shared>) -> impl IntoResponse {
    let readiness = readiness(&portal).await;
    let status =
        if readiness.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(readiness.document()))
}

async fn metrics(State(portal): State<Shared>) -> Result<impl IntoResponse, Refusal> {
    let measured = measure(&portal).await?;
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], measured.text()))
}
