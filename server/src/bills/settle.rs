//! What a posting does to bills: its applications come off what is open.

use receivables::calendar::CivilDate;
use receivables::ids::{AccountId, PostingId};
use sqlx::AnyConnection;

use crate::db::{DbError, expect_rows};

/// One statement for all bills of a posting. The table's own check refuses to go below zero.
const SETTLE: &str = "
update bill
set open_amount = bill.open_amount - a.amount,
  settled_on = case when bill.open_amount = a.amount then $3 else bill.settled_on end
from application a
where a.posting_id = $1 and a.account_id = $2
  and bill.id = a.bill_id and bill.account_id = a.account_id";

pub(super) const SQL: &[&str] = &[SETTLE];

/// Takes the applications of `posting_id` off their bills. `bills` is how many there are.
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
