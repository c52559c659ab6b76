//! Every route of the API on one screen, by who calls it.

use axum::Router;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::state::Shared;
use crate::{
    accounts, adjustments, audit, bills, dashboard, external_payments, gateway_events, imports,
    invitations, outbox, passkeys, payments, portal_page, privacy, receipts, search, sign_in,
    staff_sign_in, timeline, web, work_list,
};

/// The API's own description, beside what each handler says of itself.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Paydown",
        version = "1",
        description = "People who owe on several bills pay a part, see beforehand which bills it \
            settles, and that split is what is posted. Amounts are integers of minor units \
            beside a currency; days are civil dates of the biller's zone."
    ),
    tags(
        (name = "portal", description = "Who asks for the money"),
        (name = "sign-in", description = "Codes, links and sessions"),
        (name = "accounts", description = "What is owed"),
        (name = "bills", description = "Bills and their lines"),
        (name = "payments", description = "Previews, payments and receipts"),
        (name = "invitations", description = "Whom staff ask in"),
        (name = "imports", description = "Files of payments, and what became of their rows"),
        (name = "keys", description = "API clients, their keys, and what a caller may do"),
        (name = "work list", description = "What waits for a person"),
        (name = "corrections", description = "What staff put right, each with a preview"),
    )
)]
struct Description;

/// What each caller may do with them, role by role, is in `docs/authorization.txt`.
fn api() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(Description::openapi())
        // Open to everyone
        .merge(portal_page::router())
        .merge(sign_in::router())
        .merge(staff_sign_in::api())
        .merge(invitations::router())
        .merge(passkeys::router())
        // Customers
        .merge(accounts::router())
        .merge(bills::router())
        .merge(payments::router())
        .merge(receipts::router())
        .merge(privacy::router())
        // Staff
        .merge(search::router())
        .merge(timeline::router())
        .merge(sign_in::key_router())
        .merge(payments::staff_router())
        .merge(adjustments::router())
        .merge(external_payments::staff_router())
        .merge(bills::staff_router())
        .merge(work_list::router())
        .merge(dashboard::router())
        .merge(audit::router())
        .merge(invitations::staff_router())
        .merge(accounts::staff_router())
        .merge(imports::router())
}

/// The routes that act for whoever asks, a cookie's or a key's; `web::serve` puts the app and the
/// guards around them.
pub fn rooms() -> Router<Shared> {
    let (api, _) = api().split_for_parts();
    // Demonstrations only.
    api.merge(outbox::router())
}

/// The gateway comes with a signature of its own, and a member of staff from the provider's site.
pub fn signed() -> Router<Shared> {
    gateway_events::router().merge(staff_sign_in::pages())
}

/// The OpenAPI document, as checked in at `docs/openapi.json`.
pub fn openapi() -> String {
    let (_, mut description) = api().split_for_parts();
    web::describe(&mut description);
    let mut text = description.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}
