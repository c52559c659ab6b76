//! Forgetting a person's passkeys.

use receivables::ids::CustomerId;
use sqlx::AnyConnection;

use crate::db::DbError;

const PASSKEYS: &str = "delete from passkey where customer_id = $1";

pub(super) const SQL: &[&str] = &[PASSKEYS];

pub async fn forget_person(tx: &mut AnyConnection, id: CustomerId) -> Result<(), DbError> {
    sqlx::query(PASSKEYS).bind(id.to_string()).execute(tx).await?;
    Ok(())
}
