//! Forgetting that a person was invited.

use sqlx::AnyConnection;

use crate::db::DbError;

const ACCOUNTS: &str = "
delete from invitation_account
where invitation_id in (select id from invitation where email = $1)";
const INVITATIONS: &str = "delete from invitation where email = $1";

pub(super) const SQL: &[&str] = &[ACCOUNTS, INVITATIONS];

pub async fn forget_address(tx: &mut AnyConnection, email: &str) -> Result<(), DbError> {
    sqlx::query(ACCOUNTS).bind(email).execute(&mut *tx).await?;
    sqlx::query(INVITATIONS).bind(email).execute(&mut *tx).await?;
    Ok(())
}
