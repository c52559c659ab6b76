//! Who is signed in, and what they hold.

use receivables::api::sign_in::{AccountChoice, SessionDocument};
use receivables::ids::AccountId;
use receivables::money::{Currency, MinorUnits};
use sqlx::any::AnyRow;
use sqlx::{AnyPool, Row};

use super::session::Session;
use crate::clock::instant_text;
use crate::db::DbError;

const FIND_CUSTOMER: &str = "select name, email from customer where id = $1";

const FIND_ACCOUNTS: &str = "
select a.id, a.number, a.name, a.currency,
  cast(coalesce(sum(b.open_amount), 0) as bigint) as owed
from account_customer c
join account a on a.id = c.account_id
left join bill b on b.account_id = a.id and b.open_amount > 0 and b.standing = 'issued'
where c.customer_id = $1
group by a.id, a.number, a.name, a.currency
order by a.number, a.id";

pub(super) const SQL: &[&str] = &[FIND_CUSTOMER, FIND_ACCOUNTS];

pub async fn document_of(pool: &AnyPool, session: &Session) -> Result<SessionDocument, DbError> {
    let customer_id = session.customer_id;
    let customer = sqlx::query(FIND_CUSTOMER).bind(customer_id.to_string()).fetch_one(pool).await?;
    let accounts = sqlx::query(FIND_ACCOUNTS).bind(customer_id.to_string()).fetch_all(pool).await?;
    Ok(SessionDocument {
        customer_id,
        name: customer.try_get("name")?,
        email: customer.try_get("email")?,
        accounts: accounts.iter().map(account_choice).collect::<Result<_, _>>()?,
        idle_until: instant_text(session.idle_until),
        idle_seconds: session.idle_seconds(),
    })
}

fn account_choice(row: &AnyRow) -> Result<AccountChoice, DbError> {
    let id: String = row.try_get("id")?;
    let currency: String = row.try_get("currency")?;
    Ok(AccountChoice {
        id: AccountId::parse(&id).map_err(|_| DbError::inconsistent("account", "id", &id))?,
        number: row.try_get("number")?,
        name: row.try_get("name")?,
        currency: Currency::parse(&currency)
            .map_err(|_| DbError::inconsistent("account", "currency", &id))?,
        owed: MinorUnits::new(row.try_get("owed")?),
    })
}
