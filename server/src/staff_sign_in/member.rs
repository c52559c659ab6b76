//! Members of staff, each known by the provider's name for them: issuer and subject.

use receivables::calendar::Micros;
use receivables::ids::MemberId;
use sqlx::{AnyConnection, Row};

use super::verify::Proven;
use crate::db::{DbError, expect_rows};

const ADD: &str = "
insert into staff_member (id, issuer, subject, name, created_at, last_signed_in_at)
values ($1, $2, $3, $4, $5, $5)
on conflict (issuer, subject) do nothing";

const FIND: &str = "
select id, ended_at from staff_member where issuer = $1 and subject = $2";

const NOTE: &str = "
update staff_member set name = $2, last_signed_in_at = $3 where id = $1 and ended_at is null";

pub(super) const SQL: &[&str] = &[ADD, FIND, NOTE];

/// Whom the provider vouches for.
#[derive(Clone, Debug)]
pub struct Known {
    pub issuer: String,
    pub proven: Proven,
    /// For somebody who was never here.
    pub new_id: MemberId,
}

/// The member, added if they are new; none if they have ended.
pub async fn find_or_add(
    tx: &mut AnyConnection,
    known: &Known,
    now: Micros,
) -> Result<Option<MemberId>, DbError> {
    let Known { issuer, proven, new_id } = known;
    sqlx::query(ADD)
        .bind(new_id.to_string())
        .bind(issuer)
        .bind(&proven.subject)
        .bind(&proven.name)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
    let query = sqlx::query(FIND).bind(issuer).bind(&proven.subject);
    let row = query.fetch_one(&mut *tx).await?;
    let ended_at: Option<i64> = row.try_get("ended_at")?;
    if ended_at.is_some() {
        return Ok(None);
    }
    let id = member_id(row.try_get("id")?)?;
    let query = sqlx::query(NOTE).bind(id.to_string()).bind(&proven.name).bind(now.0);
    expect_rows(&query.execute(&mut *tx).await?, 1, "staff_member")?;
    Ok(Some(id))
}

/// An id as the table has it.
pub fn member_id(text: &str) -> Result<MemberId, DbError> {
    MemberId::parse(text).map_err(|_| DbError::inconsistent("staff_member", "id", text))
}
