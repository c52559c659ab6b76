//! Forgetting a person. What they owed and paid stays under ids that name nobody; their name,
//! address, sessions, codes and letters go, and nobody can sign in as them any more.
//!
//! An account that others may see too keeps its name: it is theirs as well. An account's and a
//! bill's number stay, being the biller's own key of a contract, by which the next file finds
//! its account again.

use std::path::Path;

use receivables::calendar::Micros;
use receivables::ids::AccountId;
use sqlx::{AnyConnection, Row};

use super::{Person, PrivacyError};
use crate::audit::{self, NewAct};
use crate::db::{Command, Database, DbError};
use crate::{
    accounts, adjustments, external_payments, invitations, ledger, outbox, passkeys, payments,
    receipts, sign_in,
};

/// Accounts of this person that nobody else may see.
const OWN_ACCOUNTS: &str = "
select c.account_id from account_customer c
where c.customer_id = $1 and not exists (
  select 1 from account_customer o
  where o.account_id = c.account_id and o.customer_id <> c.customer_id)";

const IN_FLIGHT: &str = "
select count(*) from payment p
where (p.started_by = $1 or exists (
    select 1 from account_customer c where c.account_id = p.account_id and c.customer_id = $1))
  and p.state in ('created', 'awaiting_payer', 'processing', 'unknown')";

/// Every address this person had or asked for, but those that are somebody else's now; one that
/// they never proved to be theirs may be, too.
const ADDRESSES: &str = "
select known.email, cast(max(known.proven) as bigint) as proven from (
  select email, 1 as proven from customer where id = $1
  union all
  select email, case when confirmed_at is null then 0 else 1 end from email_change
  where customer_id = $1
  union all
  select i.email, 1 from invitation i join audit_act a on a.about = i.id
  where a.actor = $1 and a.kind = 'invitation_accepted') known
where not exists (
  select 1 from customer o where o.email = known.email and o.id <> $1)
group by known.email order by known.email";

pub(super) const SQL: &[&str] = &[OWN_ACCOUNTS, IN_FLIGHT, ADDRESSES];

/// What was forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Accounts whose name went, too.
    pub accounts: usize,
    /// Letters that were files beside the database.
    pub mail_files: usize,
}

/// Forgets a person; the book is asked before and after.
pub async fn erase(
    db: &Database,
    person: &Person,
    data_dir: &Path,
    now: Micros,
) -> Result<Erased, PrivacyError> {
    the_book_is_exact(db).await?;
    let gone = db.write(Erase { person: person.clone(), now }).await?;
    let Gone { accounts, addresses } = gone.ok_or(PrivacyError::InFlight)?;
    let mut mail_files = 0;
    for address in &addresses {
        let forgotten = outbox::forget_mail_files(data_dir, address);
        mail_files +=
            forgotten.map_err(|(folder, source)| PrivacyError::Mails { folder, source })?;
    }
    the_book_is_exact(db).await?;
    Ok(Erased { accounts, mail_files })
}

async fn the_book_is_exact(db: &Database) -> Result<(), PrivacyError> {
    let broken = ledger::check(db.read()).await?.into_iter().filter(|f| !f.broken.is_empty());
    let broken: Vec<String> = broken.map(|finding| finding.holds.to_owned()).collect();
    if broken.is_empty() { Ok(()) } else { Err(PrivacyError::BookBroken(broken)) }
}

struct Gone {
    accounts: usize,
    addresses: Vec<String>,
}

struct Erase {
    person: Person,
    now: Micros,
}

impl Command for Erase {
    /// None when a payment is in flight.
    type Reply = Option<Gone>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Option<Gone>, DbError> {
        let id = self.person.id.to_string();
        let in_flight: i64 =
            sqlx::query(IN_FLIGHT).bind(&id).fetch_one(&mut *tx).await?.try_get(0)?;
        if in_flight > 0 {
            return Ok(None);
        }
        let own = own_accounts(tx, &id).await?;
        for account in &own {
            receipts::forget_name(tx, *account).await?;
            adjustments::forget_words(tx, *account).await?;
            payments::forget_words(tx, *account).await?;
            external_payments::forget_words(tx, *account).await?;
            accounts::forget_name(tx, *account).await?;
        }
        let mut addresses = Vec::new();
        for row in sqlx::query(ADDRESSES).bind(&id).fetch_all(&mut *tx).await? {
            let address: String = row.try_get("email")?;
            outbox::forget_letters(tx, &address, self.now).await?;
            if row.try_get::<i64, _>("proven")? == 1 {
                invitations::forget_address(tx, &address).await?;
                sign_in::forget_address(tx, &address).await?;
            }
            addresses.push(address);
        }
        passkeys::forget_person(tx, self.person.id).await?;
        sign_in::forget_person(tx, self.person.id).await?;
        accounts::forget_customer(tx, self.person.id).await?;
        let act = NewAct {
            id: format!("{id}/erased"),
            kind: "person_erased".to_owned(),
            actor: "operator".to_owned(),
            about: id,
            account_id: None,
            at: self.now,
            request: None,
            digest: None,
        };
        audit::record(tx, &act).await?;
        Ok(Some(Gone { accounts: own.len(), addresses }))
    }
}

async fn own_accounts(tx: &mut AnyConnection, customer: &str) -> Result<Vec<AccountId>, DbError> {
    let mut own = Vec::new();
    for row in sqlx::query(OWN_ACCOUNTS).bind(customer).fetch_all(&mut *tx).await? {
        let account: String = row.try_get(0)?;
        let parsed = AccountId::parse(&account);
        own.push(parsed.map_err(|_| DbError::inconsistent("account", "id", &account))?);
    }
    Ok(own)
}
