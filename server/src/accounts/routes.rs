//! The routes of accounts: the account itself, and what is due on it.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use receivables::api::accounts::{
    AccountDocument, CurrentBill, DuePeriod, DuePeriodLinks, PaymentInProgress,
};
use receivables::api::problem::Problem;
use receivables::ids::AccountId;
use sqlx::AnyConnection;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::of_caller::{CallersAccount, Found, Wanted};
use super::{AccountRow, balance_of, find_within};
use crate::clock::instant_text;
use crate::payments::{self, PaymentRecord, view_in, view_of};
use crate::problem::Refusal;
use crate::sign_in::{Action, Reach, require};
use crate::state::{Portal, Shared};

pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(show)).routes(routes!(due_periods))
}

/// The account within reach, or the same answer as for one that does not exist.
pub async fn account_of(
    portal: &Portal,
    reach: Reach,
    id: AccountId,
) -> Result<AccountRow, Refusal> {
    find_within(portal.db.read(), id, reach).await?.ok_or_else(Refusal::not_found)
}

/// Balance, past due, next due, credit and what is in progress.
#[utoipa::path(
    get, path = "/api/v1/accounts/{id}", operation_id = "accountForCustomer", tag = "accounts",
    params(("id" = AccountId, Path, description = "The account")),
    responses(
        (status = 200, body = AccountDocument),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn show(State(portal): State<Shared>, callers: CallersAccount) -> Result<Response, Refusal> {
    let (_, account) = callers.allowed(Action::See)?;
    let view = view_of(&portal, &account).await?;
    let etag = format!("\"{}\"", account.version);
    let document = balance_of(account, &view.items, view.today);
    Ok(([(header::ETAG, etag)], Json(document)).into_response())
}

/// What is due, oldest first, with everything a preview needs.
#[utoipa::path(
    get, path = "/api/v1/accounts/{id}/due-periods", operation_id = "currentBillForAccount",
    tag = "accounts",
    params(("id" = AccountId, Path, description = "The account")),
    responses(
        (status = 200, body = CurrentBill),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn due_periods(
    State(portal): State<Shared>,
    mut parts: Parts,
) -> Result<Json<CurrentBill>, Refusal> {
    let wanted = Wanted::of(&mut parts, &portal).await?;
    let (by, resource, bill) = {
        // One connection for all questions: each return to the pool is one more.
        let mut connection = portal.db.read().acquire().await?;
        let Found { by, resource, account, payments_in_flight } =
            wanted.find(&mut connection, &portal).await?;
        let bill = match account {
            Some(account) => {
                Some(current_bill(&portal, &mut connection, account, payments_in_flight).await?)
            }
            None => None,
        };
        (by, resource, bill)
    };
    require(&by.noted(&portal).await?, Action::See, resource)?;
    bill.map(Json).ok_or_else(Refusal::not_found)
}

async fn current_bill(
    portal: &Portal,
    connection: &mut AnyConnection,
    account: AccountRow,
    payments_in_flight: i64,
) -> Result<CurrentBill, Refusal> {
    let biller = portal.settings.payment_rules(account.currency);
    let view = view_in(connection, &account, &biller, portal.today()).await?;
    let in_flight = if payments_in_flight > 0 {
        payments::in_flight(&mut *connection, account.id).await?
    } else {
        Vec::new()
    };
    let due_periods = view.stored.iter().map(|stored| DuePeriod {
        item: stored.item.clone(),
        period: stored.period,
        hold_reason: stored.hold_reason.clone(),
        links: DuePeriodLinks { detail: format!("/api/v1/bills/{}", stored.item.bill_id) },
    });
    Ok(CurrentBill {
        today: view.today,
        as_of: instant_text(portal.now()),
        due_soon_days: portal.settings.payments.due_soon_days,
        rules: view.rules,
        due_periods: due_periods.collect(),
        payments_in_progress: in_flight.iter().map(|p| in_progress(portal, p)).collect(),
        account: balance_of(account, &view.items, view.today),
    })
}

fn in_progress(portal: &Portal, payment: &PaymentRecord) -> PaymentInProgress {
    PaymentInProgress {
        id: payment.id,
        amount: payment.amount,
        stage: payment.state.stage(payment.decline.is_some()),
        started_at: instant_text(payment.started_at),
        started_on: portal.zone.day(payment.started_at),
    }
}
