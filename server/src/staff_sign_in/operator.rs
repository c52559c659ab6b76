//! Members of staff as whoever runs the portal sees them in a terminal, and ends their access.

use std::fmt::Write as _;

use receivables::calendar::Micros;
use receivables::ids::MemberId;
use sqlx::{AnyConnection, AnyPool, Row};
use thiserror::Error;

use crate::audit::{self, NewAct};
use crate::clock::instant_text;
use crate::db::{Command, DbError};

const ALL: &str = "
select id, issuer, subject, name, last_signed_in_at, ended_at from staff_member
order by name, id";

const END: &str = "update staff_member set ended_at = $2 where id = $1 and ended_at is null";

const END_SESSIONS: &str = "
update staff_session set ended_at = $2 where member_id = $1 and ended_at is null";

pub(super) const SQL: &[&str] = &[ALL, END, END_SESSIONS];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("there is no such member of staff, or they have ended already")]
pub struct MemberNotThere;

/// Everyone who ever signed in.
pub async fn members_table(pool: &AnyPool) -> Result<String, DbError> {
    let rows = sqlx::query(ALL).fetch_all(pool).await?;
    let mut text = String::new();
    for row in &rows {
        let word = |column| row.try_get::<String, _>(column);
        let last = instant_text(Micros(row.try_get("last_signed_in_at")?));
        let ended: Option<i64> = row.try_get("ended_at")?;
        let ended = if ended.is_some() { "  (ended)" } else { "" };
        let (id, name, issuer, subject) =
            (word("id")?, word("name")?, word("issuer")?, word("subject")?);
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{id}  {name}{ended}\n  {subject} at {issuer}\n  last in: {last}");
    }
    Ok(if text.is_empty() { "Nobody of staff has signed in yet.".to_owned() } else { text })
}

/// Ends a member's access: their sessions at once, and every later sign-in.
pub struct EndMember {
    pub id: MemberId,
    pub now: Micros,
}

impl Command for EndMember {
    type Reply = Result<(), MemberNotThere>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Self::Reply, DbError> {
        let id = self.id.to_string();
        let ended = sqlx::query(END).bind(&id).bind(self.now.0).execute(&mut *tx).await?;
        if ended.rows_affected() == 0 {
            return Ok(Err(MemberNotThere));
        }
        sqlx::query(END_SESSIONS).bind(&id).bind(self.now.0).execute(&mut *tx).await?;
        let act = NewAct {
            id: format!("{id}/ended"),
            kind: "staff_ended".to_owned(),
            actor: "operator".to_owned(),
            about: id,
            account_id: None,
            at: self.now,
            request: None,
            digest: None,
        };
        audit::record(tx, &act).await?;
        Ok(Ok(()))
    }
}
