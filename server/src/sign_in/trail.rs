//! Who gave and ended which key, as the audit trail has it.

use receivables::calendar::Micros;
use sqlx::AnyConnection;

use crate::audit::{self, NewAct};
use crate::db::DbError;
use crate::problem::request_name;

/// Whoever is at the machine itself, and as the command line acts for no operator.
pub const TERMINAL: &str = "terminal";

/// `about` is an operator's or a client's name, or `client/key`.
pub(super) async fn record(
    tx: &mut AnyConnection,
    kind: &str,
    about: &str,
    (by, now): (&str, Micros),
) -> Result<(), DbError> {
    let act = NewAct {
        id: format!("{kind}/{about}/{}", now.0),
        kind: kind.to_owned(),
        actor: by.to_owned(),
        about: about.to_owned(),
        account_id: None,
        at: now,
        request: request_name(),
        digest: None,
    };
    audit::record(tx, &act).await
}
