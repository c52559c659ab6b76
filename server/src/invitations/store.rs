//! Reading invitations, as staff see them.

use receivables::api::invitations::{InvitationDocument, InvitationState, InvitedAccount};
use receivables::api::roles::AccountRole;
use receivables::calendar::Micros;
use receivables::ids::{AccountId, InvitationId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, Row};

use crate::audit::{self, NewAct};
use crate::clock::instant_text;
use crate::db::DbError;
use crate::problem::request_name;

/// How long a link works.
pub const HOURS: i64 = 72;
/// Wrong numbers, until the link is sent again.
pub const TRIES: i64 = 5;

const FIND: &str = "
select id, email, name, role, tries_left, invited_by, sent_at, expires_at, accepted_at, revoked_at
from invitation where id = $1";

const LIST: &str = "
select id, email, name, role, tries_left, invited_by, sent_at, expires_at, accepted_at, revoked_at
from invitation where id < $1 order by id desc limit $2";

const ACCOUNTS: &str = "
select a.id, a.number from invitation_account i
join account a on a.id = i.account_id
where i.invitation_id = $1 order by a.number, a.id";

/// What is left of it: a newer invitation may have taken accounts out of this one.
const ACCOUNT_IDS: &str = "
select account_id from invitation_account where invitation_id = $1 order by account_id";

pub(super) const SQL: &[&str] = &[FIND, LIST, ACCOUNTS, ACCOUNT_IDS];

/// Records what was done with an invitation: an act for each of its accounts, so that each can
/// tell of it.
pub async fn record(
    tx: &mut AnyConnection,
    id: InvitationId,
    what: &str,
    actor: &str,
    at: Micros,
) -> Result<(), DbError> {
    let rows = sqlx::query(ACCOUNT_IDS).bind(id.to_string()).fetch_all(&mut *tx).await?;
    let mut accounts = Vec::with_capacity(rows.len());
    for row in rows {
        let account: String = row.try_get("account_id")?;
        let account = AccountId::parse(&account);
        let wrong = |_| DbError::inconsistent("invitation_account", "account_id", id);
        accounts.push(Some(account.map_err(wrong)?));
    }
    if accounts.is_empty() {
        accounts.push(None);
    }
    let act = |account_id: Option<AccountId>| NewAct {
        id: match account_id {
            Some(account) => format!("invitation/{id}/{what}/{}/{account}", at.0),
            None => format!("invitation/{id}/{what}/{}", at.0),
        },
        kind: format!("invitation_{what}"),
        actor: actor.to_owned(),
        about: id.to_string(),
        account_id,
        at,
        request: request_name(),
        digest: None,
    };
    audit::record_many(tx, &accounts.into_iter().map(act).collect::<Vec<_>>()).await
}

pub async fn find(
    pool: &AnyPool,
    id: InvitationId,
    now: Micros,
) -> Result<Option<InvitationDocument>, DbError> {
    let row = sqlx::query(FIND).bind(id.to_string()).fetch_optional(pool).await?;
    match row {
        Some(row) => document(pool, &row, now).await.map(Some),
        None => Ok(None),
    }
}

/// The newest first, those before `after`.
pub async fn list(
    pool: &AnyPool,
    after: Option<InvitationId>,
    limit: i64,
    now: Micros,
) -> Result<Vec<InvitationDocument>, DbError> {
    // After every id, in whatever language a database sorts: their letters end with f.
    let after = after.map_or_else(|| "inv_g".to_owned(), |id| id.to_string());
    let rows = sqlx::query(LIST).bind(after).bind(limit).fetch_all(pool).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        found.push(document(pool, &row, now).await?);
    }
    Ok(found)
}

async fn document(
    pool: &AnyPool,
    row: &AnyRow,
    now: Micros,
) -> Result<InvitationDocument, DbError> {
    let id: String = row.try_get("id")?;
    let wrong = |column| DbError::inconsistent("invitation", column, &id);
    let accounts = sqlx::query(ACCOUNTS).bind(&id).fetch_all(pool).await?;
    let account = |row: &AnyRow| {
        let account_id: String = row.try_get("id")?;
        let account_id = AccountId::parse(&account_id).map_err(|_| wrong("account_id"))?;
        Ok::<_, DbError>(InvitedAccount { id: account_id, number: row.try_get("number")? })
    };
    let role: String = row.try_get("role")?;
    let expires_at = Micros(row.try_get("expires_at")?);
    let accepted_at: Option<i64> = row.try_get("accepted_at")?;
    let revoked_at: Option<i64> = row.try_get("revoked_at")?;
    let tries_left: i64 = row.try_get("tries_left")?;
    let state = match (accepted_at, revoked_at) {
        (Some(_), _) => InvitationState::Accepted,
        (None, Some(_)) => InvitationState::Revoked,
        (None, None) if expires_at > now && tries_left > 0 => InvitationState::Open,
        (None, None) => InvitationState::Expired,
    };
    Ok(InvitationDocument {
        id: InvitationId::parse(&id).map_err(|_| wrong("id"))?,
        email: row.try_get("email")?,
        name: row.try_get("name")?,
        role: AccountRole::parse(&role).ok_or_else(|| wrong("role"))?,
        accounts: accounts.iter().map(account).collect::<Result<_, _>>()?,
        state,
        invited_by: row.try_get("invited_by")?,
        sent_at: instant_text(Micros(row.try_get("sent_at")?)),
        expires_at: instant_text(expires_at),
        accepted_at: accepted_at.map(|at| instant_text(Micros(at))),
        tries_left,
    })
}
