//! Whose account it is.

use receivables::ids::AccountId;

use super::Caller;
use super::policy::{Action, Resource, can};
use crate::problem::Refusal;
use crate::state::Portal;

const HOLDS: &str = "
select customer_id from account_customer where account_id = $1 and customer_id = $2";

pub(super) const SQL: &[&str] = &[HOLDS];

/// Goes on only if the account is one of the caller's; else it answers like an account that is
/// not there.
pub async fn require_account(
    portal: &Portal,
    caller: &Caller,
    account_id: AccountId,
) -> Result<(), Refusal> {
    let held = sqlx::query(HOLDS)
        .bind(account_id.to_string())
        .bind(caller.customer_id.to_string())
        .fetch_optional(portal.db.read())
        .await?;
    let account = match held {
        Some(_) => Resource::AccountOfCaller,
        None => Resource::AccountOfOthers,
    };
    if can(caller, Action::See, account) { Ok(()) } else { Err(Refusal::not_found()) }
}
