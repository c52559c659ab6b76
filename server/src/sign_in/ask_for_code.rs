//! Asking for a code. Known and unknown addresses take the same path to the same answer: a code
//! is drawn, stored and a letter written for each; the letter for an unknown one has no receiver.

use receivables::calendar::Micros;
use receivables::ids::OutboxId;
use sqlx::{AnyConnection, Row};

use super::code::Code;
use super::email::EmailAddress;
use super::letter;
use super::token::Token;
use crate::db::{Command, DbError, expect_rows};
use crate::outbox::{Letter, NewOutbox, OutboxKind, enqueue};
use crate::state::Portal;

/// Codes for one address, whoever asks: nobody's mailbox is filled by a stranger.
const MOST_CODES: i64 = 5;
const WITHIN_MINUTES: i64 = 15;
const TRIES: i64 = 5;
const KEPT_MINUTES: i64 = 24 * 60;

const COUNT_RECENT: &str = "
select count(*) from sign_in_code where email = $1 and created_at > $2";

const INVALIDATE_OLDER: &str = "
update sign_in_code set used_at = $2 where browser_hash = $1 and used_at is null";

const INSERT: &str = "
insert into sign_in_code
  (id, email, code_hash, link_hash, browser_hash, tries_left, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)";

/// One row, whether there is such a customer or not.
const FIND_RECEIVER: &str = "select max(email) from customer where email = $1";

const FORGET: &str = "delete from sign_in_code where expires_at < $1";

pub(super) const SQL: &[&str] = &[COUNT_RECENT, INVALIDATE_OLDER, INSERT, FIND_RECEIVER, FORGET];

/// Stores a code and its letter, unless this address had too many; the caller is told nothing.
pub async fn ask_for_code(
    portal: &Portal,
    email: EmailAddress,
    browser: &Token,
) -> Result<(), DbError> {
    let chance = portal.chance.as_ref();
    let (code, link) = (Code::draw(chance), Token::draw(chance));
    let now = portal.now();
    let expires_at = now.plus_minutes(portal.settings.sign_in.code_minutes);
    let ask = Ask {
        code_hash: code.hash_for(browser),
        link_hash: link.hash(),
        browser_hash: browser.hash(),
        outbox_id: portal.outbox_id(),
        letter: letter::write(portal, &code, &link, expires_at),
        email,
        now,
        expires_at,
    };
    if portal.db.write(ask).await? == Asked::TooOften {
        tracing::info!(security = "codes", "an address had too many codes; none was sent");
    }
    portal.work.outbox.notify_one();
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Stored,
    TooOften,
}

struct Ask {
    email: EmailAddress,
    code_hash: String,
    link_hash: String,
    browser_hash: String,
    outbox_id: OutboxId,
    letter: Letter,
    now: Micros,
    expires_at: Micros,
}

impl Command for Ask {
    type Reply = Asked;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Asked, DbError> {
        let email = self.email.as_str();
        let since = self.now.plus_minutes(-WITHIN_MINUTES);
        let recent: i64 = sqlx::query(COUNT_RECENT)
            .bind(email)
            .bind(since.0)
            .fetch_one(&mut *tx)
            .await?
            .try_get(0)?;
        if recent >= MOST_CODES {
            return Ok(Asked::TooOften);
        }
        sqlx::query(INVALIDATE_OLDER)
            .bind(&self.browser_hash)
            .bind(self.now.0)
            .execute(&mut *tx)
            .await?;
        self.insert(&mut *tx).await?;
        let receiver = sqlx::query(FIND_RECEIVER).bind(email).fetch_one(&mut *tx).await?;
        // To the address as we know it, never to one as typed.
        let to: Option<String> = receiver.try_get(0)?;
        let new = NewOutbox {
            id: self.outbox_id,
            account_id: None,
            kind: OutboxKind::SignInMail,
            payload: Letter { to, ..self.letter.clone() }.payload(),
            due_at: self.now,
        };
        enqueue(tx, &new, self.now).await?;
        Ok(Asked::Stored)
    }
}

impl Ask {
    async fn insert(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        // The link's hash is unique and already there to name the row.
        let written = sqlx::query(INSERT)
            .bind(&self.link_hash)
            .bind(self.email.as_str())
            .bind(&self.code_hash)
            .bind(&self.link_hash)
            .bind(&self.browser_hash)
            .bind(TRIES)
            .bind(self.now.0)
            .bind(self.expires_at.0)
            .execute(&mut *tx)
            .await?;
        expect_rows(&written, 1, "sign_in_code")
    }
}

/// Clears away codes that ended a day ago; call it now and then.
pub async fn forget_old_codes(portal: &Portal) -> Result<(), DbError> {
    portal.db.write(Forget { before: portal.now().plus_minutes(-KEPT_MINUTES) }).await
}

struct Forget {
    before: Micros,
}

impl Command for Forget {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        sqlx::query(FORGET).bind(self.before.0).execute(&mut *tx).await?;
        Ok(())
    }
}
