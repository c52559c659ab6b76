//! The route of everyone's payments: a page, or all of them as a file.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use receivables::api::everyones_payments::{EveryonesPayment, EveryonesPayments};
use receivables::api::problem::Problem;
use receivables::calendar::CivilDate;
use receivables::money::Money;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::everyones::{Listed, Place, Wanted, payments_of_everyone};
use crate::ledger::decimal;
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller, Resource, require};
use crate::state::{Portal, Shared};
use crate::web::{Format, Page, Query, ROWS_OF_A_FILE, TableFile, too_many_rows};

const ROWS_AT_ONCE: usize = 1_000;

pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(everyones_payments))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    state: Option<String>,
    on: Option<String>,
    limit: Option<String>,
    after: Option<String>,
    format: Option<String>,
}

/// The payments of all accounts, the newest first: those received, by their business day; or
/// those in another state, by their start.
#[utoipa::path(
    get, path = "/api/v1/payments", operation_id = "everyonesPayments", tag = "payments",
    params(
        ("state" = Option<String>, Query, description = "`posted` unless told, `in_progress`, \
            `created`, `awaiting_payer`, `processing`, `unknown`, `failed`, `cancelled`, `expired`"),
        ("on" = Option<CivilDate>, Query, description = "Received on this business day; for \
            those that were not, started on it"),
        ("limit" = Option<u16>, Query, description = "1 to 200, 50 unless told",
            minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("format" = Option<String>, Query, description = "`json`; `csv` or `xlsx` for all rows at once"),
    ),
    responses(
        (status = 200, content((EveryonesPayments = "application/json"), (String = "text/csv"))),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn everyones_payments(
    State(portal): State<Shared>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Response, Refusal> {
    require(&caller, Action::SeePayments, Resource::Portal)?;
    let refused = |words: &'static str, at: &'static str| {
        Refusal::unprocessable("filter-invalid", words).at(at)
    };
    let state = query.state.as_deref().unwrap_or("posted");
    let listed = Listed::parse(state)
        .ok_or_else(|| refused("There is no such state of a payment.", "query:state"))?;
    let on = query.on.as_deref().map(CivilDate::parse).transpose();
    let on = on.map_err(|_| refused("A day is written 2026-11-22.", "query:on"))?;
    let page = Page::parse(query.limit.as_deref(), query.after.as_deref(), Place::parse)?;
    let limit = usize::from(page.limit);
    let wanted = Wanted { listed, on, after: page.after, limit: i64::from(page.limit) + 1 };
    if let Some(kind) = Format::parse(query.format.as_deref())?.as_file() {
        return FILE.answer(kind, all_of(&portal, wanted).await?.iter().map(record));
    }
    let mut rows = payments_of_everyone(portal.db.read(), &wanted, &portal.zone).await?;
    let is_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| is_more).map(|(_, place)| place.text());
    let items = rows.into_iter().map(|(payment, _)| payment).collect();
    Ok(Json(EveryonesPayments { items, next }).into_response())
}

async fn all_of(portal: &Portal, mut wanted: Wanted) -> Result<Vec<EveryonesPayment>, Refusal> {
    wanted.limit = ROWS_AT_ONCE as i64;
    let mut all: Vec<EveryonesPayment> = Vec::new();
    loop {
        let rows = payments_of_everyone(portal.db.read(), &wanted, &portal.zone).await?;
        let is_last = rows.len() < ROWS_AT_ONCE;
        wanted.after = rows.last().map(|(_, place)| place.clone()).or(wanted.after);
        all.extend(rows.into_iter().map(|(payment, _)| payment));
        if all.len() > ROWS_OF_A_FILE {
            return Err(too_many_rows("query:on"));
        }
        if is_last {
            return Ok(all);
        }
    }
}

const FILE: TableFile<'_> = TableFile {
    name: "payments",
    head: &[
        "payment",
        "account",
        "name",
        "stage",
        "amount",
        "received",
        "currency",
        "tender",
        "method",
        "day",
        "started",
        "receipt",
        "refunded",
        "withdrawn",
    ],
    numbers: &["amount", "received", "refunded", "withdrawn"],
};

fn record(payment: &EveryonesPayment) -> Vec<String> {
    let money = |amount| decimal(Money::new(amount, payment.currency));
    let stage = serde_json::to_value(payment.stage).unwrap_or_default();
    vec![
        payment.id.to_string(),
        payment.account_number.clone(),
        payment.account_name.clone(),
        stage.as_str().unwrap_or_default().to_owned(),
        money(payment.amount),
        money(payment.received),
        payment.currency.code().to_owned(),
        payment.tender.code().to_owned(),
        payment.method.clone().unwrap_or_default(),
        payment.on.to_string(),
        payment.started_at.clone(),
        payment.receipt_number.clone().unwrap_or_default(),
        money(payment.refunded),
        money(payment.withdrawn),
    ]
}
