//! The routes of files that staff send in.

use std::fmt::Write;

use axum::Json;
use axum::body::Body as Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use receivables::api::imports::{
    ColumnMapDocument, ColumnMapText, ImportDocument, ImportRowPage, ImportStart, ImportState,
};
use receivables::api::problem::Problem;
use receivables::ids::ImportId;
use receivables::money::Currency;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, Move, RowCursor, Start, WriteMap};
use super::upload::{Upload, take_in};
use crate::imports::map::FileMap;
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller, Resource, require};
use crate::state::Shared;
use crate::web::{Body, Page, Path, Query};

pub fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(send_file))
        .routes(routes!(show_import))
        .routes(routes!(list_import_rows))
        .routes(routes!(download_import_rows))
        .routes(routes!(start_import))
        .routes(routes!(stop_import))
        .routes(routes!(resume_import))
        .routes(routes!(keep_column_map))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SendQuery {
    map: String,
    currency: Option<Currency>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    limit: Option<String>,
    after: Option<String>,
}

/// Sends in a file of payments: its bytes are the body. Nothing is done with it until it is
/// started.
#[utoipa::path(
    post, path = "/api/v1/imports", operation_id = "sendImport", tag = "imports",
    params(
        ("map" = String, Query, description = "The column map it is read by"),
        ("currency" = Option<Currency>, Query,
            description = "What the amounts are in, where the map does not say"),
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream",
        description = "CSV, XLSX, ODS, an Access database, camt.053 or MT940; at most 256 MiB"),
    responses(
        (status = 201, body = ImportDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn send_file(
    State(portal): State<Shared>,
    caller: Caller,
    Query(query): Query<SendQuery>,
    body: Bytes,
) -> Result<(StatusCode, Json<ImportDocument>), Refusal> {
    let uploaded_by = caller.staff(Action::Import, Resource::Portal)?.name;
    let upload = Upload { map_name: query.map, currency: query.currency, uploaded_by };
    let document = take_in(&portal, upload, body).await?;
    Ok((StatusCode::CREATED, Json(document)))
}

/// An import as it stands.
#[utoipa::path(
    get, path = "/api/v1/imports/{id}", operation_id = "import", tag = "imports",
    params(("id" = ImportId, Path, description = "The import")),
    responses(
        (status = 200, body = ImportDocument),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn show_import(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<ImportId>,
) -> Result<Json<ImportDocument>, Refusal> {
    require(&caller, Action::SeeImports, Resource::Portal)?;
    found(&portal, id).await.map(Json)
}

async fn found(portal: &Shared, id: ImportId) -> Result<ImportDocument, Refusal> {
    let job = store::find(portal.db.read(), id).await?;
    job.map(|job| job.document).ok_or_else(Refusal::not_found)
}

/// The rows that did not become payments, each with its reason, in the order of the file.
#[utoipa::path(
    get, path = "/api/v1/imports/{id}/rows", operation_id = "importRows", tag = "imports",
    params(
        ("id" = ImportId, Path, description = "The import"),
        ("limit" = Option<u16>, Query, description = "1 to 200, 50 unless told",
            minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, body = ImportRowPage),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn list_import_rows(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<ImportId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<ImportRowPage>, Refusal> {
    require(&caller, Action::SeeImports, Resource::Portal)?;
    found(&portal, id).await?;
    let page = Page::parse(query.limit.as_deref(), query.after.as_deref(), RowCursor::parse)?;
    let (limit, after) = (usize::from(page.limit), page.after.unwrap_or_default());
    let more = i64::from(page.limit) + 1;
    let mut rows = store::rows(portal.db.read(), id, after, more).await?;
    let is_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| is_more).map(|(_, cursor)| cursor.clone());
    Ok(Json(ImportRowPage { items: rows.into_iter().map(|(row, _)| row).collect(), next }))
}

/// The same rows as CSV: row, outcome, why. At most 100,000 of them.
#[utoipa::path(
    get, path = "/api/v1/imports/{id}/rows.csv", operation_id = "importRowsAsCsv",
    tag = "imports",
    params(("id" = ImportId, Path, description = "The import")),
    responses(
        (status = 200, body = String, content_type = "text/csv"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn download_import_rows(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<ImportId>,
) -> Result<Response, Refusal> {
    require(&caller, Action::SeeImports, Resource::Portal)?;
    found(&portal, id).await?;
    let rows = store::rows(portal.db.read(), id, RowCursor::default(), 100_000).await?;
    let mut text = "row,outcome,why\r\n".to_owned();
    for (row, _) in rows {
        // The words are ours but may show a cell back: quoted, a spreadsheet takes them as text.
        let why = row.why.replace('"', "\"\"");
        let why = if why.starts_with(['=', '+', '-', '@']) { format!("'{why}") } else { why };
        let _ = write!(text, "{},{},\"{why}\"\r\n", row.row, row.outcome.code());
    }
    let kind = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"rows.csv\""),
    ];
    Ok((kind, text).into_response())
}

/// Begins with the first row: only looking, or in earnest. In earnest once.
#[utoipa::path(
    post, path = "/api/v1/imports/{id}/start", operation_id = "startImport", tag = "imports",
    params(("id" = ImportId, Path, description = "The import")),
    request_body = ImportStart,
    responses(
        (status = 200, body = ImportDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn start_import(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<ImportId>,
    Body(request): Body<ImportStart>,
) -> Result<Json<ImportDocument>, Refusal> {
    caller.staff(Action::Import, Resource::Portal)?;
    found(&portal, id).await?;
    let start = Start { id, dry_run: request.dry_run, now: portal.now() };
    if !portal.db.write(start).await? {
        let words = "This import runs already, or was started in earnest before.";
        return Err(Refusal::conflict("import-not-startable", words));
    }
    portal.work.imports.notify_one();
    found(&portal, id).await.map(Json)
}

/// Stops behind the rows that are being taken; what was taken is kept.
#[utoipa::path(
    post, path = "/api/v1/imports/{id}/stop", operation_id = "stopImport", tag = "imports",
    params(("id" = ImportId, Path, description = "The import")),
    request_body = Nothing,
    responses(
        (status = 200, body = ImportDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn stop_import(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<ImportId>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<ImportDocument>, Refusal> {
    caller.staff(Action::Import, Resource::Portal)?;
    let words = "This import does not run.";
    let stopped = (ImportState::Running, ImportState::Stopped);
    change(&portal, id, stopped, Refusal::conflict("import-not-running", words)).await
}

/// Goes on behind the last row that was taken.
#[utoipa::path(
    post, path = "/api/v1/imports/{id}/resume", operation_id = "resumeImport", tag = "imports",
    params(("id" = ImportId, Path, description = "The import")),
    request_body = Nothing,
    responses(
        (status = 200, body = ImportDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn resume_import(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<ImportId>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<ImportDocument>, Refusal> {
    caller.staff(Action::Import, Resource::Portal)?;
    let words = "This import was not stopped.";
    let resumed = (ImportState::Stopped, ImportState::Running);
    let document =
        change(&portal, id, resumed, Refusal::conflict("import-not-stopped", words)).await?;
    portal.work.imports.notify_one();
    Ok(document)
}

async fn change(
    portal: &Shared,
    id: ImportId,
    (from, to): (ImportState, ImportState),
    otherwise: Refusal,
) -> Result<Json<ImportDocument>, Refusal> {
    found(portal, id).await?;
    let now = portal.now();
    match portal.db.write(Move { id, from, to, failure: None, now }).await? {
        true => found(portal, id).await.map(Json),
        false => Err(otherwise),
    }
}

/// Keeps the column map of a source, in place of what was kept under its name.
#[utoipa::path(
    post, path = "/api/v1/column-maps", operation_id = "keepColumnMap", tag = "imports",
    request_body = ColumnMapText,
    responses(
        (status = 200, body = ColumnMapDocument),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn keep_column_map(
    State(portal): State<Shared>,
    caller: Caller,
    Body(request): Body<ColumnMapText>,
) -> Result<Json<ColumnMapDocument>, Refusal> {
    let changed_by = caller.staff(Action::Import, Resource::Portal)?.name;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let ColumnMapText { name, map } = request;
    if !(1..=40).contains(&name.len()) || !name.chars().all(is_word) {
        let words = "A name is 1 to 40 letters, digits, - and _.";
        return Err(Refusal::unprocessable("field-invalid", words).at("#/name"));
    }
    if let Err(why) = FileMap::parse(&map) {
        return Err(Refusal::unprocessable("map-invalid", why).at("#/map"));
    }
    let now = portal.now();
    portal.db.write(WriteMap { name: name.clone(), map, changed_by, now }).await?;
    Ok(Json(ColumnMapDocument { name }))
}

/// A body without a field.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}
