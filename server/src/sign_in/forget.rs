//! Forgetting that somebody ever signed in.

use receivables::ids::CustomerId;
use sqlx::AnyConnection;

use crate::db::DbError;

const SESSIONS: &str = "delete from session where customer_id = $1";
const EMAIL_CHANGES: &str = "delete from email_change where customer_id = $1";
const CODES: &str = "delete from sign_in_code where email = $1";

pub(super) const SQL: &[&str] = &[SESSIONS, EMAIL_CHANGES, CODES];

pub async fn forget_person(tx: &mut AnyConnection, id: CustomerId) -> Result<(), DbError> {
    sqlx::query(SESSIONS).bind(id.to_string()).execute(&mut *tx).await?;
    sqlx::query(EMAIL_CHANGES).bind(id.to_string()).execute(&mut *tx).await?;
    Ok(())
}

pub async fn forget_address(tx: &mut AnyConnection, email: &str) -> Result<(), DbError> {
    sqlx::query(CODES).bind(email).execute(tx).await?;
    Ok(())
}
