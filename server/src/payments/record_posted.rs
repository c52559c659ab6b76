//! Payments that were received elsewhere: written as posted from the start, many at once.

use receivables::payment::PaymentEvent;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::store::{INSERT, INSERT_HISTORY, PaymentRecord, bind_payment};
use crate::db::{DbError, ROWS_AT_MOST, expect_rows, widened};

/// Writes payments that no gateway of ours took. The caller posts them in the same transaction.
pub async fn record_posted(
    tx: &mut AnyConnection,
    payments: &[PaymentRecord],
) -> Result<(), DbError> {
    for rows in payments.chunks(ROWS_AT_MOST) {
        let mut query = sqlx::query(AssertSqlSafe(widened(INSERT, rows.len())));
        for payment in rows {
            query = bind_payment(query, payment)?;
        }
        let written = query.execute(&mut *tx).await?;
        expect_rows(&written, rows.len() as u64, "payment")?;
        write_histories(tx, rows).await?;
    }
    Ok(())
}

async fn write_histories(tx: &mut AnyConnection, rows: &[PaymentRecord]) -> Result<(), DbError> {
    let mut query = sqlx::query(AssertSqlSafe(widened(INSERT_HISTORY, rows.len())));
    for payment in rows {
        query = query
            .bind(payment.id.to_string())
            .bind(1_i64)
            .bind(PaymentEvent::MoneyReceived.code())
            .bind(payment.state.code())
            .bind(payment.changed_at.0);
    }
    let written = query.execute(&mut *tx).await?;
    expect_rows(&written, rows.len() as u64, "payment_history")
}
