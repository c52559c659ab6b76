//! Forgetting who an account and a customer are; the account itself and its book stay.

use receivables::ids::{AccountId, CustomerId};
use sqlx::AnyConnection;

use super::words;
use crate::db::{DbError, expect_rows};

// No sign-in finds an address without `@`, and no two are the same.
const FORGET_CUSTOMER: &str = "
update customer set email = 'erased ' || id, name = '' where id = $1";

const LEAVE_ACCOUNTS: &str = "delete from account_customer where customer_id = $1";

const FORGET_NAME: &str = "update account set name = '(erased)' where id = $1";

pub const SQL: &[&str] = &[FORGET_CUSTOMER, LEAVE_ACCOUNTS, FORGET_NAME];

/// The customer's row stays, as what past acts refer to, and says nothing any more.
pub async fn forget_customer(tx: &mut AnyConnection, id: CustomerId) -> Result<(), DbError> {
    let accounts = words::accounts_of(&mut *tx, id).await?;
    sqlx::query(LEAVE_ACCOUNTS).bind(id.to_string()).execute(&mut *tx).await?;
    let written = sqlx::query(FORGET_CUSTOMER).bind(id.to_string()).execute(&mut *tx).await?;
    expect_rows(&written, 1, "customer")?;
    for account_id in accounts {
        words::rewrite(&mut *tx, account_id).await?;
    }
    Ok(())
}

pub async fn forget_name(tx: &mut AnyConnection, id: AccountId) -> Result<(), DbError> {
    let written = sqlx::query(FORGET_NAME).bind(id.to_string()).execute(&mut *tx).await?;
    expect_rows(&written, 1, "account")?;
    words::rewrite(tx, id).await
}
