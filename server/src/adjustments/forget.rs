//! Forgetting what staff wrote about an account, which may name somebody.

use receivables::ids::AccountId;
use sqlx::AnyConnection;

use crate::db::DbError;

const FORGET_WORDS: &str = "update adjustment set reason = '(erased)' where account_id = $1";

pub(super) const SQL: &[&str] = &[FORGET_WORDS];

pub async fn forget_words(tx: &mut AnyConnection, account: AccountId) -> Result<(), DbError> {
    sqlx::query(FORGET_WORDS).bind(account.to_string()).execute(tx).await?;
    Ok(())
}
