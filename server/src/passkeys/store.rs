//! The passkeys of a customer.

use receivables::api::passkeys::PasskeyRow;
use receivables::calendar::Micros;
use receivables::ids::{CustomerId, OutboxId};
use sqlx::{Any, AnyConnection, Executor, Row};
use webauthn_rs::prelude::Passkey;

use super::letter;
use crate::clock::instant_text;
use crate::db::{Command, DbError};
use crate::sign_in::end_all_but;
use crate::state::Shared;

const LIST: &str = "
select id, label, credential, created_at, last_used_at from passkey
where customer_id = $1 order by created_at, id";

const REMOVE: &str = "delete from passkey where customer_id = $1 and id = $2";

pub(super) const SQL: &[&str] = &[LIST, REMOVE];

/// A passkey as it is listed, and as it is checked.
pub(super) struct Stored {
    pub row: PasskeyRow,
    pub passkey: Passkey,
}

pub(super) async fn of_customer(
    db: impl Executor<'_, Database = Any>,
    customer_id: CustomerId,
) -> Result<Vec<Stored>, DbError> {
    let rows = sqlx::query(LIST).bind(customer_id.to_string()).fetch_all(db).await?;
    let stored = |row: &sqlx::any::AnyRow| {
        let credential: String = row.try_get("credential")?;
        let used: Option<i64> = row.try_get("last_used_at")?;
        Ok(Stored {
            passkey: read(&credential)?,
            row: PasskeyRow {
                id: row.try_get("id")?,
                label: row.try_get("label")?,
                created_at: instant_text(Micros(row.try_get("created_at")?)),
                last_used_at: used.map(|at| instant_text(Micros(at))),
            },
        })
    };
    rows.iter().map(stored).collect()
}

pub(super) fn read(credential: &str) -> Result<Passkey, DbError> {
    serde_json::from_str(credential)
        .map_err(|_| DbError::inconsistent("passkey", "credential", "of a passkey"))
}

/// Removes a passkey; whoever came in with it is out, and the session that asks stays.
pub(super) struct Remove {
    pub portal: Shared,
    pub outbox_id: OutboxId,
    pub customer_id: CustomerId,
    pub id: String,
    pub session_hash: String,
    pub now: Micros,
}

impl Command for Remove {
    /// Whether there was such a one.
    type Reply = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, DbError> {
        let query = sqlx::query(REMOVE).bind(self.customer_id.to_string()).bind(&self.id);
        if query.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(false);
        }
        end_all_but(tx, self.customer_id, Some(&self.session_hash), self.now).await?;
        let told = (self.outbox_id, self.now);
        letter::tell(tx, &self.portal, self.customer_id, None, told).await?;
        Ok(true)
    }
}
