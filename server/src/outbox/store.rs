//! The outbox's table.

use receivables::calendar::Micros;
use receivables::ids::OutboxId;
use sqlx::{AnyConnection, Row};

use super::deliver::WORRYING_TRIES;
use super::enqueue::OutboxKind;
use crate::db::{Command, DbError};
use crate::work_list::{self, Matter, NewWorkItem, Thing, WorkKind};

pub(super) const ENQUEUE: &str = "
insert into outbox (id, account_id, kind, payload, due_at, created_at)
values ($1, $2, $3, $4, $5, $6)";

// Two lanes: a biller's system that does not answer must not hold up the mails. The outer
// conditions make the loser of a race find no row.
const CLAIM_MAILS: &str = "
update outbox set due_at = $2, tries = tries + 1
where done_at is null and due_at <= $1 and id in (
  select id from outbox
  where done_at is null and due_at <= $1 and kind <> 'write_back'
  order by due_at, id limit 20)
returning id, kind, payload, tries";

const CLAIM_WRITE_BACKS: &str = "
update outbox set due_at = $2, tries = tries + 1
where done_at is null and due_at <= $1 and id in (
  select id from outbox
  where done_at is null and due_at <= $1 and kind = 'write_back'
  order by due_at, id limit 20)
returning id, kind, payload, tries";

// Letters hold sign-in codes and addresses: once sent there is no reason to keep them.
const DONE: &str = "
update outbox set done_at = $2, last_error = $3,
  payload = case when kind = 'write_back' then payload else '{}' end
where id = $1 and done_at is null";

const AGAIN: &str = "
update outbox set due_at = $2, last_error = $3 where id = $1 and done_at is null";

const FORGET: &str = "delete from outbox where done_at < $1";

/// Every SQL text of this room; a test prepares them on both engines.
pub const SQL: &[&str] =
    &[ENQUEUE, CLAIM_MAILS, CLAIM_WRITE_BACKS, DONE, AGAIN, FORGET, super::forget::SQL];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    Mails,
    WriteBacks,
}

/// A row to do now, ours until the lease ends.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub id: OutboxId,
    pub kind: OutboxKind,
    pub payload: String,
    /// Counting this one.
    pub tries: i64,
}

pub struct Claim {
    pub lane: Lane,
    pub now: Micros,
    pub lease_until: Micros,
}

impl Command for Claim {
    type Reply = Vec<Claimed>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Vec<Claimed>, DbError> {
        let text = match self.lane {
            Lane::Mails => CLAIM_MAILS,
            Lane::WriteBacks => CLAIM_WRITE_BACKS,
        };
        let query = sqlx::query(text).bind(self.now.0).bind(self.lease_until.0);
        let mut claimed = query
            .fetch_all(&mut *tx)
            .await?
            .iter()
            .map(|row| {
                let id: String = row.try_get("id")?;
                let kind: String = row.try_get("kind")?;
                Ok(Claimed {
                    id: OutboxId::parse(&id)
                        .map_err(|_| DbError::inconsistent("outbox", "id", &id))?,
                    kind: OutboxKind::parse(&kind)
                        .ok_or_else(|| DbError::inconsistent("outbox", "kind", &id))?,
                    payload: row.try_get("payload")?,
                    tries: row.try_get("tries")?,
                })
            })
            .collect::<Result<Vec<_>, DbError>>()?;
        // An UPDATE returns its rows in any order; ids follow the time they were made.
        claimed.sort_by_key(|row| row.id);
        Ok(claimed)
    }
}

/// What became of a claimed row.
pub enum Settle {
    Done { id: OutboxId, at: Micros, remark: Option<String>, tries: i64 },
    Again { id: OutboxId, due_at: Micros, error: String, item: Option<NewWorkItem> },
}

/// A row that cannot be delivered, as the work list names it.
pub(super) fn matter(id: OutboxId) -> Matter {
    Matter::new(WorkKind::NotDelivered, Thing::Outbox, id)
}

impl Command for Settle {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        // No row when another deliverer has finished it meanwhile: it is done either way.
        match self {
            Self::Done { id, at, remark, tries } => {
                let query = sqlx::query(DONE).bind(id.to_string()).bind(at.0);
                query.bind(remark.as_deref()).execute(&mut *tx).await?;
                if *tries > WORRYING_TRIES {
                    work_list::close(tx, &matter(*id), "resolved: it is done", *at).await?;
                }
            }
            Self::Again { id, due_at, error, item } => {
                let query = sqlx::query(AGAIN).bind(id.to_string()).bind(due_at.0);
                query.bind(error.as_str()).execute(&mut *tx).await?;
                if let Some(item) = item {
                    work_list::open(tx, item).await?;
                }
            }
        }
        Ok(())
    }
}

/// Forgets what was done before `before`.
pub struct Forget {
    pub before: Micros,
}

impl Command for Forget {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        sqlx::query(FORGET).bind(self.before.0).execute(&mut *tx).await?;
        Ok(())
    }
}
