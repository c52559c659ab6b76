//! `paydown preview`: what a payment would settle, as a table for the terminal.

use std::fmt::Write;

use receivables::allocation::{
    AllocationOrder, Direction, PaymentRules, Preview, PreviewLine, PreviewRefusal, preview,
};
use receivables::ids::AccountId;
use receivables::money::{Currency, MinorUnits, Money};
use receivables::typed_amount::parse_typed_amount;
use receivables::words::{
    Language, Message, bill_numbers, preview_refusal, say, typed_amount_error,
};
use sqlx::Row;
use thiserror::Error;

use crate::bills::{StoredItem, open_items};
use crate::clock::Clock;
use crate::config::Loaded;
use crate::db::{Database, DbError};

const FIND_BY_NUMBER: &str =
    "select id, name, currency, allocation_order, credit from account where number = $1";

/// Every SQL text of this file, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] = &[&[FIND_BY_NUMBER]];

#[derive(clap::Args, Debug)]
pub struct PreviewArgs {
    /// The account's number.
    account: String,
    /// How much, as one would type it: 45, 45.50, 1,234.50.
    amount: String,
    /// Another allocation order than the account's own.
    #[arg(long)]
    order: Option<String>,
}

#[derive(Debug, Error)]
pub enum CounterError {
    #[error("there is no account {0}")]
    NoSuchAccount(String),
    #[error("there is no allocation order {0:?}; there are {known}", known = orders())]
    NoSuchOrder(String),
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Database(#[from] DbError),
}

fn orders() -> String {
    AllocationOrder::ALL.map(AllocationOrder::code).join(", ")
}

struct CounterAccount {
    id: AccountId,
    name: String,
    currency: Currency,
    order: Option<AllocationOrder>,
    credit: MinorUnits,
}

/// The preview of one amount on one account; nothing is stored.
pub async fn preview_table(
    database: &Database,
    loaded: &Loaded,
    clock: &dyn Clock,
    wanted: &PreviewArgs,
) -> Result<String, CounterError> {
    let account = find(database, &wanted.account).await?;
    let (language, currency) = (Language::EnglishUs, account.currency);
    let amount =
        parse_typed_amount(&wanted.amount, currency, language.number_style()).map_err(|error| {
            let words = typed_amount_error(language, &error, &wanted.amount, currency);
            CounterError::Refused(words)
        })?;
    let chosen = wanted.order.as_deref().map(|code| {
        AllocationOrder::parse(code).ok_or_else(|| CounterError::NoSuchOrder(code.to_owned()))
    });
    let biller = loaded.settings.payment_rules(currency);
    let order = chosen.transpose()?.or(account.order).unwrap_or(biller.order);
    let stored = open_items(database.read(), account.id).await?;
    let items: Vec<_> = stored.iter().map(|stored| stored.item.clone()).collect();
    let snapshot = receivables::allocation::AccountSnapshot {
        currency,
        items: &items,
        credit_on_account: account.credit,
        rules: PaymentRules { order, ..biller },
        today: loaded.zone.day(clock.now()),
    };
    let worked_out = preview(&snapshot, amount, &Direction::default());
    let worked_out = worked_out.map_err(|refusal: PreviewRefusal| {
        let words = preview_refusal(language, &refusal, currency, bill_numbers(&items));
        CounterError::Refused(words)
    })?;
    Ok(table(&account, &stored, &worked_out))
}

async fn find(database: &Database, number: &str) -> Result<CounterAccount, CounterError> {
    let row = sqlx::query(FIND_BY_NUMBER).bind(number).fetch_optional(database.read()).await;
    let row = row.map_err(DbError::from)?;
    let row = row.ok_or_else(|| CounterError::NoSuchAccount(number.to_owned()))?;
    let wrong = |column| DbError::inconsistent("account", column, number);
    let text = |column| row.try_get::<String, _>(column).map_err(DbError::from);
    let order: Option<String> = row.try_get("allocation_order").map_err(DbError::from)?;
    Ok(CounterAccount {
        id: AccountId::parse(&text("id")?).map_err(|_| wrong("id"))?,
        name: text("name")?,
        currency: Currency::parse(&text("currency")?).map_err(|_| wrong("currency"))?,
        order: order.as_deref().and_then(AllocationOrder::parse),
        credit: MinorUnits::new(row.try_get("credit").map_err(DbError::from)?),
    })
}

fn table(account: &CounterAccount, stored: &[StoredItem], preview: &Preview) -> String {
    let money = |amount| Money::new(amount, preview.currency).to_string();
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = writeln!(text, "If {} is paid on {}:", money(preview.amount), account.name);
    let named: Vec<(String, &PreviewLine)> =
        preview.lines.iter().map(|line| (name_of(line, stored), line)).collect();
    let width = named.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(4).max(4);
    let _ = writeln!(
        text,
        "{:<width$}  {:<10} {:>14} {:>14} {:>14}  why",
        "bill", "due", "left now", "this payment", "left after"
    );
    for (name, line) in named {
        let due_on = line.due_on.map(|day| day.to_string()).unwrap_or_default();
        let why = say(Language::EnglishUs, Message::of_reason(line.reason), &[]);
        let _ = writeln!(
            text,
            "{name:<width$}  {due_on:<10} {:>14} {:>14} {:>14}  {why}",
            money(line.before),
            money(line.amount),
            money(line.after),
        );
    }
    let _ = writeln!(text, "Left to pay after: {}", money(preview.owed_after));
    let _ = writeln!(text, "Still past due:    {}", money(preview.past_due_after));
    if preview.credit_after.is_positive() {
        let _ = writeln!(text, "Credit on account: {}", money(preview.credit_after));
    }
    if let Some(next) = preview.next_due {
        let _ = writeln!(text, "Next due:          {} on {}", money(next.amount), next.on);
    }
    text
}

/// The bill's number, with its period where it has one.
fn name_of(line: &PreviewLine, stored: &[StoredItem]) -> String {
    let stored = stored.iter().find(|stored| stored.item.bill_id == line.bill_id);
    match stored.and_then(|stored| stored.period) {
        Some(period) => format!("{} ({})", line.bill_number, period.in_words()),
        None => line.bill_number.clone(),
    }
}
