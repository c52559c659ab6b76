//! The routes of bills: one bill's details, and the bills of an account.

use axum::Json;
use axum::extract::State;
use receivables::api::bills::{BillDetails, BillPage};
use receivables::api::problem::Problem;
use receivables::ids::{AccountId, BillId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::past::{BillCursor, BillFilter, Listing, past_bills};
use super::{BillNotThere, find_details};
use crate::accounts::CallersAccount;
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller};
use crate::state::Shared;
use crate::web::{Page, Path, Query};

pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(details)).routes(routes!(list))
}

/// One bill with its frozen lines and every part of a payment applied to it.
#[utoipa::path(
    get, path = "/api/v1/bills/{id}", operation_id = "billDetailsForKey", tag = "bills",
    params(("id" = BillId, Path, description = "The bill")),
    responses(
        (status = 200, body = BillDetails),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn details(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<BillId>,
) -> Result<Json<BillDetails>, Refusal> {
    let reach = caller.reach(Action::See)?;
    let (today, soon) = (portal.today(), portal.settings.payments.due_soon_days);
    match find_details(portal.db.read(), id, reach, today, soon).await? {
        Ok(details) => Ok(Json(details)),
        Err(BillNotThere) => Err(Refusal::not_found()),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    status: Option<String>,
    limit: Option<String>,
    after: Option<String>,
}

/// The bills of an account, newest first: the past ones, or all.
#[utoipa::path(
    get, path = "/api/v1/accounts/{id}/bills", operation_id = "pastBillsForAccount",
    tag = "bills",
    params(
        ("id" = AccountId, Path, description = "The account"),
        ("status" = Option<String>, Query, description = "`paid` (the past) or `all`"),
        ("limit" = Option<u16>, Query, description = "1 to 200, 50 unless told",
            minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, body = BillPage),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn list(
    State(portal): State<Shared>,
    callers: CallersAccount,
    Query(query): Query<ListQuery>,
) -> Result<Json<BillPage>, Refusal> {
    let (_, account) = callers.allowed(Action::See)?;
    let filter = match query.status.as_deref() {
        None | Some("paid") => BillFilter::Past,
        Some("all") => BillFilter::All,
        Some(_) => {
            let words = "Ask for the bills that are paid, or for all.";
            return Err(Refusal::unprocessable("filter-invalid", words).at("query:status"));
        }
    };
    let page = Page::parse(query.limit.as_deref(), query.after.as_deref(), BillCursor::parse)?;
    let listing = Listing {
        account_id: account.id,
        currency: account.currency,
        filter,
        after: page.after,
        limit: page.limit,
        today: portal.today(),
        due_soon_days: portal.settings.payments.due_soon_days,
    };
    Ok(Json(past_bills(portal.db.read(), listing).await?))
}
