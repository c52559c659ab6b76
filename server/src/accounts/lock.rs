//! The lock of an account, and what it guards.

use std::collections::BTreeMap;
use std::ops::Deref;

use receivables::ids::{AccountId, PaymentId};
use receivables::money::MinorUnits;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use super::show::{AccountRow, account_row};
use crate::db::{DbError, ROWS_AT_MOST, expect_rows, widened};

/// The update is the lock: it is held until the command's transaction ends, on every engine.
const LOCK: &str = "
update account set version = version + 1 where id = $1
returning id, number, name, currency, allocation_order, credit, version";

/// Of several at once, each the same.
const LOCK_MANY: &str = "
update account set version = version + 1 where id in ($1)
returning id, number, name, currency, allocation_order, credit, version";

/// The same for whoever knows the payment and not yet its account, which never changes.
const LOCK_FOR_PAYMENT: &str = "
update account set version = version + 1
where id = (select account_id from payment where id = $1)
returning id, number, name, currency, allocation_order, credit, version";

/// Adds what stays on account and counts the receipt, in one statement under the lock.
const COUNT_RECEIPT: &str = "
update account set credit = credit + $2, receipts_issued = receipts_issued + 1 where id = $1
returning receipts_issued";

/// The table's own check refuses to go below nothing.
const CHANGE_CREDIT: &str = "update account set credit = credit + $2 where id = $1";

pub(super) const SQL: &[&str] = &[LOCK, LOCK_MANY, LOCK_FOR_PAYMENT, COUNT_RECEIPT, CHANGE_CREDIT];

/// An account whose money nobody else moves until the transaction ends.
#[derive(Clone, Debug)]
pub struct LockedAccount(AccountRow);

impl Deref for LockedAccount {
    type Target = AccountRow;

    fn deref(&self) -> &AccountRow {
        &self.0
    }
}

/// Takes the account's lock; `None` when there is no such account.
pub async fn lock(tx: &mut AnyConnection, id: AccountId) -> Result<Option<LockedAccount>, DbError> {
    let row = sqlx::query(LOCK).bind(id.to_string()).fetch_optional(tx).await?;
    row.map(|row| account_row(&row, id).map(LockedAccount)).transpose()
}

/// Takes the locks of several accounts; those that are not there are not in the answer.
pub async fn lock_many(
    tx: &mut AnyConnection,
    ids: &[AccountId],
) -> Result<BTreeMap<AccountId, LockedAccount>, DbError> {
    let mut locked = BTreeMap::new();
    for some in ids.chunks(ROWS_AT_MOST) {
        let mut query = sqlx::query(AssertSqlSafe(widened(LOCK_MANY, some.len())));
        for id in some {
            query = query.bind(id.to_string());
        }
        for row in query.fetch_all(&mut *tx).await? {
            let id: String = row.try_get("id")?;
            let id =
                AccountId::parse(&id).map_err(|_| DbError::inconsistent("account", "id", &id))?;
            locked.insert(id, LockedAccount(account_row(&row, id)?));
        }
    }
    Ok(locked)
}

/// Takes the lock of the account a payment is for; `None` when there is no such payment. Read
/// the payment itself after it.
pub async fn lock_for_payment(
    tx: &mut AnyConnection,
    id: PaymentId,
) -> Result<Option<LockedAccount>, DbError> {
    let row = sqlx::query(LOCK_FOR_PAYMENT).bind(id.to_string()).fetch_optional(tx).await?;
    let Some(row) = row else { return Ok(None) };
    let account_id = AccountId::parse(row.try_get("id")?)
        .map_err(|_| DbError::inconsistent("payment", "account_id", id))?;
    account_row(&row, account_id).map(LockedAccount).map(Some)
}

/// Notes a posting on its account: what no bill took becomes credit, and the receipt is the
/// account's next. Only within a posting, under the lock.
pub async fn count_receipt(
    tx: &mut AnyConnection,
    id: AccountId,
    credit_added: MinorUnits,
) -> Result<i64, DbError> {
    let query = sqlx::query(COUNT_RECEIPT).bind(id.to_string()).bind(credit_added.get());
    Ok(query.fetch_one(tx).await?.try_get(0)?)
}

/// Notes that credit came or was spent (negative). Only beside its postings, under the lock.
pub async fn change_credit(
    tx: &mut AnyConnection,
    id: AccountId,
    by: MinorUnits,
) -> Result<(), DbError> {
    let query = sqlx::query(CHANGE_CREDIT).bind(id.to_string()).bind(by.get());
    expect_rows(&query.execute(tx).await?, 1, "account")
}
