//! The routes of the work list.

use axum::Json;
use axum::extract::State;
use receivables::api::problem::Problem;
use receivables::api::work_items::{WorkDone, WorkDoneRequest, WorkItemPage};
use receivables::ids::WorkItemId;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::item::WorkKind;
use super::operator::{Finish, Finished, LONGEST_NOTE};
use super::read::{WorkCursor, page};
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller, Resource, require};
use crate::state::Shared;
use crate::web::{Body, Page, Path, Query, line};

pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(work_items)).routes(routes!(work_done))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    kind: Option<String>,
    limit: Option<String>,
    after: Option<String>,
}

/// What waits for a person, the oldest first.
#[utoipa::path(
    get, path = "/api/v1/work-items", operation_id = "workItems", tag = "work list",
    params(
        ("kind" = Option<String>, Query, description = "Only this kind"),
        ("limit" = Option<u16>, Query, description = "1 to 200, 50 unless told",
            minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, body = WorkItemPage),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn work_items(
    State(portal): State<Shared>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<WorkItemPage>, Refusal> {
    require(&caller, Action::SeeWork, Resource::Portal)?;
    let unknown = || {
        let words = "There is no such kind of work.";
        Refusal::unprocessable("filter-invalid", words).at("query:kind")
    };
    let kind = query.kind.as_deref().map(|code| WorkKind::parse(code).ok_or_else(unknown));
    let wanted = Page::parse(query.limit.as_deref(), query.after.as_deref(), WorkCursor::parse)?;
    let mut connection = portal.db.read().acquire().await?;
    let wanted = (wanted.after, wanted.limit);
    Ok(Json(page(&mut connection, kind.transpose()?, wanted, portal.gateway_name()).await?))
}

/// Takes a matter off the list that a person has settled. What waits for approval leaves it by
/// the decision alone.
#[utoipa::path(
    post, path = "/api/v1/work-items/{id}/done", operation_id = "workDone", tag = "work list",
    params(("id" = WorkItemId, Path, description = "The matter")),
    request_body = WorkDoneRequest,
    responses(
        (status = 200, body = WorkDone),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn work_done(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<WorkItemId>,
    Body(request): Body<WorkDoneRequest>,
) -> Result<Json<WorkDone>, Refusal> {
    let by = caller.staff(Action::DoWork, Resource::Portal)?.name;
    let note = line(&request.note, LONGEST_NOTE, "#/note")?;
    let finish = Finish { id, note: note.clone(), by: by.clone(), now: portal.now() };
    match portal.db.write(finish).await? {
        Finished::Done => Ok(Json(WorkDone { id, done_by: by, note })),
        Finished::NotThere => Err(Refusal::not_found()),
        Finished::DoneBefore => {
            let words = "This is off the list already.";
            Err(Refusal::conflict("invalid-state", words))
        }
        Finished::NeedsDecision => {
            let words = "Approve it or decline it: that takes it off the list.";
            Err(Refusal::conflict("invalid-state", words))
        }
    }
}
