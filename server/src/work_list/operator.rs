//! The work list as an operator reads it in a terminal, and ends its items.

use std::fmt::Write as _;

use receivables::calendar::Micros;
use receivables::card_number::holds_card_number;
use receivables::ids::{AccountId, WorkItemId};
use sqlx::{AnyConnection, Row};
use thiserror::Error;

use super::item::WorkKind;
use crate::audit::{self, NewAct};
use crate::clock::{Clock, instant_text};
use crate::db::{Command, Database, DbError};

const OPEN_ITEMS: &str = "
select w.id, w.kind, w.thing, w.thing_id, w.why, w.opened_at, a.number
from work_item w left join account a on a.id = w.account_id
where w.done_at is null order by w.opened_at, w.id";

const FINISH: &str = "
update work_item set done_at = $2, ending = $3 where id = $1 and done_at is null";

const FIND: &str = "
select kind, case when done_at is null then 0 else 1 end as is_done, account_id
from work_item where id = $1";

pub(super) const SQL: &[&str] = &[OPEN_ITEMS, FINISH, FIND];

/// As who the command line ends items.
const TERMINAL: &str = "operator";

pub(super) const LONGEST_NOTE: usize = 500;

#[derive(Debug, Error)]
pub enum WorkListError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("{0} is not the id of a work item")]
    NotAnId(String),
    #[error("{0} is not on the work list")]
    NotOpen(WorkItemId),
    #[error("{0} waits for a decision: approve it or decline it")]
    NeedsDecision(WorkItemId),
    #[error("a note has 1 to {LONGEST_NOTE} characters in one line")]
    Note,
    #[error("this looks like the number of a card; leave it out: none is ever kept")]
    CardNumber,
}

/// What is open, the oldest first.
pub async fn table(database: &Database) -> Result<String, WorkListError> {
    let rows = sqlx::query(OPEN_ITEMS).fetch_all(database.read()).await.map_err(DbError::from)?;
    let mut text = String::new();
    for row in &rows {
        let word = |column| row.try_get::<String, _>(column).map_err(DbError::from);
        let opened_at = Micros(row.try_get("opened_at").map_err(DbError::from)?);
        let number: Option<String> = row.try_get("number").map_err(DbError::from)?;
        let account = number.map(|number| format!(", account {number}")).unwrap_or_default();
        // Writing into a String cannot fail.
        let _ = writeln!(
            text,
            "{}  {}  {}\n  {} {}{account}\n  {}",
            word("id")?,
            instant_text(opened_at),
            word("kind")?,
            word("thing")?,
            word("thing_id")?,
            word("why")?,
        );
    }
    let _ = match rows.len() {
        0 => writeln!(text, "Nothing waits for you."),
        1 => writeln!(text, "1 item waits."),
        n => writeln!(text, "{n} items wait."),
    };
    Ok(text)
}

/// Ends an item by hand.
pub async fn finish(
    database: &Database,
    clock: &dyn Clock,
    id: &str,
    note: &str,
) -> Result<(), WorkListError> {
    let id = WorkItemId::parse(id).map_err(|_| WorkListError::NotAnId(id.to_owned()))?;
    let length = note.trim().chars().count();
    if !(1..=LONGEST_NOTE).contains(&length) || note.chars().any(char::is_control) {
        return Err(WorkListError::Note);
    }
    if holds_card_number(note) {
        return Err(WorkListError::CardNumber);
    }
    let (note, by) = (note.trim().to_owned(), TERMINAL.to_owned());
    match database.write(Finish { id, note, by, now: clock.now() }).await? {
        Finished::Done => Ok(()),
        Finished::NeedsDecision => Err(WorkListError::NeedsDecision(id)),
        Finished::DoneBefore | Finished::NotThere => Err(WorkListError::NotOpen(id)),
    }
}

/// The command behind [`finish`].
pub struct Finish {
    pub id: WorkItemId,
    pub note: String,
    pub by: String,
    pub now: Micros,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    Done,
    DoneBefore,
    NotThere,
    /// It waits for another's approval, which a note does not give.
    NeedsDecision,
}

impl Command for Finish {
    type Reply = Finished;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Finished, DbError> {
        let id = self.id.to_string();
        let Some(found) = sqlx::query(FIND).bind(&id).fetch_optional(&mut *tx).await? else {
            return Ok(Finished::NotThere);
        };
        let (kind, is_done): (String, i64) = (found.try_get("kind")?, found.try_get("is_done")?);
        if is_done == 1 {
            return Ok(Finished::DoneBefore);
        }
        if kind == WorkKind::ApprovalWaits.code() {
            return Ok(Finished::NeedsDecision);
        }
        let account_id: Option<String> = found.try_get("account_id")?;
        let account_id = account_id.map(|id| AccountId::parse(&id)).transpose();
        let query = sqlx::query(FINISH).bind(&id).bind(self.now.0);
        let query = query.bind(format!("done: {}", self.note));
        if query.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(Finished::DoneBefore);
        }
        let act = NewAct {
            id: format!("{id}/done"),
            kind: "work_item_done".to_owned(),
            actor: self.by.clone(),
            about: id,
            account_id: account_id
                .map_err(|_| DbError::inconsistent("work_item", "account_id", self.id))?,
            at: self.now,
            request: None,
            digest: None,
        };
        audit::record(tx, &act).await?;
        Ok(Finished::Done)
    }
}
