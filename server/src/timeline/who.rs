//! Who did it, from the words under which rooms record it.

use receivables::api::timeline::Who;
use receivables::ids::{CustomerId, MemberId};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::db::DbError;

/// What the portal does by itself is recorded under what caused it.
const PORTAL: [&str; 3] = ["bill", "bill_cancelled", "credit"];
/// Money that came by a link or a note of ours was brought by the gateway.
const GATEWAY: [&str; 3] = ["gateway", "reference", "note"];
const IMPORTS: [&str; 2] = ["import", "file"];

/// The columns are the actor's own word, and the name of the customer or the member of staff with
/// this id.
pub fn who(row: &AnyRow, gateway: &str) -> Result<Who, DbError> {
    let actor: Option<String> = row.try_get("actor")?;
    let Some(actor) = actor else { return Ok(Who::Portal) };
    let named = |name: Option<String>| name.unwrap_or_else(|| actor.clone());
    Ok(if CustomerId::parse(&actor).is_ok() {
        Who::Customer { name: named(row.try_get("customer_name")?) }
    } else if MemberId::parse(&actor).is_ok() {
        Who::Staff { name: named(row.try_get("member_name")?) }
    } else if let Some(name) = actor.strip_prefix("client ") {
        Who::Program { name: name.to_owned() }
    } else if IMPORTS.contains(&actor.as_str()) {
        Who::Program { name: actor }
    } else if actor == gateway || GATEWAY.contains(&actor.as_str()) {
        Who::Gateway
    } else if PORTAL.contains(&actor.as_str()) {
        Who::Portal
    } else {
        Who::Staff { name: actor }
    })
}
