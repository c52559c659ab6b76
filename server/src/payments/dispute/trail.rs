//! What the audit trail keeps of a dispute besides its postings: that it was opened, and how the
//! payer's bank decided.

use sqlx::AnyConnection;

use super::store::DisputeRecord;
use crate::audit::{self, NewAct};
use crate::db::DbError;

/// Records that a dispute came to the state it is in. `n` is the version it has from then on.
pub(super) async fn record(
    tx: &mut AnyConnection,
    dispute: &DisputeRecord,
    n: i64,
) -> Result<(), DbError> {
    let act = NewAct {
        id: format!("{}/{n}", dispute.id),
        kind: format!("dispute_{}", dispute.state.code()),
        actor: dispute.gateway.clone(),
        about: dispute.id.to_string(),
        account_id: Some(dispute.account_id),
        at: dispute.changed_at,
        request: None,
        digest: None,
    };
    audit::record(tx, &act).await
}
