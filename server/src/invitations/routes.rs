//! The routes of invitations: staff's, and the one by which a person comes in.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use receivables::api::invitations::{
    Acceptance, InvitationDocument, InvitationPage, InvitationRequest,
};
use receivables::api::problem::Problem;
use receivables::api::sign_in::{SessionDocument, SignInMethod};
use receivables::ids::InvitationId;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accept::accept;
use super::invite::{Invite, Invited, Invitee, NotInvited};
use super::send_again::{Revoke, SendAgain};
use super::store;
use crate::accounts;
use crate::limits;
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller, Entry, Resource, require};
use crate::state::{Portal, Shared};
use crate::web::{Body, ClientAddress, Page, Path, Query};

/// Open to everyone.
pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(accept_invitation))
}

pub fn staff_router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(invite, list_invitations))
        .routes(routes!(show_invitation))
        .routes(routes!(send_again))
        .routes(routes!(revoke))
}

/// Accepts an invitation and signs in. Used up by this call and by nothing else; whatever is
/// wrong with it is answered in one way.
#[utoipa::path(
    post, path = "/api/v1/invitations/acceptance", operation_id = "acceptInvitation",
    tag = "sign-in", request_body = Acceptance,
    responses(
        (status = 201, body = SessionDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "invitation-unusable: used, expired, revoked, tried too \
            often, or the account number is another's", body = Problem,
            content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn accept_invitation(
    State(portal): State<Shared>,
    from: ClientAddress,
    headers: HeaderMap,
    Body(acceptance): Body<Acceptance>,
) -> Result<Response, Refusal> {
    limits::count_sign_in(&portal, "invitations", from).await?;
    let entry = Entry::new(&portal, &headers, SignInMethod::Invitation, false);
    if let Some(session) = accept(&portal, acceptance, entry.opening()).await? {
        return entry.answer(&portal, &session).await;
    }
    tracing::info!(security = "invitation-unusable", "an invitation was refused");
    Err(Refusal::new(
        StatusCode::GONE,
        "invitation-unusable",
        "This invitation and this account number do not work together. Check the number on your \
         bill. A link works once, for 72 hours and five tries; we can send you a new one.",
    ))
}

/// Invites a person to accounts, by a mail with a link.
#[utoipa::path(
    post, path = "/api/v1/invitations", operation_id = "invite", tag = "invitations",
    request_body = InvitationRequest,
    responses(
        (status = 200, description = "The same is open already; no other mail was sent",
            body = InvitationDocument),
        (status = 201, body = InvitationDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn invite(
    State(portal): State<Shared>,
    caller: Caller,
    Body(request): Body<InvitationRequest>,
) -> Result<Response, Refusal> {
    let by = inviter(&caller)?;
    let invitee = invitee_of(&portal, &request).await?;
    let command = Invite::new(&portal, &by, vec![invitee]);
    let invited = portal.db.write(command).await?;
    portal.work.outbox.notify_one();
    let invited = invited.first().copied().ok_or_else(Refusal::fault)?;
    let status = match invited {
        Invited::Now(_) => StatusCode::CREATED,
        Invited::Before(_) => StatusCode::OK,
    };
    let location = format!("/api/v1/invitations/{}", invited.id());
    let document = found(&portal, invited.id()).await?;
    Ok((status, [(header::LOCATION, location)], Json(document)).into_response())
}

/// Who invites, as invitations and the audit trail name them.
fn inviter(caller: &Caller) -> Result<String, Refusal> {
    require(caller, Action::Invite, Resource::Portal)?;
    Ok(caller.signature())
}

async fn invitee_of(portal: &Portal, request: &InvitationRequest) -> Result<Invitee, Refusal> {
    let mut ids = Vec::with_capacity(request.accounts.len());
    // What is too many is refused below; until then nobody looks them all up.
    for (n, name) in request.accounts.iter().take(21).enumerate() {
        let id = accounts::find_by_name(portal.db.read(), name).await?;
        let words = "There is no such account.";
        let missing =
            || Refusal::unprocessable("account-unknown", words).at(format!("#/accounts/{n}"));
        ids.push(id.ok_or_else(missing)?);
    }
    Invitee::parse(&request.email, &request.name, &ids, request.role).map_err(|wrong| {
        let (code, place) = match wrong {
            NotInvited::Email => ("email-invalid", "#/email"),
            NotInvited::Name => ("text-invalid", "#/name"),
            NotInvited::Accounts => ("field-invalid", "#/accounts"),
        };
        let mut words = wrong.to_string();
        words.push('.');
        if let Some(first) = words.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Refusal::unprocessable(code, words).at(place)
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    limit: Option<String>,
    after: Option<String>,
}

/// The invitations, the newest first.
#[utoipa::path(
    get, path = "/api/v1/invitations", operation_id = "invitations", tag = "invitations",
    params(
        ("limit" = Option<u16>, Query, description = "1 to 200, 50 unless told",
            minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, body = InvitationPage),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn list_invitations(
    State(portal): State<Shared>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<InvitationPage>, Refusal> {
    require(&caller, Action::SeeInvitations, Resource::Portal)?;
    let after = |text: &str| InvitationId::parse(text).ok();
    let page = Page::parse(query.limit.as_deref(), query.after.as_deref(), after)?;
    let (pool, limit) = (portal.db.read(), usize::from(page.limit));
    let more = i64::from(page.limit) + 1;
    let mut items = store::list(pool, page.after, more, portal.now()).await?;
    let is_more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| is_more).map(|last| last.id.to_string());
    Ok(Json(InvitationPage { items, next }))
}

/// An invitation as it stands.
#[utoipa::path(
    get, path = "/api/v1/invitations/{id}", operation_id = "invitation", tag = "invitations",
    params(("id" = InvitationId, Path, description = "The invitation")),
    responses(
        (status = 200, body = InvitationDocument),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn show_invitation(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<InvitationId>,
) -> Result<Json<InvitationDocument>, Refusal> {
    require(&caller, Action::SeeInvitations, Resource::Portal)?;
    found(&portal, id).await.map(Json)
}

/// Sends the mail again, with a new link; the old one works no more.
#[utoipa::path(
    post, path = "/api/v1/invitations/{id}/sendings", operation_id = "sendInvitationAgain",
    tag = "invitations",
    params(("id" = InvitationId, Path, description = "The invitation")),
    request_body = Nothing,
    responses(
        (status = 200, body = InvitationDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "invalid-state: accepted or revoked", body = Problem,
            content_type = "application/problem+json"),
    )
)]
async fn send_again(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<InvitationId>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<InvitationDocument>, Refusal> {
    let by = inviter(&caller)?;
    let sent = portal.db.write(SendAgain::new(&portal, id, &by)).await?;
    portal.work.outbox.notify_one();
    settled(&portal, id, sent).await
}

/// Takes an invitation back: its link works no more.
#[utoipa::path(
    post, path = "/api/v1/invitations/{id}/revocation", operation_id = "revokeInvitation",
    tag = "invitations",
    params(("id" = InvitationId, Path, description = "The invitation")),
    request_body = Nothing,
    responses(
        (status = 200, body = InvitationDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "invalid-state: accepted", body = Problem,
            content_type = "application/problem+json"),
    )
)]
async fn revoke(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<InvitationId>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<InvitationDocument>, Refusal> {
    let by = inviter(&caller)?;
    let command = Revoke { id, by, now: portal.now() };
    let revoked = portal.db.write(command).await?;
    settled(&portal, id, revoked).await
}

async fn found(portal: &Portal, id: InvitationId) -> Result<InvitationDocument, Refusal> {
    let found = store::find(portal.db.read(), id, portal.now()).await?;
    found.ok_or_else(Refusal::not_found)
}

async fn settled(
    portal: &Portal,
    id: InvitationId,
    is_done: bool,
) -> Result<Json<InvitationDocument>, Refusal> {
    let document = found(portal, id).await?;
    if is_done {
        return Ok(Json(document));
    }
    let words = format!("This invitation is {}.", document.state.code());
    Err(Refusal::conflict("invalid-state", words))
}

/// An empty JSON object: the request says all by its address.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}
