//! What the gateway took after the backup was made: asked of the gateway and posted, so that no
//! online payment is lost and nobody is asked to pay twice.
//!
//! Payments that the backup knows are looked at; of the others the gateway's list of events and
//! its intents tell, and the note that we leave on every intent says whose they are. Posting is
//! once a reference, so asking twice does no harm.

use std::fmt;

use sqlx::Row;

use super::{BackupError, restore};
use crate::db::DbError;
use crate::gateway_events;
use crate::state::Shared;

const POSTED: &str = "select count(*) from payment where state = 'posted'";

pub(super) const SQL: &[&str] = &[POSTED];

/// A payment is asked about from this long before the backup on: it may have been started before
/// and paid after.
const MARGIN_SECONDS: i64 = 24 * 3_600;

/// What the gateway had to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// Payments in flight in the backup, each looked at.
    pub looked_at: u32,
    pub events_found: u32,
    /// Intents of ours whose payment is not in the backup.
    pub intents_found: u32,
    /// Of those, still on their way: they are posted when they arrive.
    pub on_their_way: u32,
    /// Payments posted by all this.
    pub posted: i64,
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (i64::from(self.looked_at), "payments in flight looked at"),
            (i64::from(self.intents_found), "payments at the gateway that the backup did not know"),
            (i64::from(self.on_their_way), "of them still at the bank, posted when they arrive"),
            (i64::from(self.events_found), "events of the gateway stored"),
            (self.posted, "payments posted"),
        ];
        for (count, what) in counts {
            writeln!(f, "{count:>9}  {what}")?;
        }
        f.write_str(
            "What staff did after the backup is not at the gateway: enter it again. What waits for \
             a person: paydown work",
        )
    }
}

/// Asks for all since the backup that this database was restored from.
pub async fn replay(portal: &Shared) -> Result<Replayed, BackupError> {
    if portal.book.is_halted() {
        return Err(BackupError::BookBroken(Vec::new()));
    }
    let taken_at = restore::taken_at(portal.db.read()).await?.ok_or(BackupError::NotRestored)?;
    let before = posted(portal).await?;
    let since = taken_at.plus_seconds(-MARGIN_SECONDS);
    let looked_at = gateway_events::look_at_all(portal).await?;
    let recalled = gateway_events::recall(portal, since).await?;
    let events_found = gateway_events::fetch_since(portal, since).await?;
    gateway_events::apply_due(portal).await?;
    Ok(Replayed {
        looked_at,
        events_found,
        intents_found: recalled.unknown,
        on_their_way: recalled.on_their_way,
        posted: posted(portal).await?.saturating_sub(before),
    })
}

async fn posted(portal: &Shared) -> Result<i64, DbError> {
    Ok(sqlx::query(POSTED).fetch_one(portal.db.read()).await?.try_get(0)?)
}
