//! Accepting an invitation: once, with the number of one of its accounts, within five tries.

use receivables::api::invitations::Acceptance;
use receivables::api::roles::AccountRole;
use receivables::calendar::Micros;
use receivables::ids::{AccountId, CustomerId, InvitationId};
use sqlx::{AnyConnection, Row};

use super::store::record;
use crate::accounts::{Admission, NewCustomer, admit};
use crate::db::{Command, DbError, expect_rows};
use crate::sign_in::{NewSession, Opening, Session, Token};
use crate::state::Portal;

// The try is taken before anything is compared: of a thousand guesses sent at once, five count,
// and of a thousand right answers the second finds no row.
const TAKE_A_TRY: &str = "
update invitation set tries_left = tries_left - 1
where link_hash = $1 and accepted_at is null and revoked_at is null and expires_at > $2
  and tries_left > 0
returning id, email, name, role";

const ACCEPT: &str = "
update invitation set accepted_at = $2, tries_left = tries_left + 1
where id = $1 and accepted_at is null and revoked_at is null";

const ACCOUNTS: &str = "
select a.id, a.number from invitation_account i
join account a on a.id = i.account_id where i.invitation_id = $1";

pub(super) const SQL: &[&str] = &[TAKE_A_TRY, ACCEPT, ACCOUNTS];

/// Opens a session under `opening`'s token if the proof is right; what is wrong with it
/// otherwise is nobody's business.
pub async fn accept(
    portal: &Portal,
    acceptance: Acceptance,
    opening: Opening,
) -> Result<Option<Session>, DbError> {
    let (ms, chance) = portal.id_parts();
    let accept = Accept {
        link_hash: Token::parse(&acceptance.link).map(|link| link.hash()),
        account_number: essence(&acceptance.account_number),
        customer_id: CustomerId::from_parts(ms, &chance),
        opening,
        now: portal.now(),
    };
    portal.db.write(accept).await
}

/// What of an account number people copy reliably: not its case, spaces or punctuation.
fn essence(number: &str) -> String {
    number.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

struct Accept {
    link_hash: Option<String>,
    account_number: String,
    /// Of a person nobody knew yet.
    customer_id: CustomerId,
    opening: Opening,
    now: Micros,
}

impl Command for Accept {
    type Reply = Option<Session>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Option<Session>, DbError> {
        let Some(link_hash) = &self.link_hash else { return Ok(None) };
        let query = sqlx::query(TAKE_A_TRY).bind(link_hash).bind(self.now.0);
        let Some(row) = query.fetch_optional(&mut *tx).await? else { return Ok(None) };
        let id: String = row.try_get("id")?;
        let Some(accounts) = self.proven_accounts(tx, &id).await? else { return Ok(None) };
        let accepted = sqlx::query(ACCEPT).bind(&id).bind(self.now.0).execute(&mut *tx).await?;
        expect_rows(&accepted, 1, "invitation")?;
        let wrong = |column| DbError::inconsistent("invitation", column, &id);
        let role: String = row.try_get("role")?;
        let customer = NewCustomer {
            id: self.customer_id,
            email: row.try_get("email")?,
            name: row.try_get("name")?,
        };
        let role = AccountRole::parse(&role).ok_or_else(|| wrong("role"))?;
        let customer_id = admit(tx, &Admission { customer, accounts, role }, self.now).await?;
        let id = InvitationId::parse(&id).map_err(|_| wrong("id"))?;
        record(tx, id, "accepted", &customer_id.to_string(), self.now).await?;
        let new = NewSession { customer_id, now: self.now };
        self.opening.open(tx, new).await.map(Some)
    }
}

impl Accept {
    /// The invitation's accounts, if the number given is of one of them.
    async fn proven_accounts(
        &self,
        tx: &mut AnyConnection,
        id: &str,
    ) -> Result<Option<Vec<AccountId>>, DbError> {
        let mut accounts = Vec::new();
        let mut is_proven = false;
        for row in sqlx::query(ACCOUNTS).bind(id).fetch_all(&mut *tx).await? {
            let account: String = row.try_get("id")?;
            let number: String = row.try_get("number")?;
            let number = essence(&number);
            is_proven |= !number.is_empty() && number == self.account_number;
            let wrong = |_| DbError::inconsistent("invitation_account", "account_id", id);
            accounts.push(AccountId::parse(&account).map_err(wrong)?);
        }
        Ok(is_proven.then_some(accounts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_known_again_however_it_is_copied() {
        for typed in ["RU-2041 77", "ru204177", " RU 2041-77 ", "ru.2041/77"] {
            assert_eq!(essence(typed), "RU204177", "{typed:?}");
        }
        assert_ne!(essence("RU-204178"), "RU204177");
        assert_eq!(essence(" - "), "");
    }
}
