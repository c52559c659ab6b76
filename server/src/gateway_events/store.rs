//! The table of this room: gateway_event.

use receivables::calendar::Micros;
use sqlx::{AnyConnection, AnyPool, Row};

use crate::db::{Command, DbError};
use crate::gateway::EventHint;

const INSERT: &str = "
insert into gateway_event
  (event_id, kind, object_id, livemode, body, received_at, due_at, applied_at, outcome)
values ($1, $2, $3, $4, $5, $6, $6, $7, $8)
on conflict (event_id) do nothing";

const DUE: &str = "
select event_id, kind, object_id, tries from gateway_event
where applied_at is null and due_at <= $1 order by due_at, event_id limit $2";

const APPLIED: &str = "
update gateway_event set applied_at = $2, outcome = $3, tries = tries + 1 where event_id = $1";

const AGAIN_LATER: &str = "
update gateway_event set due_at = $2, outcome = $3, tries = tries + 1 where event_id = $1";

const LAST_SEEN: &str = "
select max(received_at) from gateway_event where body <> ''";

pub(super) const SQL: &[&str] = &[INSERT, DUE, APPLIED, AGAIN_LATER, LAST_SEEN];

/// Stores an event once; the reply says whether it is new.
pub(super) struct StoreEvent {
    pub hint: EventHint,
    /// As it came; empty when the sweep found it in the gateway's list.
    pub body: String,
    /// Not of our mode: kept for a person to see, never acted upon.
    pub set_aside: bool,
    pub now: Micros,
}

impl Command for StoreEvent {
    type Reply = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, DbError> {
        let written = sqlx::query(INSERT)
            .bind(&self.hint.event_id)
            .bind(&self.hint.kind)
            .bind(self.hint.object_id.as_deref())
            .bind(i64::from(self.hint.livemode))
            .bind(&self.body)
            .bind(self.now.0)
            .bind(self.set_aside.then_some(self.now.0))
            .bind(self.set_aside.then_some("set aside: another mode"))
            .execute(tx)
            .await?;
        Ok(written.rows_affected() == 1)
    }
}

/// A stored event that waits to be applied.
#[derive(Clone, Debug)]
pub(super) struct DueEvent {
    pub event_id: String,
    pub kind: String,
    pub object_id: Option<String>,
    pub tries: i64,
}

pub(super) async fn due(
    pool: &AnyPool,
    now: Micros,
    at_most: i64,
) -> Result<Vec<DueEvent>, DbError> {
    let rows = sqlx::query(DUE).bind(now.0).bind(at_most).fetch_all(pool).await?;
    rows.iter()
        .map(|row| {
            Ok(DueEvent {
                event_id: row.try_get("event_id")?,
                kind: row.try_get("kind")?,
                object_id: row.try_get("object_id")?,
                tries: row.try_get("tries")?,
            })
        })
        .collect()
}

/// What became of an event: done with, or to be tried again.
pub(super) struct SettleEvent {
    pub event_id: String,
    pub outcome: String,
    pub again_at: Option<Micros>,
    pub now: Micros,
}

impl Command for SettleEvent {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        let text = if self.again_at.is_some() { AGAIN_LATER } else { APPLIED };
        sqlx::query(text)
            .bind(&self.event_id)
            .bind(self.again_at.unwrap_or(self.now).0)
            .bind(&self.outcome)
            .execute(tx)
            .await?;
        Ok(())
    }
}

/// When the last webhook came in, if any ever did.
pub(super) async fn last_webhook(pool: &AnyPool) -> Result<Option<Micros>, DbError> {
    let at: Option<i64> = sqlx::query(LAST_SEEN).fetch_one(pool).await?.try_get(0)?;
    Ok(at.map(Micros))
}
