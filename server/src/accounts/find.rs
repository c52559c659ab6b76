//! Finding an account by what people call it: its number, or its id.

use receivables::ids::AccountId;
use sqlx::{Any, Executor, Row};

use crate::db::DbError;

const FIND_BY_NAME: &str = "select id from account where number = $1 or id = $1";

pub(super) const SQL: &[&str] = &[FIND_BY_NAME];

/// The account with this number or id, exactly as written. An account's id cannot be another's
/// number by chance; where somebody made it so, none is found.
pub async fn find_by_name(
    db: impl Executor<'_, Database = Any>,
    name: &str,
) -> Result<Option<AccountId>, DbError> {
    let rows = sqlx::query(FIND_BY_NAME).bind(name).fetch_all(db).await?;
    let [row] = rows.as_slice() else { return Ok(None) };
    let id: String = row.try_get("id")?;
    AccountId::parse(&id).map(Some).map_err(|_| DbError::inconsistent("account", "id", &id))
}
