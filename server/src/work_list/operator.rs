//! The work list as an operator reads it in a terminal, and ends its items.

use std::fmt::Write as _;

use receivables::calendar::Micros;
use receivables::card_number::holds_card_number;
use receivables::ids::WorkItemId;
use sqlx::{AnyConnection, Row};
use thiserror::Error;

use crate::audit::{self, NewAct};
use crate::clock::{Clock, instant_text};
use crate::db::{Command, Database, DbError};

const OPEN_ITEMS: &str = "
select w.id, w.kind, w.thing, w.thing_id, w.why, w.opened_at, a.number
from work_item w left join account a on a.id = w.account_id
where w.done_at is null order by w.opened_at, w.id";

const FINISH: &str = "
update work_item set done_at = $2, ending = $3 where id = $1 and done_at is null";

pub(super) const SQL: &[&str] = &[OPEN_ITEMS, FINISH];

const LONGEST_NOTE: usize = 500;

#[derive(Debug, Error)]
pub enum WorkListError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("{0} is not the id of a work item")]
    NotAnId(String),
    #[error("{0} is not on the work list")]
    NotOpen(WorkItemId),
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
    let finish = Finish { id, note: note.trim().to_owned(), now: clock.now() };
    if database.write(finish).await? { Ok(()) } else { Err(WorkListError::NotOpen(id)) }
}

/// The command behind [`finish`]; whether the item was open.
pub struct Finish {
    pub id: WorkItemId,
    pub note: String,
    pub now: Micros,
}

impl Command for Finish {
    type Reply = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, DbError> {
        let id = self.id.to_string();
        let query = sqlx::query(FINISH).bind(&id).bind(self.now.0);
        let query = query.bind(format!("done: {}", self.note));
        if query.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(false);
        }
        let act = NewAct {
            id: format!("{id}/done"),
            kind: "work_item_done".to_owned(),
            actor: "operator".to_owned(),
            about: id,
            account_id: None,
            at: self.now,
            request: None,
            digest: None,
        };
        audit::record(tx, &act).await?;
        Ok(true)
    }
}
