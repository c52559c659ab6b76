//! Forgetting what payers wrote beside their money, which may name them.

use receivables::ids::AccountId;
use sqlx::AnyConnection;

use crate::db::DbError;

const FORGET_WORDS: &str = "
update external_money set reference = null where payment_id in (
  select id from payment where account_id = $1)";

pub(super) const SQL: &[&str] = &[FORGET_WORDS];

pub async fn forget_words(tx: &mut AnyConnection, account: AccountId) -> Result<(), DbError> {
    sqlx::query(FORGET_WORDS).bind(account.to_string()).execute(tx).await?;
    Ok(())
}
