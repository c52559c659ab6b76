//! The route of the search box.

use axum::Json;
use axum::extract::State;
use receivables::api::problem::Problem;
use receivables::api::search::SearchAnswer;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::find::{Typed, find};
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller, Resource, require};
use crate::state::Shared;
use crate::web::Query;

pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(search))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchQuery {
    q: Option<String>,
}

/// Finds accounts by a number, a name, an address, a bill, a payment, a receipt, the gateway's
/// name of a payment, or a sum written as `=120.00`.
#[utoipa::path(
    get, path = "/api/v1/search", operation_id = "search", tag = "accounts",
    params(("q" = String, Query, description = "As the caller says it, 1 to 100 characters",
        min_length = 1, max_length = 100)),
    responses(
        (status = 200, body = SearchAnswer),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn search(
    State(portal): State<Shared>,
    caller: Caller,
    Query(query): Query<SearchQuery>,
) -> Result<Json<SearchAnswer>, Refusal> {
    require(&caller, Action::See, Resource::Portal)?;
    let typed = Typed::parse(query.q.as_deref().unwrap_or_default())
        .map_err(|why| why.refusal().at("query:q"))?;
    Ok(Json(find(portal.db.read(), &typed, portal.today(), &portal.zone).await?))
}
