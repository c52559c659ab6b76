//! An account's currency, for whoever may act on every account.

use receivables::ids::AccountId;
use receivables::money::Currency;
use sqlx::{Any, Executor, Row};

use crate::db::DbError;

const CURRENCY: &str = "select currency from account where id = $1";

pub(super) const SQL: &[&str] = &[CURRENCY];

/// None when there is no such account.
pub async fn currency_of(
    db: impl Executor<'_, Database = Any>,
    id: AccountId,
) -> Result<Option<Currency>, DbError> {
    let row = sqlx::query(CURRENCY).bind(id.to_string()).fetch_optional(db).await?;
    let Some(row) = row else { return Ok(None) };
    let code: String = row.try_get("currency")?;
    Currency::parse(&code).map(Some).map_err(|_| DbError::inconsistent("account", "currency", id))
}
