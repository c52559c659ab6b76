//! Another address for a customer.

use receivables::ids::CustomerId;
use sqlx::AnyConnection;

use crate::db::{DbError, expect_rows};

const FIND: &str = "select id from customer where email = $1";

const CHANGE: &str = "update customer set email = $2 where id = $1";

pub(super) const SQL: &[&str] = &[FIND, CHANGE];

/// Another customer has this address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmailTaken;

pub async fn is_email_taken(tx: &mut AnyConnection, email: &str) -> Result<bool, DbError> {
    Ok(sqlx::query(FIND).bind(email).fetch_optional(tx).await?.is_some())
}

/// The address as [`EmailAddress`](crate::sign_in::EmailAddress) spells it.
pub async fn change_email(
    tx: &mut AnyConnection,
    id: CustomerId,
    email: &str,
) -> Result<Result<(), EmailTaken>, DbError> {
    if is_email_taken(tx, email).await? {
        return Ok(Err(EmailTaken));
    }
    let changed = sqlx::query(CHANGE).bind(id.to_string()).bind(email).execute(tx).await?;
    expect_rows(&changed, 1, "customer")?;
    Ok(Ok(()))
}
