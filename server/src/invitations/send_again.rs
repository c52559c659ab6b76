//! Sending an invitation again, and revoking it.

use receivables::api::roles::AccountRole;
use receivables::calendar::Micros;
use receivables::ids::{InvitationId, OutboxId};
use sqlx::{AnyConnection, Row};

use super::letter;
use super::store::{HOURS, TRIES, record};
use crate::clock::{ten_bytes, unix_ms};
use crate::db::{Command, DbError};
use crate::outbox::{NewOutbox, OutboxKind, enqueue};
use crate::sign_in::Token;
use crate::state::{Portal, Shared};

// The new link takes the place of the old one, which then is a link that never was.
const RENEW: &str = "
update invitation set link_hash = $2, tries_left = $3, sent_at = $4, expires_at = $5
where id = $1 and accepted_at is null and revoked_at is null
returning email, name, role";

const REVOKE: &str = "
update invitation set revoked_at = $2
where id = $1 and accepted_at is null and revoked_at is null";

const IS_REVOKED: &str = "
select id from invitation where id = $1 and revoked_at is not null";

pub(super) const SQL: &[&str] = &[RENEW, REVOKE, IS_REVOKED];

/// A new link by a new mail, with all its time and tries. After the commit wake the outbox.
pub struct SendAgain {
    portal: Shared,
    id: InvitationId,
    outbox_id: OutboxId,
    link: Token,
    by: String,
    now: Micros,
}

impl SendAgain {
    pub fn new(portal: &Shared, id: InvitationId, by: &str) -> Self {
        let (now, chance) = (portal.now(), portal.chance.as_ref());
        let outbox_id = OutboxId::from_parts(unix_ms(now), &ten_bytes(chance));
        let link = Token::draw(chance);
        Self { portal: portal.clone(), id, outbox_id, link, by: by.to_owned(), now }
    }
}

impl Command for SendAgain {
    /// Whether it could be: not what was accepted or revoked.
    type Reply = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, DbError> {
        let expires_at = self.now.plus_minutes(HOURS * 60);
        let renewed = sqlx::query(RENEW)
            .bind(self.id.to_string())
            .bind(self.link.hash())
            .bind(TRIES)
            .bind(self.now.0)
            .bind(expires_at.0)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(row) = renewed else { return Ok(false) };
        let (email, name): (String, String) = (row.try_get("email")?, row.try_get("name")?);
        let role: String = row.try_get("role")?;
        let role = AccountRole::parse(&role)
            .ok_or_else(|| DbError::inconsistent("invitation", "role", self.id))?;
        let until = (HOURS, expires_at);
        let portal: &Portal = &self.portal;
        let letter =
            letter::write(portal, (&email, &name), role == AccountRole::Payer, &self.link, until);
        let new = NewOutbox {
            id: self.outbox_id,
            account_id: None,
            kind: OutboxKind::InvitationMail,
            payload: letter.payload(),
            due_at: self.now,
        };
        enqueue(tx, &new, self.now).await?;
        record(tx, self.id, "sent_again", &self.by, self.now).await?;
        Ok(true)
    }
}

/// Takes an invitation back. One that is revoked already stays so.
pub struct Revoke {
    pub id: InvitationId,
    pub by: String,
    pub now: Micros,
}

impl Command for Revoke {
    /// Whether it is revoked now: not what was accepted.
    type Reply = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, DbError> {
        let id = self.id.to_string();
        let revoked = sqlx::query(REVOKE).bind(&id).bind(self.now.0).execute(&mut *tx).await?;
        if revoked.rows_affected() == 0 {
            return Ok(sqlx::query(IS_REVOKED).bind(&id).fetch_optional(tx).await?.is_some());
        }
        record(tx, self.id, "revoked", &self.by, self.now).await?;
        Ok(true)
    }
}
