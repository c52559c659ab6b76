//! Who is signed in, and what they hold.

use receivables::api::sign_in::{AccountChoice, SessionDocument};
use receivables::calendar::Micros;
use receivables::ids::{AccountId, CustomerId};
use receivables::money::{Currency, MinorUnits};
use sqlx::any::AnyRow;
use sqlx::{AnyPool, Row};

use super::caller::{Caller, Customer};
use super::owner::account_role;
use super::policy::{Action, Resource, can};
use super::session::Session;
use super::step_up::is_fresh;
use crate::clock::instant_text;
use crate::db::DbError;

const FIND_CUSTOMER: &str = "
select name, email, (select count(*) from passkey p where p.customer_id = customer.id) as passkeys
from customer where id = $1";

const FIND_ACCOUNTS: &str = "
select a.id, a.number, a.name, a.currency, c.role,
  cast(coalesce(sum(b.open_amount), 0) as bigint) as owed
from account_customer c
join account a on a.id = c.account_id
left join bill b on b.account_id = a.id and b.open_amount > 0 and b.standing = 'issued'
where c.customer_id = $1
group by a.id, a.number, a.name, a.currency, c.role
order by a.number, a.id";

pub(super) const SQL: &[&str] = &[FIND_CUSTOMER, FIND_ACCOUNTS];

/// A customer's address and name.
pub async fn person_of(
    pool: &AnyPool,
    customer_id: CustomerId,
) -> Result<(String, String), DbError> {
    let row = sqlx::query(FIND_CUSTOMER).bind(customer_id.to_string()).fetch_one(pool).await?;
    Ok((row.try_get("email")?, row.try_get("name")?))
}

pub async fn document_of(
    pool: &AnyPool,
    session: &Session,
    now: Micros,
) -> Result<SessionDocument, DbError> {
    let caller = Caller::Customer(Customer::of(session.clone()));
    let customer_id = session.customer_id;
    let query = sqlx::query(FIND_CUSTOMER).bind(customer_id.to_string());
    let customer = query.fetch_one(pool).await?;
    let passkeys: i64 = customer.try_get("passkeys")?;
    let accounts = sqlx::query(FIND_ACCOUNTS).bind(customer_id.to_string()).fetch_all(pool).await?;
    Ok(SessionDocument {
        customer_id,
        name: customer.try_get("name")?,
        email: customer.try_get("email")?,
        accounts: accounts
            .iter()
            .map(|row| account_choice(row, &caller))
            .collect::<Result<_, _>>()?,
        idle_until: instant_text(session.idle_until),
        idle_seconds: session.idle_seconds(),
        offer_passkey: is_fresh(session, now) && passkeys == 0,
    })
}

fn account_choice(row: &AnyRow, caller: &Caller) -> Result<AccountChoice, DbError> {
    let id: String = row.try_get("id")?;
    let currency: String = row.try_get("currency")?;
    let role = account_role(row.try_get("role")?)?;
    Ok(AccountChoice {
        role,
        may_pay: can(caller, Action::Pay, Resource::Account(Some(role))),
        id: AccountId::parse(&id).map_err(|_| DbError::inconsistent("account", "id", &id))?,
        number: row.try_get("number")?,
        name: row.try_get("name")?,
        currency: Currency::parse(&currency)
            .map_err(|_| DbError::inconsistent("account", "currency", &id))?,
        owed: MinorUnits::new(row.try_get("owed")?),
    })
}
