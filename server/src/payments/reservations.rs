//! The table reservation: what started payments hold of open items.

use receivables::ids::{BillId, PaymentId};
use sqlx::{AnyConnection, AssertSqlSafe};

use super::store::PaymentRecord;
use crate::db::{DbError, ROWS_AT_MOST, expect_rows, widened};

const INSERT_RESERVATION: &str = "
insert into reservation (payment_id, bill_id, account_id, amount) values ($1, $2, $3, $4)";

const RELEASE: &str = "delete from reservation where payment_id = $1";

const LET_GO: &str = "delete from reservation where bill_id in ($1)";

pub(super) const SQL: &[&str] = &[INSERT_RESERVATION, RELEASE, LET_GO];

/// Holds the previewed amounts, so that no second payment can be started for the same cents.
pub(super) async fn reserve(
    tx: &mut AnyConnection,
    payment: &PaymentRecord,
) -> Result<(), DbError> {
    for lines in payment.preview.lines.chunks(ROWS_AT_MOST) {
        let text = widened(INSERT_RESERVATION, lines.len());
        let mut query = sqlx::query(AssertSqlSafe(text));
        for line in lines {
            query = query
                .bind(payment.id.to_string())
                .bind(line.bill_id.to_string())
                .bind(payment.account_id.to_string())
                .bind(line.amount.get());
        }
        expect_rows(&query.execute(&mut *tx).await?, lines.len() as u64, "reservation")?;
    }
    Ok(())
}

pub(super) async fn release(tx: &mut AnyConnection, id: PaymentId) -> Result<(), DbError> {
    sqlx::query(RELEASE).bind(id.to_string()).execute(tx).await?;
    Ok(())
}

/// Nothing is left to hold of bills that were settled elsewhere. What their payers still pay is
/// posted by the order, or becomes credit on account.
pub async fn let_go_of_bills(tx: &mut AnyConnection, bills: &[BillId]) -> Result<(), DbError> {
    for some in bills.chunks(ROWS_AT_MOST) {
        let mut query = sqlx::query(AssertSqlSafe(widened(LET_GO, some.len())));
        for bill_id in some {
            query = query.bind(bill_id.to_string());
        }
        query.execute(&mut *tx).await?;
    }
    Ok(())
}
