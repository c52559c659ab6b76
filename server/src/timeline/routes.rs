//! The route of the timeline.

use axum::Json;
use axum::extract::State;
use receivables::api::problem::Problem;
use receivables::api::timeline::TimelinePage;
use receivables::ids::AccountId;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acts::acts;
use super::cursor::{Cursor, merged};
use super::letters::letters;
use super::postings::postings;
use crate::accounts;
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller, Resource, require};
use crate::state::Shared;
use crate::web::{Page, Path, Query};

pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(timeline))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimelineQuery {
    limit: Option<String>,
    after: Option<String>,
}

/// Everything that happened on an account, the newest first, with who did it and why. Letters are
/// told of for 30 days after they were sent.
#[utoipa::path(
    get, path = "/api/v1/accounts/{id}/timeline", operation_id = "timelineOfAccount",
    tag = "accounts",
    params(
        ("id" = AccountId, Path, description = "The account"),
        ("limit" = Option<u16>, Query, description = "1 to 200, 50 unless told",
            minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, body = TimelinePage),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn timeline(
    State(portal): State<Shared>,
    caller: Caller,
    Path(account_id): Path<AccountId>,
    Query(query): Query<TimelineQuery>,
) -> Result<Json<TimelinePage>, Refusal> {
    require(&caller, Action::See, Resource::Portal)?;
    let page = Page::parse(query.limit.as_deref(), query.after.as_deref(), Cursor::parse)?;
    let (limit, after, gateway) =
        (usize::from(page.limit), page.after.as_ref(), portal.gateway_name());
    // One connection for all questions: each return to the pool is one more.
    let mut connection = portal.db.read().acquire().await?;
    let currency = accounts::currency_of(&mut *connection, account_id).await?;
    let currency = currency.ok_or_else(Refusal::not_found)?;
    let asked_for = i64::from(page.limit) + 1;
    let mut placed = merged([
        letters(&mut connection, account_id, after, asked_for).await?,
        postings(&mut connection, account_id, after, asked_for, gateway).await?,
        acts(&mut connection, account_id, after, asked_for, gateway).await?,
    ]);
    let is_more = placed.len() > limit;
    placed.truncate(limit);
    let next = placed.last().filter(|_| is_more).map(|last| last.place.text());
    let items = placed.into_iter().filter_map(|placed| placed.row).collect();
    Ok(Json(TimelinePage { account_id, currency, items, next }))
}
