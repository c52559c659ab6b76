//! All sessions of a customer, and ending them.

use receivables::api::sign_in::{SessionRow, SignInMethod};
use receivables::calendar::Micros;
use receivables::ids::CustomerId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, Row};

use crate::clock::instant_text;
use crate::db::{Command, DbError};

const LIST: &str = "
select token_hash, created_at, last_seen_at, method, remembered, device from session
where customer_id = $1 and ended_at is null and idle_until > $2 and absolute_until > $2
order by last_seen_at desc, token_hash";

/// Half of the hash names a session to its owner; it opens nothing.
const END_ONE: &str = "
update session set ended_at = $3
where customer_id = $1 and substr(token_hash, 1, 32) = $2 and ended_at is null";

const END_ALL_BUT: &str = "
update session set ended_at = $3
where customer_id = $1 and token_hash <> $2 and ended_at is null";

pub(super) const SQL: &[&str] = &[LIST, END_ONE, END_ALL_BUT];

const NAME_LENGTH: usize = 32;

/// The customer's open sessions, the one used last first.
pub async fn sessions_of(
    pool: &AnyPool,
    customer_id: CustomerId,
    this: &str,
    now: Micros,
) -> Result<Vec<SessionRow>, DbError> {
    let query = sqlx::query(LIST).bind(customer_id.to_string()).bind(now.0);
    query.fetch_all(pool).await?.iter().map(|row| session_row(row, this)).collect()
}

fn session_row(row: &AnyRow, this: &str) -> Result<SessionRow, DbError> {
    let hash: String = row.try_get("token_hash")?;
    let remembered: i64 = row.try_get("remembered")?;
    let method = SignInMethod::parse(row.try_get("method")?)
        .ok_or_else(|| DbError::inconsistent("session", "method", "of a session"))?;
    Ok(SessionRow {
        id: hash.chars().take(NAME_LENGTH).collect(),
        device: row.try_get("device")?,
        method,
        signed_in_at: instant_text(Micros(row.try_get("created_at")?)),
        last_seen_at: instant_text(Micros(row.try_get("last_seen_at")?)),
        remembered: remembered == 1,
        is_this: hash == this,
    })
}

/// Ends one of a customer's sessions.
pub struct EndOne {
    pub customer_id: CustomerId,
    pub name: String,
    pub now: Micros,
}

impl Command for EndOne {
    /// Whether there was such a one.
    type Reply = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, DbError> {
        let query = sqlx::query(END_ONE).bind(self.customer_id.to_string());
        let ended = query.bind(&self.name).bind(self.now.0).execute(tx).await?;
        Ok(ended.rows_affected() > 0)
    }
}

/// Ends every session of a customer.
pub struct EndAll {
    pub customer_id: CustomerId,
    pub now: Micros,
}

impl Command for EndAll {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        end_all_but(tx, self.customer_id, None, self.now).await
    }
}

/// Ends every session of a customer but this one.
pub async fn end_all_but(
    tx: &mut AnyConnection,
    customer_id: CustomerId,
    this: Option<&str>,
    now: Micros,
) -> Result<(), DbError> {
    let query = sqlx::query(END_ALL_BUT).bind(customer_id.to_string());
    query.bind(this.unwrap_or_default()).bind(now.0).execute(tx).await?;
    Ok(())
}
