//! The routes of keys, for admins, and the one that tells a caller what they may do.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use receivables::api::api_clients::{
    ApiClientList, CallerDocument, NewApiClient, NewApiKey, ShownApiKey,
};
use receivables::api::problem::Problem;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api_key::{
    AddApiClient, ApiClientRefusal, EndApiClient, RotateApiKey, ShownKey, api_clients,
};
use super::caller::Caller;
use super::policy::{Action, Resource, can, require};
use super::words::Scopes;
use crate::clock::instant_text;
use crate::problem::Refusal;
use crate::state::Shared;
use crate::web::{Body, Path};

pub fn key_router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list_clients, add_client))
        .routes(routes!(end_client))
        .routes(routes!(rotate_key))
        .routes(routes!(end_key))
        .routes(routes!(who_am_i))
}

impl From<ApiClientRefusal> for Refusal {
    fn from(refusal: ApiClientRefusal) -> Self {
        let words = refusal.to_string();
        match refusal {
            ApiClientRefusal::Name => Self::unprocessable("field-invalid", words).at("#/name"),
            ApiClientRefusal::Life => Self::unprocessable("field-invalid", words).at("#/days"),
            ApiClientRefusal::NameTaken => Self::conflict("name-taken", words),
            ApiClientRefusal::TwoKeys => Self::conflict("two-keys", words),
            ApiClientRefusal::NotThere => Self::not_found(),
        }
    }
}

/// Every API client with its keys.
#[utoipa::path(
    get, path = "/api/v1/api-clients", operation_id = "apiClients", tag = "keys",
    responses(
        (status = 200, body = ApiClientList),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn list_clients(
    State(portal): State<Shared>,
    caller: Caller,
) -> Result<Json<ApiClientList>, Refusal> {
    require(&caller, Action::SeeKeys, Resource::Portal)?;
    Ok(Json(ApiClientList { items: api_clients(portal.db.read()).await? }))
}

/// Makes a client with its first key, which is shown this once.
#[utoipa::path(
    post, path = "/api/v1/api-clients", operation_id = "addApiClient", tag = "keys",
    request_body = NewApiClient,
    responses(
        (status = 201, body = ShownApiKey),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn add_client(
    State(portal): State<Shared>,
    caller: Caller,
    Body(new): Body<NewApiClient>,
) -> Result<(StatusCode, Json<ShownApiKey>), Refusal> {
    let by = caller.staff(Action::ManageKeys, Resource::Portal)?.name;
    let scopes = Scopes::of(&new.scopes).ok_or_else(|| {
        Refusal::unprocessable("field-invalid", "Name at least one scope.").at("#/scopes")
    })?;
    let client = (new.name.as_str(), scopes);
    let (now, chance) = (portal.now(), portal.chance.as_ref());
    let (command, shown) = AddApiClient::new(client, &by, new.days, now, chance)?;
    portal.db.write(command).await??;
    tracing::info!(security = "key-given", client = new.name, id = shown.id, by, "a key was made");
    Ok((StatusCode::CREATED, Json(document(new.name, shown))))
}

fn document(client: String, shown: ShownKey) -> ShownApiKey {
    let expires_at = instant_text(shown.expires_at);
    ShownApiKey { client, id: shown.id, key: shown.key, expires_at }
}

/// Makes one more key, so that a program can change over before the old one ends.
#[utoipa::path(
    post, path = "/api/v1/api-clients/{name}/keys", operation_id = "rotateApiKey", tag = "keys",
    params(("name" = String, Path, description = "The client")),
    request_body = NewApiKey,
    responses(
        (status = 201, body = ShownApiKey),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "two-keys", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn rotate_key(
    State(portal): State<Shared>,
    caller: Caller,
    Path(client): Path<String>,
    Body(new): Body<NewApiKey>,
) -> Result<(StatusCode, Json<ShownApiKey>), Refusal> {
    let by = caller.staff(Action::ManageKeys, Resource::Portal)?.name;
    let (now, chance) = (portal.now(), portal.chance.as_ref());
    let (command, shown) = RotateApiKey::new(&client, &by, new.days, now, chance)?;
    portal.db.write(command).await??;
    tracing::info!(security = "key-given", client, id = shown.id, by, "a key was made");
    Ok((StatusCode::CREATED, Json(document(client, shown))))
}

/// Ends one key.
#[utoipa::path(
    delete, path = "/api/v1/api-clients/{name}/keys/{id}", operation_id = "endApiKey",
    tag = "keys",
    params(
        ("name" = String, Path, description = "The client"),
        ("id" = String, Path, description = "The key's id, as it is listed"),
    ),
    responses(
        (status = 204, description = "It opens nothing any more"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn end_key(
    State(portal): State<Shared>,
    caller: Caller,
    Path((client, id)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    end(&portal, caller, client, Some(id)).await
}

/// Ends a client with all its keys.
#[utoipa::path(
    delete, path = "/api/v1/api-clients/{name}", operation_id = "endApiClient", tag = "keys",
    params(("name" = String, Path, description = "The client")),
    responses(
        (status = 204, description = "Its keys open nothing any more"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn end_client(
    State(portal): State<Shared>,
    caller: Caller,
    Path(client): Path<String>,
) -> Result<StatusCode, Refusal> {
    end(&portal, caller, client, None).await
}

async fn end(
    portal: &Shared,
    caller: Caller,
    client: String,
    key: Option<String>,
) -> Result<StatusCode, Refusal> {
    let by = caller.staff(Action::ManageKeys, Resource::Portal)?.name;
    tracing::info!(security = "key-ended", client, key, by, "a key was ended");
    portal.db.write(EndApiClient { client, key, by, now: portal.now() }).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Who asks, and what they may do of what is not tied to one account.
#[utoipa::path(
    get, path = "/api/v1/caller", operation_id = "caller", tag = "keys",
    responses(
        (status = 200, body = CallerDocument),
        (status = 401, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn who_am_i(caller: Caller) -> Result<Json<CallerDocument>, Refusal> {
    let resources =
        [Resource::Portal, Resource::Sum { clerks: true }, Resource::Proposal { own: false }];
    let may = |action: &Action| resources.iter().any(|of| can(&caller, *action, *of));
    let may = Action::ALL.iter().filter(|action| may(action));
    let may = may.map(|action| action.code().to_owned()).collect();
    let (kind, name, roles, scopes) = match &caller {
        Caller::Customer(_) => ("customer", None, Vec::new(), Vec::new()),
        Caller::Staff(staff) => {
            ("staff", Some(staff.name.clone()), staff.roles.iter().collect(), Vec::new())
        }
        Caller::Client(client) => {
            ("client", Some(client.name.clone()), Vec::new(), client.scopes.iter().collect())
        }
        Caller::Nobody => return Err(Refusal::unauthenticated()),
    };
    Ok(Json(CallerDocument { kind: kind.to_owned(), name, roles, scopes, may }))
}
