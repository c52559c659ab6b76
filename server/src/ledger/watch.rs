//! What the last check of the book said. While an invariant is broken nothing is posted: each
//! posting more would make the trail longer, and the money that arrives is safe where it is.

use receivables::calendar::Micros;
use sqlx::AnyPool;
use tokio::sync::watch;

use super::check::check;
use crate::db::DbError;

/// One check of the whole book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    pub at: Micros,
    /// The invariants that do not hold.
    pub broken: Vec<&'static str>,
}

/// Shared by all who post and all who ask whether the book is well.
pub struct BookWatch(watch::Sender<Option<Checked>>);

impl Default for BookWatch {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl BookWatch {
    /// Checks the book. A check that could not be made changes nothing: what is known of the
    /// book is what the one before said.
    pub async fn look(&self, pool: &AnyPool, now: Micros) -> Result<Checked, DbError> {
        let mut broken = Vec::new();
        for finding in check(pool).await? {
            if !finding.broken.is_empty() {
                let (holds, rows) = (finding.holds, finding.broken.iter().take(5));
                let rows = rows.cloned().collect::<Vec<_>>().join(", ");
                tracing::error!(holds, rows, "the book is broken; nothing is posted");
                broken.push(holds);
            }
        }
        let checked = Checked { at: now, broken };
        let before = self.0.send_replace(Some(checked.clone()));
        if before.is_some_and(|before| !before.broken.is_empty()) && checked.broken.is_empty() {
            tracing::warn!("the book is exact again; what waited is posted now");
        }
        Ok(checked)
    }

    /// Nothing may be posted: the book is broken, or was never checked.
    pub fn is_halted(&self) -> bool {
        self.0.borrow().as_ref().is_none_or(|checked| !checked.broken.is_empty())
    }

    pub fn last(&self) -> Option<Checked> {
        self.0.borrow().clone()
    }
}
