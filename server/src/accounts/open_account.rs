//! Opening an account, with the customers who may see and pay it.

use std::collections::HashMap;

use receivables::calendar::Micros;
use receivables::ids::{AccountId, CustomerId};
use receivables::money::Currency;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use super::words::{self, Called};
use crate::db::{DbError, ROWS_AT_MOST, expect_rows, widened};

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

const FIND_CUSTOMERS: &str = "select id, email, name from customer where email in ($1)";

const LINK_CUSTOMER: &str = "
insert into account_customer (customer_id, account_id) values ($1, $2)";

const FIND_NUMBERS: &str = "select number from account where number in ($1)";

pub const SQL: &[&str] =
    &[INSERT_ACCOUNT, INSERT_CUSTOMER, FIND_CUSTOMERS, LINK_CUSTOMER, FIND_NUMBERS];

/// Opens `account` unless its number is known.
pub async fn open_account(
    tx: &mut AnyConnection,
    account: &NewAccount,
    now: Micros,
) -> Result<OpenedAccount, DbError> {
    let accounts = std::slice::from_ref(account);
    if insert_accounts(tx, accounts).await? == 0 {
        return Ok(OpenedAccount::NumberIsKnown);
    }
    give_customers(tx, accounts, now).await?;
    Ok(OpenedAccount::Opened)
}

/// Opens accounts whose numbers are all new; one that is not fails the whole transaction.
pub async fn open_accounts(
    tx: &mut AnyConnection,
    accounts: &[NewAccount],
    now: Micros,
) -> Result<(), DbError> {
    for some in accounts.chunks(ROWS_AT_MOST) {
        let (found, expected) = (insert_accounts(tx, some).await?, some.len() as u64);
        if found != expected {
            return Err(DbError::RowsAffected { what: "account", found, expected });
        }
        give_customers(tx, some, now).await?;
    }
    Ok(())
}

/// One of these numbers that an account has already.
pub async fn known_number(
    tx: &mut AnyConnection,
    numbers: &[&str],
) -> Result<Option<String>, DbError> {
    for some in numbers.chunks(ROWS_AT_MOST) {
        let mut query = sqlx::query(AssertSqlSafe(widened(FIND_NUMBERS, some.len())));
        for number in some {
            query = query.bind(*number);
        }
        if let Some(row) = query.fetch_optional(&mut *tx).await? {
            return Ok(Some(row.try_get(0)?));
        }
    }
    Ok(None)
}

async fn insert_accounts(tx: &mut AnyConnection, accounts: &[NewAccount]) -> Result<u64, DbError> {
    let mut query = sqlx::query(AssertSqlSafe(widened(INSERT_ACCOUNT, accounts.len())));
    for account in accounts {
        query = query
            .bind(account.id.to_string())
            .bind(&account.number)
            .bind(&account.name)
            .bind(account.currency.code());
    }
    Ok(query.execute(tx).await?.rows_affected())
}

/// Lets their customers see and pay them, and lets them be found.
async fn give_customers(
    tx: &mut AnyConnection,
    accounts: &[NewAccount],
    now: Micros,
) -> Result<(), DbError> {
    let wanted: Vec<(&NewAccount, &NewCustomer)> = accounts
        .iter()
        .flat_map(|account| account.customers.iter().map(move |customer| (account, customer)))
        .collect();
    let mut called: HashMap<AccountId, Called> = accounts
        .iter()
        .map(|account| {
            let names = vec![account.number.clone(), account.name.clone()];
            (account.id, Called { names, emails: Vec::new() })
        })
        .collect();
    for some in wanted.chunks(ROWS_AT_MOST) {
        insert_customers(tx, some, now).await?;
        let known = find_customers(tx, some).await?;
        let mut query = sqlx::query(AssertSqlSafe(widened(LINK_CUSTOMER, some.len())));
        for (account, customer) in some {
            let known = known
                .get(&customer.email)
                .ok_or_else(|| DbError::inconsistent("customer", "email", account.id))?;
            query = query.bind(known.id.clone()).bind(account.id.to_string());
            if let Some(called) = called.get_mut(&account.id) {
                called.names.push(known.name.clone());
                called.emails.push(customer.email.clone());
            }
        }
        let linked = query.execute(&mut *tx).await?;
        expect_rows(&linked, some.len() as u64, "account_customer")?;
    }
    words::write(tx, &called).await
}

async fn insert_customers(
    tx: &mut AnyConnection,
    customers: &[(&NewAccount, &NewCustomer)],
    now: Micros,
) -> Result<(), DbError> {
    let mut query = sqlx::query(AssertSqlSafe(widened(INSERT_CUSTOMER, customers.len())));
    for (_, customer) in customers {
        query = query
            .bind(customer.id.to_string())
            .bind(&customer.email)
            .bind(&customer.name)
            .bind(now.0);
    }
    query.execute(tx).await?;
    Ok(())
}

/// The customer of an address, who may have been here before under another name.
struct KnownCustomer {
    id: String,
    name: String,
}

async fn find_customers(
    tx: &mut AnyConnection,
    customers: &[(&NewAccount, &NewCustomer)],
) -> Result<HashMap<String, KnownCustomer>, DbError> {
    let mut query = sqlx::query(AssertSqlSafe(widened(FIND_CUSTOMERS, customers.len())));
    for (_, customer) in customers {
        query = query.bind(&customer.email);
    }
    let mut found = HashMap::new();
    for row in query.fetch_all(tx).await? {
        let known = KnownCustomer { id: row.try_get("id")?, name: row.try_get("name")? };
        found.insert(row.try_get("email")?, known);
    }
    Ok(found)
}
