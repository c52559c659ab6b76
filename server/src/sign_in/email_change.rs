//! Another address for a customer: proven by a code sent there, told of at the old one. It waits
//! a day, in which the old address can stop it. A passkey does not shorten the day: whoever has
//! the mailbox for ten minutes can make one.

use receivables::api::sign_in::EmailChange;
use receivables::calendar::Micros;
use receivables::ids::{CustomerId, OutboxId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, Row};

use super::code::Code;
use super::email::EmailAddress;
use super::session::Session;
use super::sessions::end_all_but;
use super::token::{Token, sha256_hex};
use super::{email_letters, step_up::FreshCaller};
use crate::accounts;
use crate::clock::instant_text;
use crate::db::{Command, DbError, expect_rows};
use crate::outbox::{Letter, NewOutbox, OutboxKind, enqueue};
use crate::state::{Portal, Shared};

const TRIES: i64 = 5;
const MOST_AN_HOUR: i64 = 5;
const WAIT_MINUTES: i64 = 24 * 60;

const COUNT_RECENT: &str = "
select count(*) from email_change where customer_id = $1 and created_at > $2";

const STOP: &str = "
update email_change set stopped_at = $2
where customer_id = $1 and done_at is null and stopped_at is null";

const INSERT: &str = "
insert into email_change (id, customer_id, email, code_hash, tries_left, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)";

const TAKE_A_TRY: &str = "
update email_change set tries_left = tries_left - 1
where customer_id = $1 and done_at is null and stopped_at is null and confirmed_at is null
  and expires_at > $2 and tries_left > 0
returning id, email, code_hash";

const CONFIRM: &str = "
update email_change set confirmed_at = $2, effective_at = $3
where id = $1 and confirmed_at is null";

const DONE: &str = "
update email_change set done_at = $2 where id = $1 and done_at is null and stopped_at is null";

const STOP_ONE: &str = "update email_change set stopped_at = $2 where id = $1 and done_at is null";

const FIND: &str = "
select email, confirmed_at, effective_at from email_change
where customer_id = $1 and done_at is null and stopped_at is null
  and (confirmed_at is not null or (expires_at > $2 and tries_left > 0))";

const DUE: &str = "
select id, customer_id, email from email_change
where effective_at <= $1 and done_at is null and stopped_at is null order by effective_at, id";

const OLD_EMAIL: &str = "select email from customer where id = $1";

pub(super) const SQL: &[&str] =
    &[COUNT_RECENT, STOP, INSERT, TAKE_A_TRY, CONFIRM, DONE, STOP_ONE, FIND, DUE, OLD_EMAIL];

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedToChange {
    CodeSent,
    TooOften,
}

/// Asks for another address. The answer does not tell whether somebody has it already.
pub async fn ask(
    portal: &Portal,
    caller: &FreshCaller,
    email: EmailAddress,
) -> Result<AskedToChange, DbError> {
    let code = Code::draw(portal.chance.as_ref());
    let now = portal.now();
    let expires_at = now.plus_minutes(portal.settings.sign_in.code_minutes);
    let letter = email_letters::code(portal, &code, expires_at);
    let ask = Ask {
        id: sha256_hex(&["email change", Token::draw(portal.chance.as_ref()).reveal()]),
        customer_id: caller.session.customer_id,
        code_hash: code.hash_for(&caller.token),
        outbox_id: portal.outbox_id(),
        letter: Letter { to: Some(email.as_str().to_owned()), ..letter },
        email,
        now,
        expires_at,
    };
    let asked = portal.db.write(ask).await?;
    portal.work.outbox.notify_one();
    Ok(asked)
}

struct Ask {
    id: String,
    customer_id: CustomerId,
    email: EmailAddress,
    code_hash: String,
    outbox_id: OutboxId,
    letter: Letter,
    now: Micros,
    expires_at: Micros,
}

impl Command for Ask {
    type Reply = AskedToChange;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<AskedToChange, DbError> {
        // One after the other: a customer has one change at a time.
        accounts::lock_customer(tx, self.customer_id).await?;
        let customer_id = self.customer_id.to_string();
        let query = sqlx::query(COUNT_RECENT).bind(&customer_id);
        let recent = query.bind(self.now.plus_minutes(-60).0).fetch_one(&mut *tx).await?;
        if recent.try_get::<i64, _>(0)? >= MOST_AN_HOUR {
            return Ok(AskedToChange::TooOften);
        }
        sqlx::query(STOP).bind(&customer_id).bind(self.now.0).execute(&mut *tx).await?;
        let written = sqlx::query(INSERT)
            .bind(&self.id)
            .bind(&customer_id)
            .bind(self.email.as_str())
            .bind(&self.code_hash)
            .bind(TRIES)
            .bind(self.now.0)
            .bind(self.expires_at.0)
            .execute(&mut *tx)
            .await?;
        expect_rows(&written, 1, "email_change")?;
        let payload = self.letter.payload();
        enqueue(tx, &mail(self.outbox_id, payload, self.now), self.now).await?;
        Ok(AskedToChange::CodeSent)
    }
}

fn mail(id: OutboxId, payload: serde_json::Value, due_at: Micros) -> NewOutbox {
    NewOutbox { id, account_id: None, kind: OutboxKind::SignInMail, payload, due_at }
}

/// What came of confirming.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// The change as it waits.
    Change(EmailChange),
    CodeInvalid,
    /// Said only to who has just proven that the address is theirs.
    Taken,
}

/// Proves the new address by the code that was sent there, in the session that asked.
pub async fn confirm(
    portal: &Shared,
    session: Session,
    token: &Token,
    typed: &str,
) -> Result<Confirmed, DbError> {
    let confirm = Confirm {
        code_hash: Code::parse(typed).map(|code| code.hash_for(token)),
        outbox_id: portal.outbox_id(),
        now: portal.now(),
        portal: portal.clone(),
        session,
    };
    let confirmed = portal.db.write(confirm).await?;
    portal.work.outbox.notify_one();
    Ok(confirmed)
}

struct Confirm {
    portal: Shared,
    session: Session,
    code_hash: Option<String>,
    outbox_id: OutboxId,
    now: Micros,
}

impl Command for Confirm {
    type Reply = Confirmed;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Confirmed, DbError> {
        let customer_id = self.session.customer_id;
        let query = sqlx::query(TAKE_A_TRY).bind(customer_id.to_string()).bind(self.now.0);
        let Some(row) = query.fetch_optional(&mut *tx).await? else {
            return Ok(Confirmed::CodeInvalid);
        };
        let expected: String = row.try_get("code_hash")?;
        if self.code_hash.as_ref() != Some(&expected) {
            return Ok(Confirmed::CodeInvalid);
        }
        let (id, email): (String, String) = (row.try_get("id")?, row.try_get("email")?);
        if accounts::is_email_taken(tx, &email).await? {
            sqlx::query(STOP_ONE).bind(&id).bind(self.now.0).execute(&mut *tx).await?;
            return Ok(Confirmed::Taken);
        }
        let effective_at = self.now.plus_minutes(WAIT_MINUTES);
        let query = sqlx::query(CONFIRM).bind(&id).bind(self.now.0).bind(effective_at.0);
        expect_rows(&query.execute(&mut *tx).await?, 1, "email_change")?;
        self.tell_the_old_address(tx, &email, effective_at).await?;
        let effective_at = Some(instant_text(effective_at));
        Ok(Confirmed::Change(EmailChange { email, effective_at }))
    }
}

impl Confirm {
    async fn tell_the_old_address(
        &self,
        tx: &mut AnyConnection,
        email: &str,
        effective_at: Micros,
    ) -> Result<(), DbError> {
        let customer_id = self.session.customer_id.to_string();
        let old = sqlx::query(OLD_EMAIL).bind(customer_id).fetch_one(&mut *tx).await?;
        let letter = email_letters::notice(&self.portal, email, effective_at);
        let letter = Letter { to: Some(old.try_get("email")?), ..letter };
        enqueue(tx, &mail(self.outbox_id, letter.payload(), self.now), self.now).await
    }
}

/// A confirmed change.
struct Change {
    id: String,
    customer_id: CustomerId,
    email: String,
}

/// Lets the changes whose day of waiting is over take effect; call it now and then.
pub async fn change_due_emails(portal: &Portal) -> Result<usize, DbError> {
    let now = portal.now();
    let due = sqlx::query(DUE).bind(now.0).fetch_all(portal.db.read()).await?;
    let mut done = 0;
    for row in &due {
        match portal.db.write(TakeEffect { change: change(row)?, now }).await {
            Ok(is_done) => done += usize::from(is_done),
            // One that cannot be done must not keep the others waiting.
            Err(error) => tracing::error!(%error, "an address cannot be changed"),
        }
    }
    Ok(done)
}

fn change(row: &AnyRow) -> Result<Change, DbError> {
    let id: String = row.try_get("id")?;
    let customer_id = CustomerId::parse(row.try_get("customer_id")?)
        .map_err(|_| DbError::inconsistent("email_change", "customer_id", &id))?;
    Ok(Change { customer_id, email: row.try_get("email")?, id })
}

struct TakeEffect {
    change: Change,
    now: Micros,
}

/// The new address takes the place of the old one, and every session ends.
impl Command for TakeEffect {
    /// False when it was stopped, or somebody else has the address by now, which ends it.
    type Reply = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, DbError> {
        let Change { id, customer_id, email } = &self.change;
        accounts::lock_customer(tx, *customer_id).await?;
        if accounts::is_email_taken(tx, email).await? {
            sqlx::query(STOP_ONE).bind(id).bind(self.now.0).execute(&mut *tx).await?;
            return Ok(false);
        }
        // Stopped since it was looked up: the address stays.
        let done = sqlx::query(DONE).bind(id).bind(self.now.0).execute(&mut *tx).await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        accounts::change_email(tx, *customer_id, email).await?;
        end_all_but(tx, *customer_id, None, self.now).await?;
        Ok(true)
    }
}

/// The change that a customer has begun and not ended.
pub async fn change_of(
    pool: &AnyPool,
    customer_id: CustomerId,
    now: Micros,
) -> Result<Option<EmailChange>, DbError> {
    let query = sqlx::query(FIND).bind(customer_id.to_string()).bind(now.0);
    let Some(row) = query.fetch_optional(pool).await? else { return Ok(None) };
    let effective_at: Option<i64> = row.try_get("effective_at")?;
    let effective_at = effective_at.map(|at| instant_text(Micros(at)));
    Ok(Some(EmailChange { email: row.try_get("email")?, effective_at }))
}

/// Stops whatever change the customer has begun.
pub struct Stop {
    pub customer_id: CustomerId,
    pub now: Micros,
}

impl Command for Stop {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        let query = sqlx::query(STOP).bind(self.customer_id.to_string()).bind(self.now.0);
        query.execute(tx).await?;
        Ok(())
    }
}
