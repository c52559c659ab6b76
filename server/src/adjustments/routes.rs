//! The routes of adjustments; every caller brings an operator's key.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use receivables::api::corrections::{AdjustmentDocument, AdjustmentPage, AdjustmentRequest};
use receivables::api::problem::Problem;
use receivables::ids::{AccountId, AdjustmentId};
use receivables::money::Currency;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::decide::{Decision, decide};
use super::propose::{Proposal, document, may_propose, propose};
use super::store;
use crate::accounts;
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller, Resource, require};
use crate::state::Shared;
use crate::web::{Body, DryRun, Page, Path, Query};

pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(propose_adjustment, list_adjustments))
        .routes(routes!(approve_adjustment))
        .routes(routes!(decline_adjustment))
        .routes(routes!(reverse_adjustment))
}

/// Gives a credit note, or proposes a write-off.
#[utoipa::path(
    post, path = "/api/v1/accounts/{id}/adjustments", operation_id = "proposeAdjustment",
    tag = "corrections",
    params(
        ("id" = AccountId, Path, description = "The account"),
        ("dry_run" = Option<bool>, Query, description = "true: only say what it would do"),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
            description = "1 to 255 visible characters; needed unless it is a dry run"),
    ),
    request_body = AdjustmentRequest,
    responses(
        (status = 200, body = AdjustmentDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn propose_adjustment(
    State(portal): State<Shared>,
    caller: Caller,
    Path(account_id): Path<AccountId>,
    Query(dry_run): Query<DryRun>,
    headers: HeaderMap,
    Body(request): Body<AdjustmentRequest>,
) -> Result<Json<AdjustmentDocument>, Refusal> {
    let operator = may_propose(&portal, caller, &request)?.name;
    let idempotency_key = dry_run.key_unless(&headers)?;
    let proposal = Proposal { operator, idempotency_key, account_id, request };
    propose(&portal, proposal).await.map(Json)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    limit: Option<String>,
    after: Option<String>,
}

/// The adjustments of an account, the newest first.
#[utoipa::path(
    get, path = "/api/v1/accounts/{id}/adjustments", operation_id = "adjustmentsOfAccount",
    tag = "corrections",
    params(
        ("id" = AccountId, Path, description = "The account"),
        ("limit" = Option<u16>, Query, description = "1 to 200, 50 unless told",
            minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, body = AdjustmentPage),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn list_adjustments(
    State(portal): State<Shared>,
    caller: Caller,
    Path(account_id): Path<AccountId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<AdjustmentPage>, Refusal> {
    require(&caller, Action::SeeAdjustments, Resource::Portal)?;
    let after = |text: &str| AdjustmentId::parse(text).ok();
    let page = Page::parse(query.limit.as_deref(), query.after.as_deref(), after)?;
    let pool = portal.db.read();
    let currency: Currency =
        accounts::currency_of(pool, account_id).await?.ok_or_else(Refusal::not_found)?;
    let limit = i64::from(page.limit);
    let found = store::of_account(pool, account_id, page.after, limit + 1).await?;
    let is_more = found.len() > usize::from(page.limit);
    let items: Vec<AdjustmentDocument> = found
        .iter()
        .take(usize::from(page.limit))
        .map(|adjustment| document(adjustment, currency, None))
        .collect();
    let last = items.last().and_then(|last| last.id);
    Ok(Json(AdjustmentPage { next: last.filter(|_| is_more).map(|id| id.to_string()), items }))
}

/// Approves what another operator proposed, which posts it.
#[utoipa::path(
    post, path = "/api/v1/adjustments/{id}/approval", operation_id = "approveAdjustment",
    tag = "corrections",
    params(
        ("id" = AdjustmentId, Path, description = "The adjustment"),
        ("dry_run" = Option<bool>, Query, description = "true: only say what it would do"),
    ),
    request_body = Nothing,
    responses(
        (status = 200, body = AdjustmentDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn approve_adjustment(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<AdjustmentId>,
    Query(dry_run): Query<DryRun>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<AdjustmentDocument>, Refusal> {
    let dry_run = dry_run.is_wanted();
    decide(&portal, caller, id, Decision::Approve, dry_run).await.map(Json)
}

/// Declines what was proposed; nothing is posted.
#[utoipa::path(
    post, path = "/api/v1/adjustments/{id}/refusal", operation_id = "declineAdjustment",
    tag = "corrections",
    params(("id" = AdjustmentId, Path, description = "The adjustment")),
    request_body = Nothing,
    responses(
        (status = 200, body = AdjustmentDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn decline_adjustment(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<AdjustmentId>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<AdjustmentDocument>, Refusal> {
    decide(&portal, caller, id, Decision::Decline, false).await.map(Json)
}

/// Takes a posted adjustment back, by a posting that reverses it.
#[utoipa::path(
    post, path = "/api/v1/adjustments/{id}/reversal", operation_id = "reverseAdjustment",
    tag = "corrections",
    params(
        ("id" = AdjustmentId, Path, description = "The adjustment"),
        ("dry_run" = Option<bool>, Query, description = "true: only say what it would do"),
    ),
    request_body = Nothing,
    responses(
        (status = 200, body = AdjustmentDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn reverse_adjustment(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<AdjustmentId>,
    Query(dry_run): Query<DryRun>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<AdjustmentDocument>, Refusal> {
    let dry_run = dry_run.is_wanted();
    decide(&portal, caller, id, Decision::Reverse, dry_run).await.map(Json)
}

/// An empty JSON object: the request says all by its address.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}
