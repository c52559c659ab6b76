//! The routes of this room: what staff record, and whose unmatched money is.

use axum::Json;
use axum::extract::State;
use receivables::api::external_payments::{MatchRequest, MoneyMatched};
use receivables::api::problem::Problem;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::at_gateway::{MatchError, match_money};
use super::by_staff;
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller, Resource};
use crate::state::Shared;
use crate::web::{Body, Path};

pub fn staff_router() -> OpenApiRouter<Shared> {
    by_staff::staff_router().routes(routes!(match_external))
}

/// Says whose money it is that came through the gateway and names nobody: it is posted there.
#[utoipa::path(
    post, path = "/api/v1/external-money/{id}/match", operation_id = "matchExternalMoney",
    tag = "corrections",
    params(("id" = String, Path, description = "The gateway's name for it")),
    request_body = MatchRequest,
    responses(
        (status = 200, body = MoneyMatched),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn match_external(
    State(portal): State<Shared>,
    caller: Caller,
    Path(gateway_ref): Path<String>,
    Body(request): Body<MatchRequest>,
) -> Result<Json<MoneyMatched>, Refusal> {
    let by = caller.staff(Action::RecordPayment, Resource::Portal)?.name;
    let matched = match_money(&portal, (&gateway_ref, request.account.trim()), &by).await;
    Ok(Json(MoneyMatched { payment_id: matched.map_err(refused)? }))
}

fn refused(error: MatchError) -> Refusal {
    match error {
        MatchError::Database(error) => error.into(),
        MatchError::NoSuchMoney(_) => Refusal::not_found(),
        MatchError::NoSuchAccount(_) => {
            let words = "There is no account of this number.";
            Refusal::unprocessable("account-unknown", words).at("#/account")
        }
        MatchError::PostedBefore(_) => {
            Refusal::conflict("invalid-state", "This money is posted already.")
        }
        MatchError::Halted => Refusal::books_halted(),
        MatchError::Refused(why) => {
            Refusal::conflict("invalid-state", format!("Nothing was posted: {why}."))
        }
    }
}
