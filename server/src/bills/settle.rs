//! What a posting does to bills: what its entries say is no longer receivable comes off what is
//! open, and what they say is receivable again is open again.

use receivables::calendar::CivilDate;
use receivables::ids::{AccountId, PaymentId, PostingId};
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::db::{DbError, ROWS_AT_MOST, expect_rows, widened};

/// One statement for all bills of a posting, which has one receivable entry for each. Entries
/// are found by their posting and bills by their id, however long the account's past is. The
/// table's own check refuses to go below zero or above the total. A bill that is owed again
/// after it was given up is asked for again.
const SETTLE: &str = "
update bill
set open_amount = bill.open_amount + e.amount,
  settled_on = case when bill.open_amount = -e.amount then $3 end,
  standing = case when bill.standing = 'written_off' and e.amount > 0 then 'issued'
    else bill.standing end
from entry e
where e.posting_id = $1 and e.book_account = 'receivable'
  and bill.id = e.bill_id and bill.account_id = $2";

/// Bills that one payment each settled whole, elsewhere. One on hold is on hold no longer.
const SETTLE_WHOLE: &str = "
update bill
set open_amount = bill.open_amount - a.amount, settled_on = a.applied_on,
  standing = 'issued', hold_reason = null
from application a
where bill.id = a.bill_id and bill.open_amount = a.amount and a.payment_id in ($1)";

pub(super) const SQL: &[&str] = &[SETTLE, SETTLE_WHOLE];

/// Takes the applications of `posting_id` off their bills, or puts back what it reversed.
/// `bills` is how many bills it names.
pub async fn settle_applications(
    tx: &mut AnyConnection,
    account_id: AccountId,
    posting_id: PostingId,
    on: CivilDate,
    bills: usize,
) -> Result<(), DbError> {
    if bills == 0 {
        return Ok(());
    }
    let settled = sqlx::query(SETTLE)
        .bind(posting_id.to_string())
        .bind(account_id.to_string())
        .bind(on.to_string())
        .execute(tx)
        .await?;
    expect_rows(&settled, u64::try_from(bills).unwrap_or(u64::MAX), "bill")
}

/// Settles the bills of these payments, each of which was applied whole to one bill.
pub async fn settle_whole(tx: &mut AnyConnection, payments: &[PaymentId]) -> Result<(), DbError> {
    for some in payments.chunks(ROWS_AT_MOST) {
        let mut query = sqlx::query(AssertSqlSafe(widened(SETTLE_WHOLE, some.len())));
        for payment_id in some {
            query = query.bind(payment_id.to_string());
        }
        let settled = query.execute(&mut *tx).await?;
        expect_rows(&settled, u64::try_from(some.len()).unwrap_or(u64::MAX), "bill")?;
    }
    Ok(())
}
