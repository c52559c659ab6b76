//! The routes by which staff put a bill on hold and release it.

use axum::Json;
use axum::extract::State;
use receivables::api::bills::{HoldDocument, HoldRequest, ReleaseRequest};
use receivables::api::problem::Problem;
use receivables::ids::BillId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::at_the_desk::{Wish, hold_or_release};
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller, Resource};
use crate::state::Shared;
use crate::web::{Body, DryRun, Path, Query, line, optional_line};

const LONGEST_REASON: usize = 200;

pub fn staff_router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(hold)).routes(routes!(release))
}

/// Puts a bill on hold: nobody asks for it, and it takes no new payment. One that is on its way
/// is still applied.
#[utoipa::path(
    post, path = "/api/v1/bills/{id}/hold", operation_id = "holdBill", tag = "corrections",
    params(
        ("id" = BillId, Path, description = "The bill"),
        ("dry_run" = Option<bool>, Query, description = "true: only say what it would do"),
    ),
    request_body = HoldRequest,
    responses(
        (status = 200, body = HoldDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn hold(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<BillId>,
    Query(dry_run): Query<DryRun>,
    Body(request): Body<HoldRequest>,
) -> Result<Json<HoldDocument>, Refusal> {
    let operator = caller.staff(Action::HoldBill, Resource::Portal)?.name;
    let wish = Wish::Hold { reason: line(&request.reason, LONGEST_REASON, "#/reason")? };
    hold_or_release(&portal, operator, id, wish, dry_run.is_wanted()).await.map(Json)
}

/// Asks for a bill again that was on hold.
#[utoipa::path(
    post, path = "/api/v1/bills/{id}/release", operation_id = "releaseBill", tag = "corrections",
    params(
        ("id" = BillId, Path, description = "The bill"),
        ("dry_run" = Option<bool>, Query, description = "true: only say what it would do"),
    ),
    request_body = ReleaseRequest,
    responses(
        (status = 200, body = HoldDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn release(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<BillId>,
    Query(dry_run): Query<DryRun>,
    Body(request): Body<ReleaseRequest>,
) -> Result<Json<HoldDocument>, Refusal> {
    let operator = caller.staff(Action::HoldBill, Resource::Portal)?.name;
    let reason = optional_line(request.reason.as_deref(), LONGEST_REASON, "#/reason")?;
    let wish = Wish::Release { reason };
    hold_or_release(&portal, operator, id, wish, dry_run.is_wanted()).await.map(Json)
}
