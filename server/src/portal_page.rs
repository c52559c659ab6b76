//! `GET /api/v1/portal`: who asks for the money, and whether it is real. Open to everyone.

use axum::Json;
use axum::extract::State;
use receivables::api::portal::PortalDocument;
use receivables::words::Language;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::Shared;

pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(portal))
}

/// The biller, the gateway's mode and the language.
#[utoipa::path(
    get, path = "/api/v1/portal", operation_id = "portal", tag = "portal",
    responses((status = 200, body = PortalDocument))
)]
async fn portal(State(portal): State<Shared>) -> Json<PortalDocument> {
    Json(PortalDocument {
        biller: portal.settings.biller.clone(),
        gateway_mode: portal.gateway.mode(),
        publishable_key: portal.gateway.publishable_key().map(str::to_owned),
        language: Language::EnglishUs,
        passkeys: portal.passkeys.are_possible(),
        mailbox: portal.is_demo() && portal.settings.demo,
    })
}
