//! Whom it is about.

use receivables::ids::CustomerId;
use sqlx::{AnyPool, Row};

use super::PrivacyError;
use crate::db::DbError;

const FIND: &str = "
select id, email from customer where id = $1 or email = $2";

pub(super) const SQL: &[&str] = &[FIND];

/// Somebody the portal knows. Their address is not printed.
#[derive(Clone)]
pub struct Person {
    pub id: CustomerId,
    pub email: String,
}

/// By the customer's id, or by the e-mail address that stands in the database.
pub async fn find(pool: &AnyPool, named: &str) -> Result<Person, PrivacyError> {
    let named = named.trim();
    let row = sqlx::query(FIND)
        .bind(named)
        .bind(named.to_ascii_lowercase())
        .fetch_optional(pool)
        .await?
        .ok_or(PrivacyError::Unknown)?;
    let id: String = row.try_get("id")?;
    let id = CustomerId::parse(&id).map_err(|_| DbError::inconsistent("customer", "id", &id))?;
    Ok(Person { id, email: row.try_get("email")? })
}
