//! The route of the audit trail.

use axum::Json;
use axum::extract::State;
use receivables::api::audit_acts::AuditPage;
use receivables::api::problem::Problem;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::HOLDS;
use super::browse::browse;
use crate::db::snapshot;
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller, Resource, require};
use crate::state::Shared;
use crate::web::{Page, Query};

pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(audit_acts))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    limit: Option<String>,
    after: Option<String>,
}

/// Who did what, the newest first, and what is known of the chain.
#[utoipa::path(
    get, path = "/api/v1/audit-acts", operation_id = "auditActs", tag = "keys",
    params(
        ("limit" = Option<u16>, Query, description = "1 to 200, 50 unless told",
            minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, body = AuditPage),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn audit_acts(
    State(portal): State<Shared>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<AuditPage>, Refusal> {
    require(&caller, Action::SeeAudit, Resource::Portal)?;
    let place = |text: &str| text.parse::<i64>().ok().filter(|n| *n > 0);
    let page = Page::parse(query.limit.as_deref(), query.after.as_deref(), place)?;
    let checked = portal.book.last();
    let verified = checked.map(|checked| (checked.at, !checked.broken.contains(&HOLDS)));
    let mut moment = snapshot(portal.db.read()).await?;
    Ok(Json(browse(&mut moment, (page.after, page.limit), verified).await?))
}
