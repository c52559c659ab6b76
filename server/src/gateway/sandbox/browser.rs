//! Where the payer's browser talks to the sandbox, in place of Stripe's own script. Mounted on
//! the public router only while the sandbox runs.
//!
//! A double click is answered with the intent as it is: confirming twice takes nothing twice.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::api::cut_off;
use super::cards::TestCard;
use super::disputes::{DisputeStep, OpenDispute, StepDispute};
use super::intents::{Authentication, SandboxIntent, Status};
use super::payer::{PayerStep, Step};
use super::refunds::{EndRefund, RefundEnd};
use super::sessions::PayByLink;
use super::store::Settling;
use super::{Core, store};
use crate::config::Secret;
use crate::problem::Refusal;
use crate::web::Body;

pub(super) fn router(core: Arc<Core>) -> Router {
    Router::new()
        .route("/sandbox/cards", get(cards))
        .route("/sandbox/intents/{id}/confirm", post(confirm))
        .route("/sandbox/intents/{id}/authenticate", post(authenticate))
        .route("/sandbox/settle", post(settle))
        .route("/sandbox/checkout", post(pay_by_link))
        .route("/sandbox/refunds/{id}", post(end_refund))
        .route("/sandbox/disputes", post(open_dispute))
        .route("/sandbox/disputes/{id}", post(step_dispute))
        .with_state(core)
}

/// A way to pay, as the card picker shows it.
#[derive(Serialize)]
struct CardChoice {
    card: TestCard,
    label: &'static str,
    what_it_does: &'static str,
}

async fn cards() -> Json<Vec<CardChoice>> {
    let choice = |card: TestCard| CardChoice {
        card,
        label: card.label(),
        what_it_does: card.what_it_does(),
    };
    Json(TestCard::ALL.map(choice).into())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirmation {
    client_secret: Secret,
    card: TestCard,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthenticationResult {
    client_secret: Secret,
    outcome: Authentication,
}

/// What became of the payer's step.
#[derive(Serialize)]
struct StepResult {
    status: Status,
    /// Why the bank said no, where it did.
    decline: Option<DeclineWords>,
}

#[derive(Serialize)]
struct DeclineWords {
    code: String,
    message: String,
}

impl From<SandboxIntent> for StepResult {
    fn from(intent: SandboxIntent) -> Self {
        let decline = intent.last_decline.map(|decline| DeclineWords {
            code: decline.decline_code.unwrap_or(decline.code),
            message: decline.message,
        });
        Self { status: intent.status, decline }
    }
}

async fn confirm(
    State(core): State<Arc<Core>>,
    Path(intent_id): Path<String>,
    Body(Confirmation { client_secret, card }): Body<Confirmation>,
) -> Result<Response, Refusal> {
    let step = Step::Confirm { client_secret, card };
    let result = take_step(&core, intent_id, step).await?;
    if card == TestCard::AnswerLost {
        return Ok(cut_off(StatusCode::OK));
    }
    Ok(Json(result).into_response())
}

async fn authenticate(
    State(core): State<Arc<Core>>,
    Path(intent_id): Path<String>,
    Body(AuthenticationResult { client_secret, outcome }): Body<AuthenticationResult>,
) -> Result<Json<StepResult>, Refusal> {
    let step = Step::Authenticate { client_secret, outcome };
    take_step(&core, intent_id, step).await.map(Json)
}

async fn take_step(core: &Core, intent_id: String, step: Step) -> Result<StepResult, Refusal> {
    let occasion = core.occasion(None);
    let found = core.database.write(PayerStep { occasion, intent_id, step }).await?;
    core.wake();
    found.map(Into::into).ok_or_else(Refusal::not_found)
}

/// Which debits come to their end now: one, or all that are under way.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettleNow {
    intent: Option<String>,
}

#[derive(Serialize)]
struct Settled {
    settled: usize,
}

async fn settle(
    State(core): State<Arc<Core>>,
    Body(SettleNow { intent }): Body<SettleNow>,
) -> Result<Json<Settled>, Refusal> {
    let under_way = match intent {
        Some(id) => vec![Settling { id, is_refund: false }],
        None => {
            let mut connection = core.database.read().acquire().await?;
            store::settling(&mut connection, i64::MAX).await?
        }
    };
    let settled = under_way.len();
    for settling in under_way {
        core.settle(settling).await?;
    }
    core.wake();
    Ok(Json(Settled { settled }))
}

/// A payer opens a payment link of the biller's, to which a reference was added or not, and
/// pays. Our own pages have no part in it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkPayment {
    amount: i64,
    currency: String,
    client_reference_id: Option<String>,
    card: TestCard,
}

#[derive(Serialize)]
struct PaidByLink {
    session: String,
    intent: String,
    status: Status,
}

async fn pay_by_link(
    State(core): State<Arc<Core>>,
    Body(asked): Body<LinkPayment>,
) -> Result<Json<PaidByLink>, Refusal> {
    let LinkPayment { amount, currency, client_reference_id: reference, card } = asked;
    let occasion = core.occasion(None);
    let pay = PayByLink { occasion, amount, currency, reference, card };
    let paid = core.database.write(pay).await?;
    core.wake();
    let (session, intent) = paid.map_err(|_| {
        Refusal::unprocessable("amount-invalid", "The sandbox does not take this amount.")
    })?;
    Ok(Json(PaidByLink { session: session.id, intent: intent.id, status: intent.status }))
}

/// A tester's wish: how this refund ends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundWish {
    end: RefundEnd,
}

async fn end_refund(
    State(core): State<Arc<Core>>,
    Path(refund_id): Path<String>,
    Body(RefundWish { end }): Body<RefundWish>,
) -> Result<StatusCode, Refusal> {
    let command = EndRefund { occasion: core.occasion(None), refund_id, end };
    let found = core.database.write(command).await?;
    core.wake();
    if found { Ok(StatusCode::OK) } else { Err(Refusal::not_found()) }
}

/// A tester's wish: the payer's bank questions this payment.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DisputeWish {
    intent: String,
    amount: Option<i64>,
}

#[derive(Serialize)]
struct Disputed {
    id: String,
}

async fn open_dispute(
    State(core): State<Arc<Core>>,
    Body(DisputeWish { intent, amount }): Body<DisputeWish>,
) -> Result<Json<Disputed>, Refusal> {
    let command = OpenDispute { occasion: core.occasion(None), intent_id: intent, amount };
    let opened = core.database.write(command).await?;
    core.wake();
    opened.map(|id| Json(Disputed { id })).ok_or_else(Refusal::not_found)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DisputeStepWish {
    step: DisputeStep,
}

async fn step_dispute(
    State(core): State<Arc<Core>>,
    Path(dispute_id): Path<String>,
    Body(DisputeStepWish { step }): Body<DisputeStepWish>,
) -> Result<StatusCode, Refusal> {
    let command = StepDispute { occasion: core.occasion(None), dispute_id, step };
    let found = core.database.write(command).await?;
    core.wake();
    if found { Ok(StatusCode::OK) } else { Err(Refusal::not_found()) }
}
