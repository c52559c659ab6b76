//! The routes by which staff record external payments and decide on them.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use receivables::api::external_payments::{
    ExternalPaymentDocument, ExternalPaymentPage, ExternalPaymentRequest,
};
use receivables::api::problem::Problem;
use receivables::ids::{AccountId, PaymentId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::decide::{Decision, decide};
use super::post::{Beside, document};
use super::record::{Recorded, record};
use super::store;
use crate::accounts;
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller, Resource, require};
use crate::state::Shared;
use crate::web::{Body, DryRun, Page, Path, Query};

pub fn staff_router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(record_external, list_external))
        .routes(routes!(approve_external))
        .routes(routes!(decline_external))
}

/// Records money that was received outside the portal. Above the clerks' limit it waits for
/// another member of staff.
#[utoipa::path(
    post, path = "/api/v1/accounts/{id}/external-payments",
    operation_id = "recordExternalPayment", tag = "corrections",
    params(
        ("id" = AccountId, Path, description = "The account"),
        ("dry_run" = Option<bool>, Query, description = "true: only say what it would do"),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
            description = "1 to 255 visible characters; needed unless it is a dry run"),
    ),
    request_body = ExternalPaymentRequest,
    responses(
        (status = 200, body = ExternalPaymentDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn record_external(
    State(portal): State<Shared>,
    caller: Caller,
    Path(account_id): Path<AccountId>,
    Query(dry_run): Query<DryRun>,
    headers: HeaderMap,
    Body(request): Body<ExternalPaymentRequest>,
) -> Result<Json<ExternalPaymentDocument>, Refusal> {
    let operator = caller.staff(Action::RecordPayment, Resource::Portal)?.name;
    let idempotency_key = dry_run.key_unless(&headers)?;
    let recorded = Recorded { operator, idempotency_key, account_id, request };
    record(&portal, recorded).await.map(Json)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    limit: Option<String>,
    after: Option<String>,
}

/// What staff recorded on an account, the newest first.
#[utoipa::path(
    get, path = "/api/v1/accounts/{id}/external-payments",
    operation_id = "externalPaymentsOfAccount", tag = "corrections",
    params(
        ("id" = AccountId, Path, description = "The account"),
        ("limit" = Option<u16>, Query, description = "1 to 200, 50 unless told",
            minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, body = ExternalPaymentPage),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn list_external(
    State(portal): State<Shared>,
    caller: Caller,
    Path(account_id): Path<AccountId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<ExternalPaymentPage>, Refusal> {
    require(&caller, Action::SeeAdjustments, Resource::Portal)?;
    let after = |text: &str| PaymentId::parse(text).ok();
    let page = Page::parse(query.limit.as_deref(), query.after.as_deref(), after)?;
    let pool = portal.db.read();
    accounts::currency_of(pool, account_id).await?.ok_or_else(Refusal::not_found)?;
    let asked_for = i64::from(page.limit) + 1;
    let mut found = store::of_account(pool, account_id, page.after, asked_for).await?;
    let is_more = found.len() > usize::from(page.limit);
    found.truncate(usize::from(page.limit));
    let next = found.last().filter(|_| is_more).map(|last| last.id.to_string());
    let items = found.iter().map(|record| document(record, Beside::default())).collect();
    Ok(Json(ExternalPaymentPage { items, next }))
}

/// Approves what another member of staff recorded, which posts it.
#[utoipa::path(
    post, path = "/api/v1/external-payments/{id}/approval",
    operation_id = "approveExternalPayment", tag = "corrections",
    params(
        ("id" = PaymentId, Path, description = "The external payment"),
        ("dry_run" = Option<bool>, Query, description = "true: only say what it would do"),
    ),
    request_body = Nothing,
    responses(
        (status = 200, body = ExternalPaymentDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn approve_external(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<PaymentId>,
    Query(dry_run): Query<DryRun>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<ExternalPaymentDocument>, Refusal> {
    let dry_run = dry_run.is_wanted();
    decide(&portal, caller, id, Decision::Approve, dry_run).await.map(Json)
}

/// Declines what waits for approval; nothing is posted.
#[utoipa::path(
    post, path = "/api/v1/external-payments/{id}/refusal",
    operation_id = "declineExternalPayment", tag = "corrections",
    params(("id" = PaymentId, Path, description = "The external payment")),
    request_body = Nothing,
    responses(
        (status = 200, body = ExternalPaymentDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn decline_external(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<PaymentId>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<ExternalPaymentDocument>, Refusal> {
    decide(&portal, caller, id, Decision::Decline, false).await.map(Json)
}

/// An empty JSON object: the request says all by its address.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}
