//! The staff's routes of refunds.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use receivables::api::problem::Problem;
use receivables::api::refunds::{RefundDocument, RefundList, RefundPreview, RefundRequest};
use receivables::ids::{PaymentId, RefundId};
use receivables::refund::RefundState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::store as payments;
use super::document::document;
use super::request::{Refunding, may_refund, preview_refund, refund};
use super::store::{find_refund, refunds_of};
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller, Resource, require};
use crate::state::Shared;
use crate::web::{Body, DryRun, Path, Query};

pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(refund_payment, list_refunds)).routes(routes!(show_refund))
}

/// Gives a part of a payment back, or all. With `dry_run=true`: what that would do.
#[utoipa::path(
    post, path = "/api/v1/payments/{id}/refunds", operation_id = "refundPayment",
    tag = "corrections",
    params(
        ("id" = PaymentId, Path, description = "The payment"),
        ("dry_run" = Option<bool>, Query, description = "Only show what it would do"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible \
            characters; not needed for a dry run", min_length = 1, max_length = 255),
    ),
    request_body = RefundRequest,
    responses(
        (status = 200, description = "A dry run's preview; or, as a RefundDocument, the same \
            request again", body = RefundPreview),
        (status = 201, description = "Asked for, and perhaps done", body = RefundDocument),
        (status = 202, description = "Asked for, the gateway's answer is in doubt",
            body = RefundDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "disputed, or invalid-state", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn refund_payment(
    State(portal): State<Shared>,
    caller: Caller,
    Path(payment_id): Path<PaymentId>,
    Query(dry_run): Query<DryRun>,
    headers: HeaderMap,
    Body(request): Body<RefundRequest>,
) -> Result<Response, Refusal> {
    let operator = may_refund(&portal, caller, request.amount)?.name;
    let Some(idempotency_key) = dry_run.key_unless(&headers)? else {
        let preview = preview_refund(&portal, payment_id, &request).await?;
        return Ok(Json(preview).into_response());
    };
    let refunding = Refunding { operator, payment_id, idempotency_key, request };
    let outcome = refund(&portal, refunding).await?;
    let refund = outcome.refund;
    let status = match (refund.state, outcome.repeated) {
        (RefundState::Refused, _) => return Err(refused(&refund.failure, payment_id)),
        (RefundState::Created | RefundState::Unknown, _) => StatusCode::ACCEPTED,
        (_, true) => StatusCode::OK,
        (_, false) => StatusCode::CREATED,
    };
    let location = format!("/api/v1/refunds/{}", refund.id);
    Ok((status, [(header::LOCATION, location)], Json(document(refund))).into_response())
}

fn refused(failure: &Option<String>, payment_id: PaymentId) -> Refusal {
    let why = failure.as_deref().unwrap_or("it gave no reason");
    let words = format!("The gateway did not accept this refund: {why}. Nothing went back.");
    Refusal::unprocessable("gateway-refused", words).with_payment(payment_id)
}

/// The refunds of a payment, newest first.
#[utoipa::path(
    get, path = "/api/v1/payments/{id}/refunds", operation_id = "refundsOfPayment",
    tag = "corrections",
    params(("id" = PaymentId, Path, description = "The payment")),
    responses(
        (status = 200, body = RefundList),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn list_refunds(
    State(portal): State<Shared>,
    caller: Caller,
    Path(payment_id): Path<PaymentId>,
) -> Result<Json<RefundList>, Refusal> {
    require(&caller, Action::SeeRefunds, Resource::Portal)?;
    let pool = portal.db.read();
    payments::find(pool, payment_id).await?.ok_or_else(Refusal::not_found)?;
    let items = refunds_of(pool, payment_id).await?.into_iter().map(document).collect();
    Ok(Json(RefundList { items }))
}

/// One refund as it stands.
#[utoipa::path(
    get, path = "/api/v1/refunds/{id}", operation_id = "refund", tag = "corrections",
    params(("id" = RefundId, Path, description = "The refund")),
    responses(
        (status = 200, body = RefundDocument),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn show_refund(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<RefundId>,
) -> Result<Json<RefundDocument>, Refusal> {
    require(&caller, Action::SeeRefunds, Resource::Portal)?;
    let refund = find_refund(portal.db.read(), id).await?.ok_or_else(Refusal::not_found)?;
    Ok(Json(document(refund)))
}
