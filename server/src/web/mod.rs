//! How the portal speaks HTTP: what a request must look like to be read at all, what every
//! answer carries, and the app itself.
//!
//! Handlers take [`Body`], [`Path`] and [`Query`] instead of axum's own extractors: whatever
//! cannot be read is refused with a problem that names the place and never repeats the value.
//! Nothing here knows who is asking or what is owed.

mod answer;
mod app_files;
mod body;
mod client_address;
mod connections;
mod content_policy;
mod csp_reports;
mod field_code;
mod forged;
mod headers;
mod idempotency;
mod line;
mod page;
mod path;
mod query;
mod strict_json;
mod surroundings;
mod table_file;

pub use body::{Body, RawBody, cut_short, require_json, too_large, without_card_number};
pub use client_address::{ClientAddress, ForwardedBy, TrustedProxies};
pub use connections::serve as accept;
pub use content_policy::{set_form_page, set_plain_page};
pub use forged::FromOurPage;
pub use idempotency::{DryRun, idempotency_key};
pub use line::{line, optional_line};
pub use page::Page;
pub use path::Path;
pub use query::Query;
pub use surroundings::describe;
pub use table_file::{FileKind, Format, ROWS_OF_A_FILE, TableFile, plain, too_many_rows};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;

use crate::health;
use crate::problem::Refusal;
use crate::state::{Portal, Shared};

/// The largest body of a request, unless a route sets a `DefaultBodyLimit` of its own.
pub const LARGEST_BODY: usize = 64 * 1024;

/// The rooms' routes with everything around them: the whole service. Called once, last.
///
/// `rooms` are the routes that act on a session's cookie, so requests from other places are
/// refused; `signed` are those that bring a proof of their own and have no cookie to abuse.
pub fn serve(rooms: Router<Shared>, signed: Router<Shared>, portal: &Shared) -> Router {
    rooms
        .layer(from_fn_with_state(portal.clone(), forged::refuse_forged))
        .merge(signed)
        // The browser itself sends these, without our header.
        .merge(csp_reports::router())
        .merge(health::router())
        .method_not_allowed_fallback(not_allowed)
        .fallback_service(app_files::fallback(portal))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn_with_state(portal.clone(), answer::answer))
        .with_state(portal.clone())
}

async fn not_allowed() -> Refusal {
    cannot_be_done()
}

fn cannot_be_done() -> Refusal {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    Refusal::new(status, "method-not-allowed", "This cannot be done here.")
}

/// Is this a demonstration, in which mails may be read by whoever looks?
pub fn is_open_to_look_at(portal: &Portal) -> bool {
    portal.settings.demo && portal.is_demo()
}
