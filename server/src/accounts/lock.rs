//! The lock of an account, and what it guards.

use receivables::allocation::{AllocationOrder, PaymentRules};
use receivables::ids::AccountId;
use receivables::money::{Currency, MinorUnits};
use sqlx::{AnyConnection, Row};

use crate::db::{DbError, expect_rows};

/// The update is the lock: it is held until the command's transaction ends, on every engine.
const LOCK: &str = "
update account set version = version + 1 where id = $1
returning number, name, currency, allocation_order, credit";

/// Adds what stays on account and counts the receipt, in one statement under the lock.
const COUNT_RECEIPT: &str = "
update account set credit = credit + $2, receipts_issued = receipts_issued + 1 where id = $1
returning receipts_issued";

/// The table's own check refuses to go below nothing.
const CHANGE_CREDIT: &str = "update account set credit = credit + $2 where id = $1";

pub(super) const SQL: &[&str] = &[LOCK, COUNT_RECEIPT, CHANGE_CREDIT];

/// An account whose money nobody else moves until the transaction ends.
#[derive(Clone, Debug)]
pub struct LockedAccount {
    pub id: AccountId,
    pub number: String,
    pub name: String,
    pub currency: Currency,
    pub order: Option<AllocationOrder>,
    pub credit: MinorUnits,
}

impl LockedAccount {
    /// The biller's rules with the account's own order where it has one.
    pub fn rules(&self, biller: &PaymentRules) -> PaymentRules {
        PaymentRules { order: self.order.unwrap_or(biller.order), ..*biller }
    }
}

/// Takes the account's lock; `None` when there is no such account.
pub async fn lock(tx: &mut AnyConnection, id: AccountId) -> Result<Option<LockedAccount>, DbError> {
    let row = sqlx::query(LOCK).bind(id.to_string()).fetch_optional(tx).await?;
    let Some(row) = row else { return Ok(None) };
    let inconsistent = |column| DbError::inconsistent("account", column, id);
    let currency: String = row.try_get("currency")?;
    Ok(Some(LockedAccount {
        id,
        number: row.try_get("number")?,
        name: row.try_get("name")?,
        currency: Currency::parse(&currency).map_err(|_| inconsistent("currency"))?,
        order: parse_order(row.try_get("allocation_order")?)
            .map_err(|()| inconsistent("allocation_order"))?,
        credit: MinorUnits::new(row.try_get("credit")?),
    }))
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

/// The stored order; none means the biller's.
pub(super) fn parse_order(code: Option<String>) -> Result<Option<AllocationOrder>, ()> {
    code.map(|code| AllocationOrder::parse(&code).ok_or(())).transpose()
}
