//! Appending many postings at once, for imports.

use sqlx::{AnyConnection, AssertSqlSafe};

use super::NewPosting;
use super::append::{INSERT_APPLICATION, INSERT_ENTRY, INSERT_POSTING, NewApplication, NewEntry};
use super::digest::act_of;
use crate::audit;
use crate::db::{DbError, ROWS_AT_MOST, expect_rows, widened};
use receivables::money::MinorUnits;

/// Appends postings whose sources must all be new: one that posted before fails the whole
/// transaction, because its caller has written bills or payments that belong to it.
pub async fn append_many(tx: &mut AnyConnection, postings: &[NewPosting]) -> Result<(), DbError> {
    for posting in postings {
        let sum = MinorUnits::sum(posting.entries.iter().map(|entry| entry.amount));
        if sum != Ok(MinorUnits::ZERO) || posting.entries.is_empty() {
            return Err(DbError::inconsistent("entry", "amount", posting.id));
        }
    }
    for rows in postings.chunks(ROWS_AT_MOST) {
        insert_postings(tx, rows).await?;
    }
    append_entries(tx, postings).await?;
    append_applications(tx, postings).await?;
    let acts: Vec<_> = postings.iter().map(act_of).collect();
    audit::record_many(tx, &acts).await
}

/// All entries of these postings, many a statement.
pub(super) async fn append_entries(
    tx: &mut AnyConnection,
    postings: &[NewPosting],
) -> Result<(), DbError> {
    let entries: Vec<(&NewPosting, i64, &NewEntry)> = postings
        .iter()
        .flat_map(|posting| (1..).zip(&posting.entries).map(move |(n, entry)| (posting, n, entry)))
        .collect();
    for rows in entries.chunks(ROWS_AT_MOST) {
        insert_entries(tx, rows).await?;
    }
    Ok(())
}

/// All applications of these postings, many a statement.
pub(super) async fn append_applications(
    tx: &mut AnyConnection,
    postings: &[NewPosting],
) -> Result<(), DbError> {
    let applications: Vec<(&NewPosting, &NewApplication)> = postings
        .iter()
        .flat_map(|posting| posting.applications.iter().map(move |line| (posting, line)))
        .collect();
    for rows in applications.chunks(ROWS_AT_MOST) {
        insert_applications(tx, rows).await?;
    }
    Ok(())
}

async fn insert_postings(tx: &mut AnyConnection, rows: &[NewPosting]) -> Result<(), DbError> {
    let text = widened(INSERT_POSTING, rows.len());
    let mut query = sqlx::query(AssertSqlSafe(text));
    for posting in rows {
        query = query
            .bind(posting.id.to_string())
            .bind(posting.account_id.to_string())
            .bind(posting.kind.code())
            .bind(&posting.source)
            .bind(&posting.source_ref)
            .bind(posting.payment_id.map(|id| id.to_string()))
            .bind(posting.adjustment_id.map(|id| id.to_string()))
            .bind(posting.effective_on.to_string())
            .bind(posting.recorded_at.0);
    }
    let written = query.execute(&mut *tx).await?;
    expect_rows(&written, rows.len() as u64, "posting")
}

async fn insert_entries(
    tx: &mut AnyConnection,
    rows: &[(&NewPosting, i64, &NewEntry)],
) -> Result<(), DbError> {
    let text = widened(INSERT_ENTRY, rows.len());
    let mut query = sqlx::query(AssertSqlSafe(text));
    for (posting, line, entry) in rows {
        query = query
            .bind(posting.id.to_string())
            .bind(*line)
            .bind(posting.account_id.to_string())
            .bind(entry.book_account.code())
            .bind(entry.bill_id.map(|id| id.to_string()))
            .bind(posting.currency.code())
            .bind(entry.amount.get());
    }
    let written = query.execute(&mut *tx).await?;
    expect_rows(&written, rows.len() as u64, "entry")
}

async fn insert_applications(
    tx: &mut AnyConnection,
    rows: &[(&NewPosting, &NewApplication)],
) -> Result<(), DbError> {
    let text = widened(INSERT_APPLICATION, rows.len());
    let mut query = sqlx::query(AssertSqlSafe(text));
    for (posting, application) in rows {
        query = query
            .bind(application.id.to_string())
            .bind(posting.id.to_string())
            .bind(posting.account_id.to_string())
            .bind(posting.payment_id.map(|id| id.to_string()))
            .bind(posting.adjustment_id.map(|id| id.to_string()))
            .bind(application.bill_id.to_string())
            .bind(application.amount.get())
            .bind(application.reverses.map(|id| id.to_string()))
            .bind(application.reason.code())
            .bind(posting.effective_on.to_string());
    }
    let written = query.execute(&mut *tx).await?;
    expect_rows(&written, rows.len() as u64, "application")
}
