//! The routes of passkeys.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use receivables::api::passkeys::{PasskeyList, PasskeyRow};
use receivables::api::problem::Problem;
use receivables::api::sign_in::{SessionDocument, SignInMethod};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use webauthn_rs::prelude::{PublicKeyCredential, RegisterPublicKeyCredential};

use super::store::Remove;
use super::{register, sign_in, store};
use crate::limits;
use crate::problem::Refusal;
use crate::sign_in::{BrowserToken, Customer, Entry, FreshCaller, device_of, person_of};
use crate::state::Shared;
use crate::web::{Body, ClientAddress, Path};

const PASSKEYS: &str = "/api/v1/passkeys";

pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list_passkeys, add_passkey))
        .routes(routes!(ask_for_new_passkey))
        .routes(routes!(remove_passkey))
        .routes(routes!(ask_for_passkey))
        .routes(routes!(sign_in_with_passkey))
}

/// The caller's passkeys.
#[utoipa::path(
    get, path = PASSKEYS, operation_id = "passkeys", tag = "sign-in",
    responses(
        (status = 200, body = PasskeyList),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn list_passkeys(
    State(portal): State<Shared>,
    caller: Customer,
) -> Result<Json<PasskeyList>, Refusal> {
    let stored = store::of_customer(portal.db.read(), caller.customer_id).await?;
    let items = stored.into_iter().map(|stored| stored.row).collect();
    Ok(Json(PasskeyList { items }))
}

/// What the caller's device is asked to make: the options of the WebAuthn standard.
#[utoipa::path(
    post, path = "/api/v1/passkeys/creation-options", operation_id = "askForNewPasskey",
    tag = "sign-in", request_body = Nothing,
    responses(
        (status = 200, body = Object,
            description = "PublicKeyCredentialCreationOptionsJSON of the WebAuthn standard"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "step-up: sign in again first", body = Problem,
            content_type = "application/problem+json"),
        (status = 409, description = "passkeys-unavailable", body = Problem,
            content_type = "application/problem+json"),
    )
)]
async fn ask_for_new_passkey(
    State(portal): State<Shared>,
    caller: FreshCaller,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response, Refusal> {
    let (email, name) = person_of(portal.db.read(), caller.session.customer_id).await?;
    let options = register::ask(&portal, &caller.session, (&email, &name)).await?;
    Ok(Json(options).into_response())
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPasskey {
    /// RegistrationResponseJSON of the WebAuthn standard.
    #[schema(value_type = Object)]
    credential: RegisterPublicKeyCredential,
}

/// Adds the passkey that the device made.
#[utoipa::path(
    post, path = PASSKEYS, operation_id = "addPasskey", tag = "sign-in",
    request_body = NewPasskey,
    responses(
        (status = 201, body = PasskeyRow),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "step-up: sign in again first", body = Problem,
            content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "passkey-invalid: not what was asked for, or too late",
            body = Problem, content_type = "application/problem+json"),
    )
)]
async fn add_passkey(
    State(portal): State<Shared>,
    caller: FreshCaller,
    headers: HeaderMap,
    Body(new): Body<NewPasskey>,
) -> Result<(StatusCode, Json<PasskeyRow>), Refusal> {
    let customer = caller.session.customer_id;
    let label = device_of(&headers);
    let row = register::finish(&portal, caller.session, new.credential, label).await?;
    tracing::info!(security = "passkey-added", %customer, "a passkey was added");
    Ok((StatusCode::CREATED, Json(row)))
}

/// Removes a passkey, and ends the caller's other sessions.
#[utoipa::path(
    delete, path = "/api/v1/passkeys/{id}", operation_id = "removePasskey", tag = "sign-in",
    params(("id" = String, Path, description = "As the list names it")),
    responses(
        (status = 204, description = "It opens nothing any more"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "step-up: sign in again first", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn remove_passkey(
    State(portal): State<Shared>,
    caller: FreshCaller,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let (customer_id, now) = (caller.session.customer_id, portal.now());
    let session_hash = caller.session.token_hash;
    let (portal_of, outbox_id) = (portal.clone(), portal.outbox_id());
    let remove = Remove { portal: portal_of, outbox_id, customer_id, id, session_hash, now };
    if !portal.db.write(remove).await? {
        return Err(Refusal::not_found());
    }
    portal.work.outbox.notify_one();
    tracing::info!(security = "passkey-removed", customer = %customer_id, "removed");
    Ok(StatusCode::NO_CONTENT)
}

/// What a device is asked to sign to sign in: the options of the WebAuthn standard.
#[utoipa::path(
    post, path = "/api/v1/sign-in/passkey-options", operation_id = "askForPasskey",
    tag = "sign-in", request_body = Nothing,
    responses(
        (status = 200, body = Object,
            description = "PublicKeyCredentialRequestOptionsJSON of the WebAuthn standard"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "passkeys-unavailable", body = Problem,
            content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn ask_for_passkey(
    State(portal): State<Shared>,
    from: ClientAddress,
    headers: HeaderMap,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response, Refusal> {
    limits::count_sign_in(&portal, "passkeys asked for", from).await?;
    let browser = BrowserToken::of(&portal, &headers);
    let challenge = sign_in::ask(&portal, browser.token()).await?;
    Ok(browser.kept(&portal, Json(challenge.public_key).into_response()))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PasskeyProof {
    /// AuthenticationResponseJSON of the WebAuthn standard.
    #[schema(value_type = Object)]
    credential: PublicKeyCredential,
    /// Keep this device signed in, for as long as the biller allows.
    #[serde(default)]
    remember: bool,
}

/// Signs in with a passkey. Used up by this call, whether it is right or wrong.
#[utoipa::path(
    post, path = "/api/v1/sign-in/passkey", operation_id = "signInWithPasskey", tag = "sign-in",
    request_body = PasskeyProof,
    responses(
        (status = 201, body = SessionDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "passkey-invalid", body = Problem,
            content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn sign_in_with_passkey(
    State(portal): State<Shared>,
    from: ClientAddress,
    headers: HeaderMap,
    Body(proof): Body<PasskeyProof>,
) -> Result<Response, Refusal> {
    limits::count_sign_in(&portal, "passkeys", from).await?;
    let entry = Entry::new(&portal, &headers, SignInMethod::Passkey, proof.remember);
    if let Some(browser) = BrowserToken::sent(&headers) {
        let opening = entry.opening();
        let session = sign_in::finish(&portal, &browser, proof.credential, opening).await?;
        if let Some(session) = session {
            return entry.answer(&portal, &session).await;
        }
    }
    tracing::info!(security = "passkey-invalid", "a sign-in was refused");
    let words = "This passkey does not work here. Try again, or sign in with a code.";
    Err(Refusal::new(StatusCode::UNAUTHORIZED, "passkey-invalid", words))
}

/// An empty JSON object: the request says all by its address.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}
