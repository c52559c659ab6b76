//! Letting a person see accounts: as a new customer, or as the one who has the address already.

use receivables::api::roles::AccountRole;
use receivables::calendar::Micros;
use receivables::ids::{AccountId, CustomerId};
use sqlx::{AnyConnection, Row};

use super::open_account::{INSERT_CUSTOMER, NewCustomer};
use super::words;
use crate::db::{DbError, expect_rows};

const FIND_CUSTOMER: &str = "select id from customer where email = $1";

const ADMIT: &str = "
insert into account_customer (customer_id, account_id, role) values ($1, $2, $3)
on conflict (customer_id, account_id) do update set role = excluded.role";

pub(super) const SQL: &[&str] = &[FIND_CUSTOMER, ADMIT];

/// Who may do what with which accounts. The newest word counts: a viewer who is admitted as a
/// payer is one, and the reverse.
#[derive(Clone, Debug)]
pub struct Admission {
    pub customer: NewCustomer,
    pub accounts: Vec<AccountId>,
    pub role: AccountRole,
}

pub async fn admit(
    tx: &mut AnyConnection,
    admission: &Admission,
    now: Micros,
) -> Result<CustomerId, DbError> {
    let NewCustomer { id, email, name } = &admission.customer;
    sqlx::query(INSERT_CUSTOMER)
        .bind(id.to_string())
        .bind(email)
        .bind(name)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
    let row = sqlx::query(FIND_CUSTOMER).bind(email).fetch_one(&mut *tx).await?;
    let id: String = row.try_get("id")?;
    let customer_id =
        CustomerId::parse(&id).map_err(|_| DbError::inconsistent("customer", "id", &id))?;
    for account_id in &admission.accounts {
        let query = sqlx::query(ADMIT).bind(customer_id.to_string());
        let query = query.bind(account_id.to_string()).bind(admission.role.code());
        expect_rows(&query.execute(&mut *tx).await?, 1, "account_customer")?;
        words::rewrite(&mut *tx, *account_id).await?;
    }
    Ok(customer_id)
}
