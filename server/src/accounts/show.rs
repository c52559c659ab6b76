//! Reading one account for somebody who may see it.

use receivables::account_balance::AccountBalance;
use receivables::allocation::{AllocationOrder, PaymentRules, next_due};
use receivables::api::accounts::AccountDocument;
use receivables::calendar::CivilDate;
use receivables::ids::AccountId;
use receivables::money::{Currency, MinorUnits};
use receivables::open_item::OpenItem;
use sqlx::any::AnyRow;
use sqlx::{AnyPool, Row};

use crate::db::DbError;
use crate::sign_in::Reach;

/// The owner stands in the query itself: an account of someone else is simply not found.
const FIND_WITHIN: &str = "
select a.number, a.name, a.currency, a.allocation_order, a.credit, a.version
from account a
where a.id = $1 and ($2 = '*' or exists (
  select 1 from account_customer c where c.account_id = a.id and c.customer_id = $2))";

pub(super) const SQL: &[&str] = &[FIND_WITHIN];

#[derive(Clone, Debug)]
pub struct AccountRow {
    pub id: AccountId,
    pub number: String,
    pub name: String,
    pub currency: Currency,
    pub order: Option<AllocationOrder>,
    pub credit: MinorUnits,
    pub version: i64,
}

impl AccountRow {
    /// The biller's rules with the account's own order where it has one.
    pub fn rules(&self, biller: &PaymentRules) -> PaymentRules {
        PaymentRules { order: self.order.unwrap_or(biller.order), ..*biller }
    }
}

/// The account, if there is one within reach.
pub async fn find_within(
    pool: &AnyPool,
    id: AccountId,
    reach: Reach,
) -> Result<Option<AccountRow>, DbError> {
    let row = sqlx::query(FIND_WITHIN)
        .bind(id.to_string())
        .bind(reach.owner())
        .fetch_optional(pool)
        .await?;
    row.map(|row| account_row(&row, id)).transpose()
}

/// The columns of an account, whoever asked for them.
pub(super) fn account_row(row: &AnyRow, id: AccountId) -> Result<AccountRow, DbError> {
    let inconsistent = |column| DbError::inconsistent("account", column, id);
    let currency: String = row.try_get("currency")?;
    let order: Option<String> = row.try_get("allocation_order")?;
    let order = order
        .map(|code| AllocationOrder::parse(&code).ok_or_else(|| inconsistent("allocation_order")));
    Ok(AccountRow {
        id,
        number: row.try_get("number")?,
        name: row.try_get("name")?,
        currency: Currency::parse(&currency).map_err(|_| inconsistent("currency"))?,
        order: order.transpose()?,
        credit: MinorUnits::new(row.try_get("credit")?),
        version: row.try_get("version")?,
    })
}

/// The account with its sums, as documents show it.
pub fn balance_of(account: AccountRow, items: &[OpenItem], today: CivilDate) -> AccountDocument {
    let sums = AccountBalance::of(items, today);
    AccountDocument {
        id: account.id,
        number: account.number,
        name: account.name,
        currency: account.currency,
        owed: sums.owed,
        past_due: sums.past_due,
        due_now: sums.due_now,
        credit_on_account: account.credit,
        in_progress: sums.in_flight,
        available_to_pay: sums.available,
        on_hold: sums.on_hold,
        next_due: next_due(items, today),
        version: account.version,
    }
}
