//! Whose account it is, and what they are on it.

use receivables::api::roles::AccountRole;
use receivables::ids::AccountId;
use sqlx::Row;

use super::caller::Caller;
use super::policy::{Action, Resource, require};
use crate::db::DbError;
use crate::problem::Refusal;
use crate::state::Portal;

const HOLDS: &str = "
select role from account_customer where account_id = $1 and customer_id = $2";

pub(super) const SQL: &[&str] = &[HOLDS];

/// The account as it stands to the caller.
async fn account_as_it_stands(
    portal: &Portal,
    caller: &Caller,
    account_id: AccountId,
) -> Result<Resource, DbError> {
    let Caller::Customer(customer) = caller else { return Ok(Resource::Portal) };
    let held = sqlx::query(HOLDS)
        .bind(account_id.to_string())
        .bind(customer.customer_id.to_string())
        .fetch_optional(portal.db.read())
        .await?;
    let Some(row) = held else { return Ok(Resource::Account(None)) };
    account_role(row.try_get("role")?).map(|role| Resource::Account(Some(role)))
}

/// A role as the table has it.
pub fn account_role(code: &str) -> Result<AccountRole, DbError> {
    AccountRole::parse(code).ok_or_else(|| DbError::inconsistent("account_customer", "role", code))
}

/// Goes on if the caller may do this to the account; a customer who does not hold it is told
/// what they are told of an account that is not there.
pub async fn require_on_account(
    portal: &Portal,
    caller: &Caller,
    action: Action,
    account_id: AccountId,
) -> Result<(), Refusal> {
    let account = account_as_it_stands(portal, caller, account_id).await?;
    require(caller, action, account)
}
