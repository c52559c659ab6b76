//! The table work_item: opening and closing.

use receivables::calendar::Micros;
use sqlx::AnyConnection;

use super::item::{Matter, NewWorkItem};
use crate::db::{Command, DbError};

/// An open item keeps the words and the time it was found with.
const OPEN: &str = "
insert into work_item (id, kind, thing, thing_id, account_id, why, opened_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (kind, thing, thing_id) where done_at is null do nothing";

const CLOSE: &str = "
update work_item set done_at = $4, ending = $5
where kind = $1 and thing = $2 and thing_id = $3 and done_at is null";

pub(super) const SQL: &[&str] = &[OPEN, CLOSE];

/// Puts a matter on the list; false when it is there already.
pub async fn open(tx: &mut AnyConnection, item: &NewWorkItem) -> Result<bool, DbError> {
    let matter = &item.matter;
    let written = sqlx::query(OPEN)
        .bind(item.id.to_string())
        .bind(matter.kind.code())
        .bind(matter.thing.code())
        .bind(&matter.thing_id)
        .bind(item.account_id.map(|id| id.to_string()))
        .bind(&item.why)
        .bind(item.now.0)
        .execute(tx)
        .await?;
    let is_new = written.rows_affected() == 1;
    if is_new {
        let (kind, thing) = (matter.kind.code(), matter.thing.code());
        tracing::error!(kind, thing, id = %matter.thing_id, why = %item.why,
            "something waits for a person; see the work list");
    }
    Ok(is_new)
}

/// Takes a matter off the list because it resolved itself; false when it was not there.
pub async fn close(
    tx: &mut AnyConnection,
    matter: &Matter,
    ending: &str,
    now: Micros,
) -> Result<bool, DbError> {
    let written = sqlx::query(CLOSE)
        .bind(matter.kind.code())
        .bind(matter.thing.code())
        .bind(&matter.thing_id)
        .bind(now.0)
        .bind(ending)
        .execute(tx)
        .await?;
    Ok(written.rows_affected() > 0)
}

/// [`open`] as a command of its own, where nothing else is written with it.
pub struct Open(pub NewWorkItem);

impl Command for Open {
    type Reply = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, DbError> {
        open(tx, &self.0).await
    }
}
