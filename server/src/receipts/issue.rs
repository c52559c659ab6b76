//! Issuing a receipt, inside the posting's own transaction.

use receivables::calendar::Micros;
use receivables::ids::PaymentId;
use receivables::receipt::Receipt;
use sqlx::{Any, AnyConnection, Executor, Row};

use crate::db::{DbError, expect_rows};

const ISSUE: &str = "
insert into receipt (payment_id, account_id, number, issued_at, content)
values ($1, $2, $3, $4, $5)";

const NUMBER: &str = "select number from receipt where payment_id = $1";

pub(super) const SQL: &[&str] = &[ISSUE, NUMBER];

/// Writes the receipt of a posting that is being made.
pub async fn issue(tx: &mut AnyConnection, receipt: &Receipt, now: Micros) -> Result<(), DbError> {
    let content = serde_json::to_string(receipt)
        .map_err(|_| DbError::inconsistent("receipt", "content", receipt.payment_id))?;
    let written = sqlx::query(ISSUE)
        .bind(receipt.payment_id.to_string())
        .bind(receipt.account_id.to_string())
        .bind(&receipt.number)
        .bind(now.0)
        .bind(content)
        .execute(tx)
        .await?;
    expect_rows(&written, 1, "receipt")
}

/// The number of a payment's receipt, once it is posted.
pub async fn number_of(
    db: impl Executor<'_, Database = Any>,
    payment_id: PaymentId,
) -> Result<Option<String>, DbError> {
    let row = sqlx::query(NUMBER).bind(payment_id.to_string()).fetch_optional(db).await?;
    row.map(|row| row.try_get(0)).transpose().map_err(Into::into)
}
