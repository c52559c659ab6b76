//! The routes of what a customer sees and changes of their own sign-in.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use receivables::api::problem::Problem;
use receivables::api::sign_in::{EmailChangeConfirmation, EmailChangeRequest, SignInOverview};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::email::EmailAddress;
use super::email_change::{self, AskedToChange, Confirmed, Stop, change_of};
use super::routes::{too_many_tries, without_session};
use super::session::Session;
use super::sessions::{EndAll, EndOne, sessions_of};
use super::step_up::{FreshCaller, is_fresh, session_of};
use super::{Customer, cookie, document};
use crate::problem::Refusal;
use crate::state::{Portal, Shared};
use crate::web::{Body, Path};

const EMAIL_CHANGE: &str = "/api/v1/sign-in/email-change";

pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(overview))
        .routes(routes!(end_all_sessions))
        .routes(routes!(end_session))
        .routes(routes!(ask_to_change_email, stop_email_change))
        .routes(routes!(confirm_email_change))
}

/// How the caller signs in, and where they are signed in.
#[utoipa::path(
    get, path = "/api/v1/sign-in/overview", operation_id = "signInOverview", tag = "sign-in",
    responses(
        (status = 200, body = SignInOverview),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn overview(
    State(portal): State<Shared>,
    headers: HeaderMap,
) -> Result<Json<SignInOverview>, Refusal> {
    let session = session_of(&headers, &portal).await?;
    overview_of(&portal, &session).await.map(Json)
}

async fn overview_of(portal: &Portal, session: &Session) -> Result<SignInOverview, Refusal> {
    let (pool, now, customer_id) = (portal.db.read(), portal.now(), session.customer_id);
    let (email, _) = document::person_of(pool, customer_id).await?;
    Ok(SignInOverview {
        email,
        email_change: change_of(pool, customer_id, now).await?,
        sessions: sessions_of(pool, customer_id, &session.token_hash, now).await?,
        is_fresh: is_fresh(session, now),
    })
}

/// Signs out everywhere: every session of the caller ends, this one too.
#[utoipa::path(
    delete, path = "/api/v1/sign-in/sessions", operation_id = "signOutEverywhere",
    tag = "sign-in",
    responses(
        (status = 204, description = "The caller is signed in nowhere any more"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn end_all_sessions(
    State(portal): State<Shared>,
    caller: Customer,
) -> Result<Response, Refusal> {
    let customer_id = caller.customer_id;
    portal.db.write(EndAll { customer_id, now: portal.now() }).await?;
    tracing::info!(security = "signed-out-everywhere", customer = %customer_id, "signed out");
    Ok(without_session())
}

/// Ends one session of the caller.
#[utoipa::path(
    delete, path = "/api/v1/sign-in/sessions/{id}", operation_id = "endSession", tag = "sign-in",
    params(("id" = String, Path, description = "As the overview names it")),
    responses(
        (status = 204, description = "It is ended"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn end_session(
    State(portal): State<Shared>,
    caller: Customer,
    Path(name): Path<String>,
) -> Result<StatusCode, Refusal> {
    let command = EndOne { customer_id: caller.customer_id, name, now: portal.now() };
    if !portal.db.write(command).await? {
        return Err(Refusal::not_found());
    }
    tracing::info!(security = "session-ended", customer = %caller.customer_id, "ended");
    Ok(StatusCode::NO_CONTENT)
}

/// Asks for another address: a code is sent there. The answer is the same for every address.
#[utoipa::path(
    post, path = EMAIL_CHANGE, operation_id = "askToChangeEmail", tag = "sign-in",
    request_body = EmailChangeRequest,
    responses(
        (status = 202, description = "A code is on its way to the new address"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "step-up: sign in again first", body = Problem,
            content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn ask_to_change_email(
    State(portal): State<Shared>,
    caller: FreshCaller,
    Body(request): Body<EmailChangeRequest>,
) -> Result<StatusCode, Refusal> {
    let email = EmailAddress::parse(&request.email).map_err(|_| {
        let words = "Enter an e-mail address, like name@example.com.";
        Refusal::unprocessable("email-invalid", words).at("#/email")
    })?;
    match email_change::ask(&portal, &caller, email).await? {
        AskedToChange::CodeSent => Ok(StatusCode::ACCEPTED),
        AskedToChange::TooOften => {
            Err(too_many_tries("You asked for this too often. Wait an hour and try again."))
        }
    }
}

/// Confirms the new address by the code sent there, in the session that asked for it.
#[utoipa::path(
    post, path = "/api/v1/sign-in/email-change/confirmation",
    operation_id = "confirmEmailChange", tag = "sign-in",
    request_body = EmailChangeConfirmation,
    responses(
        (status = 200, description = "It counts when the day is over",
            body = SignInOverview),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "email-taken: the address signs somebody else in",
            body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "code-invalid", body = Problem,
            content_type = "application/problem+json"),
    )
)]
async fn confirm_email_change(
    State(portal): State<Shared>,
    headers: HeaderMap,
    Body(confirmation): Body<EmailChangeConfirmation>,
) -> Result<Json<SignInOverview>, Refusal> {
    let session = session_of(&headers, &portal).await?;
    let token = cookie::read(&headers, cookie::SESSION).ok_or_else(Refusal::unauthenticated)?;
    let customer = session.customer_id;
    let typed = &confirmation.code;
    match email_change::confirm(&portal, session.clone(), &token, typed).await? {
        Confirmed::Change(_) => {
            tracing::info!(security = "email-change", %customer, "an address was confirmed");
            overview_of(&portal, &session).await.map(Json)
        }
        Confirmed::CodeInvalid => {
            let words = "This code does not work here. Check it, or ask for a new one.";
            Err(Refusal::unprocessable("code-invalid", words).at("#/code"))
        }
        Confirmed::Taken => {
            let words = "This address is used to sign in already. Use another one.";
            Err(Refusal::conflict("email-taken", words))
        }
    }
}

/// Keeps the address: a change that was begun is stopped. Nothing is wrong when there is none.
#[utoipa::path(
    delete, path = EMAIL_CHANGE, operation_id = "stopEmailChange", tag = "sign-in",
    responses(
        (status = 204, description = "The address stays"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn stop_email_change(
    State(portal): State<Shared>,
    caller: Customer,
) -> Result<StatusCode, Refusal> {
    let customer_id = caller.customer_id;
    portal.db.write(Stop { customer_id, now: portal.now() }).await?;
    tracing::info!(security = "email-kept", customer = %customer_id, "a change was stopped");
    Ok(StatusCode::NO_CONTENT)
}
