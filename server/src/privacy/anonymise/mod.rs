//! A test copy of a live database: everybody in it is somebody else, and every sum, date and
//! shape is as it was.
//!
//! Nothing is copied because nobody thought of it: tables are listed, codes are listed, and
//! every other text is either one of our own ids, a day, or replaced. What only proves who
//! somebody is, what waits to be sent, what others told us and the audit trail stay behind. The copy is stamped
//! as a sandbox, so it can never ask a gateway about anybody.

mod pseudonyms;
mod texts;

use std::sync::{Arc, Mutex, PoisonError};

use receivables::api::portal::GatewayMode;
use sqlx::{AnyPool, AssertSqlSafe, Row};

use super::PrivacyError;
use crate::backup::{Alter, CopyRows};
use crate::clock::Chance;
use crate::db::{Database, Engine};
use crate::{installation, ledger};
use pseudonyms::Pseudonyms;

/// What the copy has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anonymised {
    pub accounts: i64,
    pub payments: i64,
    pub rows: i64,
}

const TABLES: [&str; 19] = [
    "customer",
    "account",
    "account_customer",
    "bill",
    "bill_line",
    "bill_hold",
    "payment",
    "reservation",
    "payment_attempt",
    "payment_history",
    "posting",
    "entry",
    "application",
    "receipt",
    "adjustment",
    "external_payment",
    "external_money",
    "refund",
    "dispute",
];

/// Copies `source` into the empty database `target` with everybody's names, addresses and
/// references replaced, and holds the copy's book against the source's.
pub async fn anonymise(
    source: &Database,
    target: &Database,
    chance: &dyn Chance,
) -> Result<Anonymised, PrivacyError> {
    if source.engine() == Engine::Postgres && target.engine() == Engine::Postgres {
        let words = "one of the two databases must be a SQLite file: PostgreSQL to PostgreSQL";
        return Err(PrivacyError::Unreadable(words.to_owned()));
    }
    for table in TABLES {
        if any_row(target.read(), table).await? {
            return Err(PrivacyError::NotEmpty(table.to_owned()));
        }
    }
    let stamped = installation::stamp(target, GatewayMode::Sandbox).await?;
    stamped.map_err(|_| PrivacyError::NotEmpty("installation".to_owned()))?;
    let mask = Mask(Mutex::new(Pseudonyms::drawn(chance)));
    let copy = CopyRows { from: source.read().clone(), alter: Arc::new(mask) };
    let copied = target.write(copy).await?;
    let broken = ledger::check(target.read()).await?.into_iter().filter(|f| !f.broken.is_empty());
    let mut broken: Vec<String> = broken.map(|finding| finding.holds.to_owned()).collect();
    if sums(source.read()).await? != sums(target.read()).await? {
        broken.push("the sums of the copy are not those of the source".to_owned());
    }
    if !broken.is_empty() {
        return Err(PrivacyError::BookBroken(broken));
    }
    let of = |name: &str| copied.iter().find(|(table, _)| table == name).map_or(0, |(_, n)| *n);
    let rows = copied.iter().map(|(_, rows)| rows).sum();
    Ok(Anonymised { accounts: of("account"), payments: of("payment"), rows })
}

async fn any_row(pool: &AnyPool, table: &str) -> Result<bool, PrivacyError> {
    // A name out of the list above.
    let any = AssertSqlSafe(format!("select 1 from {table} limit 1"));
    Ok(sqlx::query(any).fetch_optional(pool).await?.is_some())
}

/// Each account's balances in the book.
async fn sums(pool: &AnyPool) -> Result<Vec<(String, String, String, i64)>, PrivacyError> {
    let text = "select account_id, book_account, currency, cast(sum(amount) as bigint) as total \
                from entry group by account_id, book_account, currency";
    let rows = sqlx::query(text).fetch_all(pool).await?;
    let mut sums = Vec::with_capacity(rows.len());
    for row in rows {
        sums.push((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?));
    }
    // The engines sort texts in different ways.
    sums.sort_unstable();
    Ok(sums)
}

/// What becomes of each value on its way.
struct Mask(Mutex<Pseudonyms>);

impl Alter for Mask {
    fn copies(&self, table: &str) -> bool {
        TABLES.contains(&table)
    }

    fn text(&self, table: &str, column: &str, text: String) -> Option<String> {
        // Whose session began a payment is of no use in a copy without sessions.
        if (table, column) == ("payment", "session_hash") {
            return None;
        }
        let mut pseudonyms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Some(texts::masked(table, column, text, &mut pseudonyms))
    }

    fn number(&self, _table: &str, column: &str, number: i64) -> Option<i64> {
        // Nobody looks at a copy's payments at any gateway.
        (column != "look_at").then_some(number)
    }
}
