//! The route of the dashboard.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use receivables::api::dashboard::{Age, CurrencyFigures, Dashboard};
use receivables::api::problem::Problem;
use receivables::money::{MinorUnits, Money};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::figures::{figures, needs_a_person};
use crate::clock::instant_text;
use crate::db::snapshot;
use crate::ledger::decimal;
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller, Resource, require};
use crate::state::Shared;
use crate::web::{Format, Query, TableFile};

pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(dashboard))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    format: Option<String>,
}

/// What was collected, is past due, is in progress and needs a person, as of now.
#[utoipa::path(
    get, path = "/api/v1/dashboard", operation_id = "dashboard", tag = "work list",
    params(("format" = Option<String>, Query, description = "`json`; `csv` or `xlsx` for its tables")),
    responses(
        (status = 200, content((Dashboard = "application/json"), (String = "text/csv"))),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn dashboard(
    State(portal): State<Shared>,
    caller: Caller,
    Query(wish): Query<Wish>,
) -> Result<Response, Refusal> {
    require(&caller, Action::SeeFigures, Resource::Portal)?;
    let format = Format::parse(wish.format.as_deref())?;
    let (today, now) = (portal.today(), portal.now());
    // One moment for all sums, so that they fit each other.
    let mut moment = snapshot(portal.db.read()).await?;
    let dashboard = Dashboard {
        as_of: instant_text(now),
        today,
        needs_a_person: needs_a_person(&mut moment).await?,
        currencies: figures(&mut moment, today).await?,
    };
    match format {
        Format::Json => Ok(Json(dashboard).into_response()),
        Format::File(kind) => FILE.answer(kind, lines(&dashboard)),
    }
}

const FILE: TableFile<'_> = TableFile {
    name: "dashboard",
    head: &["currency", "figure", "of", "amount", "count"],
    numbers: &["amount", "count"],
};

/// The two charts as one table.
fn lines(dashboard: &Dashboard) -> Vec<Vec<String>> {
    let rows = dashboard.currencies.iter().flat_map(|of| {
        let collected = of
            .collected
            .iter()
            .map(|day| line(of, "collected", day.on.to_string(), (day.amount, day.count)));
        let aging = of.aging.iter().map(|bucket| {
            line(of, "aging", days(bucket.age).to_owned(), (bucket.amount, bucket.count))
        });
        collected.chain(aging).collect::<Vec<_>>()
    });
    rows.collect()
}

fn line(
    of: &CurrencyFigures,
    figure: &str,
    what: String,
    (amount, count): (MinorUnits, i64),
) -> Vec<String> {
    let amount = decimal(Money::new(amount, of.currency));
    vec![of.currency.code().to_owned(), figure.to_owned(), what, amount, count.to_string()]
}

const fn days(age: Age) -> &'static str {
    match age {
        Age::Current => "current",
        Age::Days1To30 => "1-30",
        Age::Days31To60 => "31-60",
        Age::Days61To90 => "61-90",
        Age::DaysOver90 => "over 90",
    }
}
