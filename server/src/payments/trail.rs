//! What the audit trail keeps of a payment besides its posting: that it was started, and by whom,
//! and that it ended without money.

use sqlx::AnyConnection;

use super::store::PaymentRecord;
use crate::audit::{self, NewAct};
use crate::db::DbError;

/// Records that a payment came to the state it is in. `n` is its place in the payment's history.
pub(super) async fn record(
    tx: &mut AnyConnection,
    payment: &PaymentRecord,
    n: i64,
    actor: &str,
    request: Option<String>,
) -> Result<(), DbError> {
    let act = NewAct {
        id: format!("{}/{n}", payment.id),
        kind: format!("payment_{}", payment.state.code()),
        actor: actor.to_owned(),
        about: payment.id.to_string(),
        account_id: Some(payment.account_id),
        at: payment.changed_at,
        request,
        digest: None,
    };
    audit::record(tx, &act).await
}
