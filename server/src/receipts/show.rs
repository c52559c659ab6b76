//! `GET /api/v1/payments/{id}/receipt`: as it was issued.

use axum::Json;
use axum::extract::State;
use receivables::api::problem::Problem;
use receivables::ids::PaymentId;
use receivables::money::MinorUnits;
use receivables::receipt::Receipt;
use sqlx::{AnyPool, Row};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::db::DbError;
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller, Reach};
use crate::state::Shared;
use crate::web::Path;

/// The owner stands in the query: someone else's receipt is simply not found.
const FIND: &str = "
select r.content, p.refunded, p.withdrawn from receipt r
join payment p on p.id = r.payment_id
where r.payment_id = $1 and ($2 = '*' or exists (
  select 1 from account_customer c where c.account_id = r.account_id and c.customer_id = $2))";

pub(super) const SQL: &[&str] = &[FIND];

pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(show))
}

/// The receipt of a payment, once it is posted.
#[utoipa::path(
    get, path = "/api/v1/payments/{id}/receipt", operation_id = "receiptForPayment",
    tag = "payments",
    params(("id" = PaymentId, Path, description = "The payment")),
    responses(
        (status = 200, body = Receipt),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn show(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<PaymentId>,
) -> Result<Json<Receipt>, Refusal> {
    let reach = caller.reach(Action::SeePayments)?;
    let receipt = find_within(portal.db.read(), id, reach).await?;
    receipt.map(Json).ok_or_else(Refusal::not_found)
}

/// The receipt, if there is one within reach.
pub async fn find_within(
    pool: &AnyPool,
    payment_id: PaymentId,
    reach: Reach,
) -> Result<Option<Receipt>, DbError> {
    let row = sqlx::query(FIND)
        .bind(payment_id.to_string())
        .bind(reach.owner())
        .fetch_optional(pool)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let content: String = row.try_get("content")?;
    let receipt: Receipt = serde_json::from_str(&content)
        .map_err(|_| DbError::inconsistent("receipt", "content", payment_id))?;
    // What was issued never changes; what went back since is said beside it.
    let refunded = MinorUnits::new(row.try_get("refunded")?);
    let withdrawn = MinorUnits::new(row.try_get("withdrawn")?);
    Ok(Some(Receipt { refunded, withdrawn, ..receipt }))
}
