//! Another address for a customer.

use receivables::ids::CustomerId;
use sqlx::AnyConnection;

use super::words;
use crate::db::{DbError, expect_rows};

const FIND: &str = "select id from customer where email = $1";

const CHANGE: &str = "update customer set email = $2 where id = $1";

const LOCK: &str = "update customer set email = email where id = $1";

pub(super) const SQL: &[&str] = &[FIND, CHANGE, LOCK];

/// Whoever changes how a customer signs in goes one after the other.
pub async fn lock_customer(tx: &mut AnyConnection, id: CustomerId) -> Result<(), DbError> {
    let locked = sqlx::query(LOCK).bind(id.to_string()).execute(tx).await?;
    expect_rows(&locked, 1, "customer")
}

/// Has another customer this address?
pub async fn is_email_taken(tx: &mut AnyConnection, email: &str) -> Result<bool, DbError> {
    Ok(sqlx::query(FIND).bind(email).fetch_optional(tx).await?.is_some())
}

/// The address as [`EmailAddress`](crate::sign_in::EmailAddress) spells it; nobody else's.
pub async fn change_email(
    tx: &mut AnyConnection,
    id: CustomerId,
    email: &str,
) -> Result<(), DbError> {
    let changed = sqlx::query(CHANGE).bind(id.to_string()).bind(email).execute(&mut *tx).await?;
    expect_rows(&changed, 1, "customer")?;
    words::rewrite_for(tx, id).await
}
