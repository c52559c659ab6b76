//! The table of this room: gateway_event.

use receivables::calendar::Micros;
use receivables::ids::WorkItemId;
use sqlx::{AnyConnection, AnyPool, Row};

use crate::db::{Command, DbError};
use crate::gateway::EventHint;
use crate::work_list::{self, Matter, NewWorkItem, Thing, WorkKind};

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
    /// Before this one.
    pub tries: i64,
    pub outcome: String,
    pub again_at: Option<Micros>,
    /// For the work list, should a person have to look.
    pub item_id: WorkItemId,
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
            .execute(&mut *tx)
            .await?;
        self.keep_list(tx).await
    }
}

/// After these tries, about an hour, a person is asked; the tries go on.
const TRIES_BEFORE_A_PERSON: i64 = 11;

impl SettleEvent {
    async fn keep_list(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        if self.tries + 1 < TRIES_BEFORE_A_PERSON {
            return Ok(());
        }
        let kind = WorkKind::EventNotApplied;
        let matter = Matter::new(kind, Thing::GatewayEvent, &self.event_id);
        if self.again_at.is_none() {
            work_list::close(tx, &matter, "resolved: it was acted upon", self.now).await?;
            return Ok(());
        }
        let why = "The gateway's news cannot be acted upon; it is tried every hour. The event's \
                   row says what stands in the way.";
        let (id, now) = (self.item_id, self.now);
        let item = NewWorkItem { id, matter, account_id: None, why: why.to_owned(), now };
        work_list::open(tx, &item).await?;
        Ok(())
    }
}

/// When the last webhook came in, if any ever did.
pub(super) async fn last_webhook(pool: &AnyPool) -> Result<Option<Micros>, DbError> {
    let at: Option<i64> = sqlx::query(LAST_SEEN).fetch_one(pool).await?.try_get(0)?;
    Ok(at.map(Micros))
}
