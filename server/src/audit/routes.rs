//! The route of the audit trail.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use receivables::api::audit_acts::{AuditAct, AuditPage};
use receivables::api::problem::Problem;
use receivables::ids::AccountId;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::HOLDS;
use super::browse::{Wanted, acts, browse};
use crate::db::snapshot;
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller, Resource, require};
use crate::state::Shared;
use crate::web::{Format, Page, Query, ROWS_OF_A_FILE, TableFile, too_many_rows};

pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(audit_acts))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    actor: Option<String>,
    kind: Option<String>,
    account: Option<String>,
    limit: Option<String>,
    after: Option<String>,
    format: Option<String>,
}

/// Who did what, the newest first, and what is known of the chain. A filter leaves what people
/// did; postings are on their accounts.
#[utoipa::path(
    get, path = "/api/v1/audit-acts", operation_id = "auditActs", tag = "keys",
    params(
        ("actor" = Option<String>, Query, description = "Who did it, as acts name them"),
        ("kind" = Option<String>, Query, description = "What was done, as acts name it"),
        ("account" = Option<String>, Query, description = "The id of the account it was done on"),
        ("limit" = Option<u16>, Query, description = "1 to 200, 50 unless told",
            minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("format" = Option<String>, Query, description = "`json`; `csv` or `xlsx` for all rows \
            at once"),
    ),
    responses(
        (status = 200, content((AuditPage = "application/json"), (String = "text/csv"))),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn audit_acts(
    State(portal): State<Shared>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Response, Refusal> {
    require(&caller, Action::SeeAudit, Resource::Portal)?;
    let format = Format::parse(query.format.as_deref())?;
    let place = |text: &str| text.parse::<i64>().ok().filter(|n| *n > 0);
    let page = Page::parse(query.limit.as_deref(), query.after.as_deref(), place)?;
    let account = query.account.filter(|text| !text.is_empty());
    let account = account.map(|text| AccountId::parse(&text)).transpose().map_err(|_| {
        let words = "This is no id of an account.";
        Refusal::unprocessable("filter-invalid", words).at("query:account")
    })?;
    let mut wanted = Wanted {
        below: page.after,
        limit: usize::from(page.limit),
        actor: query.actor.unwrap_or_default(),
        kind: query.kind.unwrap_or_default(),
        account,
    };
    let mut moment = snapshot(portal.db.read()).await?;
    if let Some(kind) = format.as_file() {
        wanted.limit = ROWS_OF_A_FILE;
        let (items, is_more) = acts(&mut moment, &wanted).await?;
        if is_more {
            return Err(too_many_rows("query:account"));
        }
        return FILE.answer(kind, items.iter().map(record));
    }
    let checked = portal.book.last();
    let verified = checked.map(|checked| (checked.at, !checked.broken.contains(&HOLDS)));
    Ok(Json(browse(&mut moment, &wanted, verified).await?).into_response())
}

const FILE: TableFile<'_> = TableFile {
    name: "audit",
    head: &["n", "at", "actor", "kind", "about", "account", "request", "hash"],
    numbers: &[],
};

fn record(act: &AuditAct) -> Vec<String> {
    vec![
        act.n.to_string(),
        act.at.clone(),
        act.actor.clone(),
        act.kind.clone(),
        act.about.clone(),
        act.account_id.map(|id| id.to_string()).unwrap_or_default(),
        act.request.clone().unwrap_or_default(),
        act.hash.clone(),
    ]
}
