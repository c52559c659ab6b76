//! The routes of payments: previews, starting, looking, cancelling, the history.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use receivables::allocation::preview;
use receivables::api::payments::{
    CreditApplied, PaymentDocument, PaymentPage, PaymentRequest, PreviewDocument, PreviewRequest,
};
use receivables::api::problem::Problem;
use receivables::ids::{AccountId, PaymentId};
use receivables::money::Money;
use receivables::payment::{PaymentStage, PaymentState};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::document::{MoneyBack, document};
use super::history::{PaymentCursor, payments_of};
use super::preview::{refusal_of, view_of};
use super::start::{Starting, can_be_asked_for, currency_mismatch, start};
use super::store::{PaymentRecord, find_within};
use super::{cancel, credit};
use crate::accounts::{CallersAccount, account_of};
use crate::clock::instant_text;
use crate::gateway::Intent;
use crate::gateway_events::ask_now;
use crate::limits::{self, Limit};
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller, Customer, Reach, require_on_account};
use crate::state::Shared;
use crate::web::{Body, ClientAddress, Page, Path, Query, idempotency_key};

pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(preview_payment))
        .routes(routes!(start_payment, list_payments))
        .routes(routes!(show_payment))
        .routes(routes!(cancel_payment))
        .routes(routes!(use_credit))
}

/// What a payment would settle. Nothing is stored.
#[utoipa::path(
    post, path = "/api/v1/accounts/{id}/allocation-previews",
    operation_id = "allocationPreviewForAccount", tag = "payments",
    params(("id" = AccountId, Path, description = "The account")),
    request_body = PreviewRequest,
    responses(
        (status = 200, body = PreviewDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn preview_payment(
    State(portal): State<Shared>,
    callers: CallersAccount,
    Body(request): Body<PreviewRequest>,
) -> Result<Json<PreviewDocument>, Refusal> {
    let (_, account) = callers.allowed(Action::Preview)?;
    if request.currency != account.currency {
        return Err(currency_mismatch(account.currency));
    }
    can_be_asked_for(Money::new(request.amount, request.currency))?;
    let view = view_of(&portal, &account).await?;
    let (view, credit_used) =
        if request.use_credit { view.with_credit_used() } else { (view, Vec::new()) };
    let worked_out = preview(&view.snapshot(), request.amount, &request.direction)
        .map_err(|refusal| refusal_of(&refusal, &view))?;
    Ok(Json(PreviewDocument {
        account_id: account.id,
        as_of: instant_text(portal.now()),
        today: view.today,
        credit_used,
        preview: view.with_periods(worked_out),
    }))
}

/// Starts a payment of the confirmed preview. The same id and key again: the same payment.
#[utoipa::path(
    post, path = "/api/v1/accounts/{id}/payments", operation_id = "paymentForAccount",
    tag = "payments",
    params(
        ("id" = AccountId, Path, description = "The account"),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible characters",
            min_length = 1, max_length = 255),
    ),
    request_body = PaymentRequest,
    responses(
        (status = 200, description = "The same request again", body = PaymentDocument),
        (status = 201, description = "Started", body = PaymentDocument),
        (status = 202, description = "Started, the gateway's answer is in doubt",
            body = PaymentDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "allocation-changed with the new preview, or \
            balance-reserved with the payment in flight", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Begun too often, from one address or for one account",
            body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy, or the gateway cannot be asked: nothing was taken",
            body = Problem, content_type = "application/problem+json"),
    )
)]
async fn start_payment(
    State(portal): State<Shared>,
    callers: CallersAccount,
    from: ClientAddress,
    headers: HeaderMap,
    Body(request): Body<PaymentRequest>,
) -> Result<Response, Refusal> {
    let (caller, account) = callers.allowed(Action::Pay)?;
    let Customer { customer_id, session_hash } = caller.customer()?;
    let payments = Limit::a_day("payments", portal.settings.limits.payments_per_address);
    limits::count_address(&portal, payments, from).await?;
    let starting = Starting {
        account_id: account.id,
        customer_id,
        session_hash,
        idempotency_key: idempotency_key(&headers)?,
        request,
    };
    let started = start(&portal, starting).await?;
    let payment = &started.payment;
    let stage = payment.state.stage(payment.decline.is_some());
    let status = match (started.repeated, stage) {
        (_, PaymentStage::Checking) => StatusCode::ACCEPTED,
        (true, _) => StatusCode::OK,
        (false, _) => StatusCode::CREATED,
    };
    let location = format!("/api/v1/payments/{}", payment.id);
    let money_back = MoneyBack::of(&portal, payment).await?;
    let intent = started.intent.as_ref();
    let document = document(&portal, payment, account.number, None, money_back, intent);
    Ok((status, [(header::LOCATION, location)], Json(document)).into_response())
}

/// A payment as it stands. While somebody waits, the gateway is asked again now and then.
#[utoipa::path(
    get, path = "/api/v1/payments/{id}", operation_id = "payment", tag = "payments",
    params(("id" = PaymentId, Path, description = "The payment")),
    responses(
        (status = 200, body = PaymentDocument),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn show_payment(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<PaymentId>,
) -> Result<Json<PaymentDocument>, Refusal> {
    let reach = caller.reach(Action::SeePayments)?;
    let payment = payment_of(&portal, reach, id).await?;
    let asked = ask_now(&portal, &payment).await.unwrap_or_else(|error| {
        // Looking goes on while the database takes no writes.
        tracing::warn!(payment = %id, %error, "the gateway's answer could not be noted");
        None
    });
    let intent = match asked {
        _ if !waits_for(&caller, &payment) => None,
        None => portal.gateway.retrieve_intent(&payment.gateway_ref.unwrap_or_default()).await.ok(),
        asked => asked,
    };
    Ok(Json(document_of(&portal, reach, id, intent.as_ref()).await?))
}

/// The payer gives up a payment that has not been paid.
#[utoipa::path(
    post, path = "/api/v1/payments/{id}/cancellation", operation_id = "cancelPayment",
    tag = "payments",
    params(("id" = PaymentId, Path, description = "The payment")),
    request_body = Nothing,
    responses(
        (status = 200, description = "As it stands now: cancelled, or paid meanwhile",
            body = PaymentDocument),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn cancel_payment(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<PaymentId>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<PaymentDocument>, Refusal> {
    let reach = caller.reach(Action::Cancel)?;
    let payment = payment_of(&portal, reach, id).await?;
    require_on_account(&portal, &caller, Action::Cancel, payment.account_id).await?;
    if payment.state.is_final() && payment.state != PaymentState::Cancelled {
        let words = "This payment is already done.";
        return Err(Refusal::conflict("invalid-state", words).with_payment(id));
    }
    cancel(&portal, &payment).await?;
    Ok(Json(document_of(&portal, reach, id, None).await?))
}

/// Settles the oldest bills with the account's credit, without a payment. Nothing left of it, or
/// nothing to settle: nothing happens.
#[utoipa::path(
    post, path = "/api/v1/accounts/{id}/credit-applications", operation_id = "useCredit",
    tag = "payments",
    params(("id" = AccountId, Path, description = "The account")),
    request_body = Nothing,
    responses(
        (status = 200, body = CreditApplied),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn use_credit(
    State(portal): State<Shared>,
    callers: CallersAccount,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<CreditApplied>, Refusal> {
    let (caller, account) = callers.allowed(Action::Pay)?;
    let (account_id, currency) = (account.id, account.currency);
    let applied = credit::spend(&portal, account_id).await?;
    let credit_after = account_of(&portal, caller.reach(Action::Pay)?, account_id).await?.credit;
    Ok(Json(CreditApplied { account_id, currency, applied, credit_after }))
}

/// An empty JSON object: the request says all by its address.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    limit: Option<String>,
    after: Option<String>,
}

/// The payments of an account, newest first.
#[utoipa::path(
    get, path = "/api/v1/accounts/{id}/payments", operation_id = "paymentsOfAccount",
    tag = "payments",
    params(
        ("id" = AccountId, Path, description = "The account"),
        ("limit" = Option<u16>, Query, description = "1 to 200, 50 unless told",
            minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, body = PaymentPage),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn list_payments(
    State(portal): State<Shared>,
    callers: CallersAccount,
    Query(query): Query<ListQuery>,
) -> Result<Json<PaymentPage>, Refusal> {
    let (_, account) = callers.allowed(Action::SeePayments)?;
    let page = Page::parse(query.limit.as_deref(), query.after.as_deref(), PaymentCursor::parse)?;
    let pool = portal.db.read();
    let (items, next) = payments_of(pool, account.id, page.after, page.limit, &portal.zone).await?;
    Ok(Json(PaymentPage { items, next }))
}

/// The payment within reach, or the same answer as for one that does not exist.
async fn payment_of(
    portal: &Shared,
    reach: Reach,
    id: PaymentId,
) -> Result<PaymentRecord, Refusal> {
    find_within(portal.db.read(), id, reach).await?.ok_or_else(Refusal::not_found)
}

/// Is it this session that has to give a card? A page loaded again needs the form again.
fn waits_for(caller: &Caller, payment: &PaymentRecord) -> bool {
    let Caller::Customer(Customer { session_hash, .. }) = caller else { return false };
    payment.state == PaymentState::AwaitingPayer
        && payment.gateway_ref.is_some()
        && payment.session_hash.as_ref() == Some(session_hash)
}

async fn document_of(
    portal: &Shared,
    reach: Reach,
    id: PaymentId,
    intent: Option<&Intent>,
) -> Result<PaymentDocument, Refusal> {
    let payment = payment_of(portal, reach, id).await?;
    let account = account_of(portal, reach, payment.account_id).await?;
    let receipt_number = crate::receipts::number_of(portal.db.read(), id).await?;
    let money_back = MoneyBack::of(portal, &payment).await?;
    Ok(document(portal, &payment, account.number, receipt_number, money_back, intent))
}
