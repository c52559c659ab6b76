//! `GET /api/v1/person/export`: everything about the person who asks.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use receivables::api::problem::Problem;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Format, PrivacyError, everything_about};
use crate::problem::Refusal;
use crate::sign_in::Customer;
use crate::state::Shared;
use crate::web::Query;

pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(export))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    #[serde(default)]
    format: Option<String>,
}

/// Everything the portal keeps about the person who is signed in, as a file.
#[utoipa::path(
    get, path = "/api/v1/person/export", operation_id = "exportPerson", tag = "portal",
    params(("format" = Option<String>, Query, description = "json or csv; json where not said")),
    responses(
        (status = 200, description = "Sections, each with its rows: as JSON, or a line a field",
            content((serde_json::Value = "application/json"), (String = "text/csv"))),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn export(
    State(portal): State<Shared>,
    caller: Customer,
    Query(wish): Query<Wish>,
) -> Result<Response, Refusal> {
    let format = wish
        .format
        .as_deref()
        .unwrap_or("json")
        .parse::<Format>()
        .map_err(|_| Refusal::unprocessable("filter-invalid", "The format is json or csv."))?;
    let everything = everything_about(portal.db.read(), caller.customer_id, portal.now()).await;
    let everything = everything.map_err(|error| match error {
        PrivacyError::Database(error) => error.into(),
        other => {
            tracing::error!(error = %other, "a person could not be shown what is kept of them");
            Refusal::fault()
        }
    })?;
    tracing::info!(security = "export", customer = %caller.customer_id, "told all we know");
    let (kind, name) = match format {
        Format::Json => ("application/json", "attachment; filename=\"about-me.json\""),
        Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"about-me.csv\""),
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, everything.write(format)).into_response())
}
