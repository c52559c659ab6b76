//! Opening an account, with the customers who may see and pay it.

use receivables::calendar::Micros;
use receivables::ids::{AccountId, CustomerId};
use receivables::money::Currency;
use sqlx::AnyConnection;

use super::words;
use crate::db::{DbError, expect_rows};

#[derive(Clone, Debug)]
pub struct NewCustomer {
    /// Used when the address is not known yet; else the customer who has it is meant.
    pub id: CustomerId,
    /// As sign-in looks it up: trimmed and in lower case.
    pub email: String,
    pub name: String,
}

#[derive(Clone, Debug)]
pub struct NewAccount {
    pub id: AccountId,
    /// As the biller writes it on paper; known once.
    pub number: String,
    pub name: String,
    pub currency: Currency,
    pub customers: Vec<NewCustomer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenedAccount {
    Opened,
    /// There is an account with this number; nothing was written.
    NumberIsKnown,
}

const INSERT_ACCOUNT: &str = "
insert into account (id, number, name, currency) values ($1, $2, $3, $4)
on conflict (number) do nothing";

pub(super) const INSERT_CUSTOMER: &str = "
insert into customer (id, email, name, created_at) values ($1, $2, $3, $4)
on conflict (email) do nothing";

const LINK_CUSTOMER: &str = "
insert into account_customer (customer_id, account_id)
select id, $2 from customer where email = $1";

pub const SQL: &[&str] = &[INSERT_ACCOUNT, INSERT_CUSTOMER, LINK_CUSTOMER];

/// Opens `account` unless its number is known.
pub async fn open_account(
    tx: &mut AnyConnection,
    account: &NewAccount,
    now: Micros,
) -> Result<OpenedAccount, DbError> {
    let written = sqlx::query(INSERT_ACCOUNT)
        .bind(account.id.to_string())
        .bind(&account.number)
        .bind(&account.name)
        .bind(account.currency.code())
        .execute(&mut *tx)
        .await?;
    if written.rows_affected() == 0 {
        return Ok(OpenedAccount::NumberIsKnown);
    }
    for customer in &account.customers {
        sqlx::query(INSERT_CUSTOMER)
            .bind(customer.id.to_string())
            .bind(&customer.email)
            .bind(&customer.name)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        let linked = sqlx::query(LINK_CUSTOMER)
            .bind(&customer.email)
            .bind(account.id.to_string())
            .execute(&mut *tx)
            .await?;
        expect_rows(&linked, 1, "account_customer")?;
    }
    words::rewrite(tx, account.id).await?;
    Ok(OpenedAccount::Opened)
}
