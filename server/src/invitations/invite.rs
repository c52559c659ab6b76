//! Making an invitation: the row, its accounts, its letter, in one transaction.

use receivables::api::roles::AccountRole;
use receivables::calendar::Micros;
use receivables::ids::{AccountId, InvitationId, OutboxId};
use sqlx::{AnyConnection, Row};
use thiserror::Error;

use super::letter;
use super::store::{HOURS, TRIES, record};
use crate::accounts;
use crate::clock::{ten_bytes, unix_ms};
use crate::db::{Command, DbError, expect_rows};
use crate::outbox::{Letter, NewOutbox, OutboxKind, enqueue};
use crate::sign_in::{EmailAddress, Token};
use crate::state::Portal;

const INSERT: &str = "
insert into invitation
  (id, email, name, role, link_hash, tries_left, invited_by, created_at, sent_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)";

const INSERT_ACCOUNT: &str = "
insert into invitation_account (invitation_id, account_id) values ($1, $2)";

/// The open ones of an address; which accounts they are for is compared outside.
const FIND_OPEN: &str = "
select i.id, a.account_id from invitation i
join invitation_account a on a.invitation_id = i.id
where i.email = $1 and i.role = $2 and i.accepted_at is null and i.revoked_at is null
  and i.expires_at > $3 and i.tries_left > 0
order by i.id, a.account_id";

/// The newest word counts: what is still open for the same person and account, with other rights,
/// must not be accepted after it.
const TAKE_OUT: &str = "
delete from invitation_account where account_id = $2 and invitation_id in (
  select i.id from invitation i
  where i.email = $1 and i.accepted_at is null and i.revoked_at is null)";

const REVOKE_EMPTY: &str = "
update invitation set revoked_at = $2
where email = $1 and accepted_at is null and revoked_at is null
  and not exists (select 1 from invitation_account a where a.invitation_id = invitation.id)";

pub(super) const SQL: &[&str] = &[INSERT, INSERT_ACCOUNT, FIND_OPEN, TAKE_OUT, REVOKE_EMPTY];

pub(super) const LONGEST_NAME: usize = 100;
const MOST_ACCOUNTS: usize = 20;

/// Who is asked in, to which accounts.
#[derive(Clone, Debug)]
pub struct Invitee {
    email: EmailAddress,
    name: String,
    /// In order, each once.
    accounts: Vec<AccountId>,
    role: AccountRole,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotInvited {
    #[error("this is not one plain e-mail address")]
    Email,
    #[error("a name has 1 to {LONGEST_NAME} characters on one line")]
    Name,
    #[error("an invitation is to 1 to {MOST_ACCOUNTS} accounts, each named once")]
    Accounts,
}

impl Invitee {
    pub fn parse(
        email: &str,
        name: &str,
        accounts: &[AccountId],
        role: AccountRole,
    ) -> Result<Self, NotInvited> {
        let email = EmailAddress::parse(email).map_err(|_| NotInvited::Email)?;
        let name = name.trim();
        let length = name.chars().count();
        if length == 0 || length > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(NotInvited::Name);
        }
        let mut each_once = accounts.to_vec();
        each_once.sort_unstable();
        each_once.dedup();
        if each_once.len() != accounts.len() || !(1..=MOST_ACCOUNTS).contains(&accounts.len()) {
            return Err(NotInvited::Accounts);
        }
        Ok(Self { email, name: name.to_owned(), accounts: each_once, role })
    }
}

/// The same is still open, or a new one was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invited {
    Now(InvitationId),
    Before(InvitationId),
}

impl Invited {
    pub const fn id(self) -> InvitationId {
        match self {
            Self::Now(id) | Self::Before(id) => id,
        }
    }
}

/// Invites all of these in one transaction. After the commit wake the outbox.
pub struct Invite {
    invited_by: String,
    drawn: Vec<Drawn>,
    now: Micros,
    expires_at: Micros,
}

/// What is drawn before the transaction, so that a repeat of it is the same.
struct Drawn {
    id: InvitationId,
    outbox_id: OutboxId,
    link_hash: String,
    letter: Letter,
    invitee: Invitee,
}

impl Invite {
    pub fn new(portal: &Portal, invited_by: &str, invitees: Vec<Invitee>) -> Self {
        let now = portal.now();
        let expires_at = now.plus_minutes(HOURS * 60);
        let draw = |invitee: Invitee| {
            let chance = portal.chance.as_ref();
            let link = Token::draw(chance);
            let person = (invitee.email.as_str(), invitee.name.as_str());
            let may_pay = invitee.role == AccountRole::Payer;
            Drawn {
                id: InvitationId::from_parts(unix_ms(now), &ten_bytes(chance)),
                outbox_id: OutboxId::from_parts(unix_ms(now), &ten_bytes(chance)),
                link_hash: link.hash(),
                letter: letter::write(portal, person, may_pay, &link, (HOURS, expires_at)),
                invitee,
            }
        };
        let drawn = invitees.into_iter().map(draw).collect();
        Self { invited_by: invited_by.to_owned(), drawn, now, expires_at }
    }
}

impl Command for Invite {
    type Reply = Vec<Invited>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Vec<Invited>, DbError> {
        let mut invited = Vec::with_capacity(self.drawn.len());
        for drawn in &self.drawn {
            // One after the other: two who invite the same person send one mail.
            for account_id in &drawn.invitee.accounts {
                accounts::lock(tx, *account_id).await?;
            }
            if let Some(before) = self.find_open(tx, &drawn.invitee).await? {
                invited.push(Invited::Before(before));
                continue;
            }
            self.take_out_of_others(tx, &drawn.invitee).await?;
            self.insert(tx, drawn).await?;
            invited.push(Invited::Now(drawn.id));
        }
        Ok(invited)
    }
}

impl Invite {
    async fn find_open(
        &self,
        tx: &mut AnyConnection,
        invitee: &Invitee,
    ) -> Result<Option<InvitationId>, DbError> {
        let query = sqlx::query(FIND_OPEN).bind(invitee.email.as_str());
        let query = query.bind(invitee.role.code()).bind(self.now.0);
        let mut open: Vec<(InvitationId, Vec<AccountId>)> = Vec::new();
        for row in query.fetch_all(&mut *tx).await? {
            let id: String = row.try_get("id")?;
            let wrong = |column| DbError::inconsistent("invitation", column, &id);
            let account: String = row.try_get("account_id")?;
            let account = AccountId::parse(&account).map_err(|_| wrong("account_id"))?;
            let id = InvitationId::parse(&id).map_err(|_| wrong("id"))?;
            match open.last_mut() {
                Some((last, accounts)) if *last == id => accounts.push(account),
                _ => open.push((id, vec![account])),
            }
        }
        let same = open.into_iter().find(|(_, accounts)| *accounts == invitee.accounts);
        Ok(same.map(|(id, _)| id))
    }

    async fn take_out_of_others(
        &self,
        tx: &mut AnyConnection,
        invitee: &Invitee,
    ) -> Result<(), DbError> {
        for account_id in &invitee.accounts {
            let query = sqlx::query(TAKE_OUT).bind(invitee.email.as_str());
            query.bind(account_id.to_string()).execute(&mut *tx).await?;
        }
        let query = sqlx::query(REVOKE_EMPTY).bind(invitee.email.as_str());
        query.bind(self.now.0).execute(tx).await?;
        Ok(())
    }

    async fn insert(&self, tx: &mut AnyConnection, drawn: &Drawn) -> Result<(), DbError> {
        let Drawn { id, invitee, .. } = drawn;
        let written = sqlx::query(INSERT)
            .bind(id.to_string())
            .bind(invitee.email.as_str())
            .bind(&invitee.name)
            .bind(invitee.role.code())
            .bind(&drawn.link_hash)
            .bind(TRIES)
            .bind(&self.invited_by)
            .bind(self.now.0)
            .bind(self.expires_at.0)
            .execute(&mut *tx)
            .await?;
        expect_rows(&written, 1, "invitation")?;
        for account_id in &invitee.accounts {
            let query = sqlx::query(INSERT_ACCOUNT).bind(id.to_string());
            let written = query.bind(account_id.to_string()).execute(&mut *tx).await?;
            expect_rows(&written, 1, "invitation_account")?;
        }
        let new = NewOutbox {
            id: drawn.outbox_id,
            account_id: None,
            kind: OutboxKind::InvitationMail,
            payload: drawn.letter.payload(),
            due_at: self.now,
        };
        enqueue(tx, &new, self.now).await?;
        record(tx, *id, "invited", &self.invited_by, self.now).await
    }
}
