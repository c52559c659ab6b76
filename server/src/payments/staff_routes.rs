//! What staff do to payments, each with a key of their own and a preview before the act.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use receivables::api::corrections::{MoveDocument, ReapplicationRequest, UnapplicationRequest};
use receivables::api::problem::Problem;
use receivables::ids::PaymentId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::moves::{Moving, move_payment};
use super::{everyones_routes, refund};
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller, Resource};
use crate::state::Shared;
use crate::web::{Body, DryRun, Path, Query};

pub fn staff_router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(unapply_payment))
        .routes(routes!(reapply_payment))
        .merge(everyones_routes::router())
        .merge(refund::router())
}

/// Takes back what a payment settled; it stays on account.
#[utoipa::path(
    post, path = "/api/v1/payments/{id}/unapplications", operation_id = "unapplyPayment",
    tag = "corrections",
    params(
        ("id" = PaymentId, Path, description = "The payment"),
        ("dry_run" = Option<bool>, Query, description = "true: only say what it would do"),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
            description = "1 to 255 visible characters; needed unless it is a dry run"),
    ),
    request_body = UnapplicationRequest,
    responses(
        (status = 200, body = MoveDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn unapply_payment(
    State(portal): State<Shared>,
    caller: Caller,
    Path(payment_id): Path<PaymentId>,
    Query(dry_run): Query<DryRun>,
    headers: HeaderMap,
    Body(request): Body<UnapplicationRequest>,
) -> Result<Json<MoveDocument>, Refusal> {
    let staff = caller.staff(Action::Move, Resource::Portal)?;
    let moving = Moving {
        operator: staff.name,
        idempotency_key: dry_run.key_unless(&headers)?,
        payment_id,
        take_back: request.bills,
        settle: Vec::new(),
    };
    move_payment(&portal, moving).await.map(Json)
}

/// Settles bills with what of a payment is on account, or is taken back from other bills.
#[utoipa::path(
    post, path = "/api/v1/payments/{id}/reapplications", operation_id = "reapplyPayment",
    tag = "corrections",
    params(
        ("id" = PaymentId, Path, description = "The payment"),
        ("dry_run" = Option<bool>, Query, description = "true: only say what it would do"),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
            description = "1 to 255 visible characters; needed unless it is a dry run"),
    ),
    request_body = ReapplicationRequest,
    responses(
        (status = 200, body = MoveDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn reapply_payment(
    State(portal): State<Shared>,
    caller: Caller,
    Path(payment_id): Path<PaymentId>,
    Query(dry_run): Query<DryRun>,
    headers: HeaderMap,
    Body(request): Body<ReapplicationRequest>,
) -> Result<Json<MoveDocument>, Refusal> {
    let staff = caller.staff(Action::Move, Resource::Portal)?;
    let moving = Moving {
        operator: staff.name,
        idempotency_key: dry_run.key_unless(&headers)?,
        payment_id,
        take_back: request.take_back,
        settle: request.bills,
    };
    move_payment(&portal, moving).await.map(Json)
}
