//! Forgetting what payers and staff wrote beside the money, which may name somebody.

use receivables::ids::AccountId;
use sqlx::AnyConnection;

use super::by_staff;
use crate::db::DbError;

const FORGET_WORDS: &str = "
update external_money set reference = null where payment_id in (
  select id from payment where account_id = $1)";

pub(super) const SQL: &[&str] = &[FORGET_WORDS];

pub async fn forget_words(tx: &mut AnyConnection, account: AccountId) -> Result<(), DbError> {
    sqlx::query(FORGET_WORDS).bind(account.to_string()).execute(&mut *tx).await?;
    by_staff::forget_words(tx, account).await
}
