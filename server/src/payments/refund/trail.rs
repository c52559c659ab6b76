//! What the audit trail keeps of a refund besides its posting: that it was asked for, and by
//! whom, and how it ended.

use sqlx::AnyConnection;

use super::store::RefundRecord;
use crate::audit::{self, NewAct};
use crate::db::DbError;

/// Records that a refund came to the state it is in.
pub(super) async fn record(
    tx: &mut AnyConnection,
    refund: &RefundRecord,
    actor: &str,
    request: Option<String>,
) -> Result<(), DbError> {
    let act = NewAct {
        id: format!("{}/{}", refund.id, refund.version),
        kind: format!("refund_{}", refund.state.code()),
        actor: actor.to_owned(),
        about: refund.id.to_string(),
        account_id: Some(refund.account_id),
        at: refund.changed_at,
        request,
        digest: None,
    };
    audit::record(tx, &act).await
}
