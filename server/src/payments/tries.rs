//! How often a payment may be begun and not finished: whoever tries out cards begins many, and
//! so that changing addresses does not help them, they are counted by the account.

use receivables::calendar::Micros;
use receivables::ids::AccountId;
use sqlx::{AnyConnection, Row};

use crate::db::DbError;
use crate::limits::{DAY, too_often};
use crate::problem::Refusal;
use crate::state::Portal;

const UNFINISHED: &str = "
select count(*) as tries, min(started_at) as first from payment
where account_id = $1 and started_at > $2 and state <> 'posted'";

pub(super) const SQL: &[&str] = &[UNFINISHED];

/// Refuses when the account had too many within a day. Asked while the account is locked.
pub(super) async fn too_many(
    tx: &mut AnyConnection,
    portal: &Portal,
    account_id: AccountId,
) -> Result<Option<Refusal>, DbError> {
    let now = portal.now();
    let since = Micros(now.0.saturating_sub(DAY));
    let row = sqlx::query(UNFINISHED)
        .bind(account_id.to_string())
        .bind(since.0)
        .fetch_one(&mut *tx)
        .await?;
    let tries: i64 = row.try_get("tries")?;
    if tries < portal.settings.limits.unfinished_payments_per_account {
        return Ok(None);
    }
    let first: Option<i64> = row.try_get("first")?;
    let wait = first.unwrap_or(now.0).saturating_sub(since.0) / 1_000_000;
    tracing::warn!(security = "limit", of = "payments begun", "an account had too many");
    Ok(Some(too_often(wait.saturating_add(1))))
}
