//! The rows a posting writes, by the rooms' own statements, each once.

use receivables::ids::BillId;
use rusqlite::types::{Null, ToSqlOutput};
use server::db::{Engine, widened};
use server::payments::PaymentRecord;
use server::state::Portal;
use sqlx::Row;

use crate::Outcome;

const LINES: usize = 3;

pub type Statement = (&'static str, Vec<Value>);

/// PostgreSQL wants to know of what kind nothing is.
#[derive(Clone, Debug)]
pub enum Value {
    Text(String),
    Number(i64),
    NoText,
    NoNumber,
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Text(text) => text.to_sql(),
            Self::Number(number) => number.to_sql(),
            Self::NoText | Self::NoNumber => Ok(Null.into()),
        }
    }
}

/// A receipt and its two messages as the portal wrote them: as many bytes as in earnest.
pub struct Samples {
    receipt: String,
    letter: String,
    write_back: String,
    gateway: &'static str,
    today: String,
    now: i64,
}

pub struct Texts {
    lock: &'static str,
    payment: &'static str,
    release: &'static str,
    open_items: &'static str,
    posting: &'static str,
    entries: &'static str,
    applications: &'static str,
    settle: &'static str,
    count_receipt: &'static str,
    receipt: &'static str,
    change: &'static str,
    history: &'static str,
    outbox: &'static str,
}

/// One payment about to be posted.
pub struct Rows<'a> {
    texts: &'a Texts,
    samples: &'a Samples,
    payment: &'a PaymentRecord,
    id: Value,
    account: Value,
    posting: Value,
    gateway_ref: Value,
    today: Value,
    now: Value,
}

impl<'a> Rows<'a> {
    pub fn of(texts: &'a Texts, samples: &'a Samples, payment: &'a PaymentRecord) -> Self {
        Self {
            texts,
            samples,
            payment,
            id: text(payment.id),
            account: text(payment.account_id),
            posting: text(payment.id.to_string().replacen("pay", "pst", 1)),
            gateway_ref: text(payment.gateway_ref.clone().unwrap_or_default()),
            today: text(&samples.today),
            now: Value::Number(samples.now),
        }
    }

    /// All that is written, and the three reads a posting cannot do without.
    pub fn statements(&self) -> Vec<Statement> {
        let texts = self.texts;
        let (id, account) = (|| self.id.clone(), || self.account.clone());
        let settle = vec![self.posting.clone(), account(), self.today.clone()];
        let number = text(format!("R-{}", self.payment.id));
        let receipt = text(&self.samples.receipt);
        let version = Value::Number(self.payment.version + 1);
        let (event, state) = (text("money_received"), text("posted"));
        vec![
            (texts.lock, vec![account()]),
            (texts.payment, vec![id()]),
            (texts.release, vec![id()]),
            (texts.open_items, vec![account()]),
            (texts.posting, self.posting()),
            (texts.entries, self.entries()),
            (texts.applications, self.applications()),
            (texts.settle, settle),
            (texts.count_receipt, vec![account(), Value::Number(0)]),
            (texts.receipt, vec![id(), account(), number, self.now.clone(), receipt]),
            (texts.change, self.change()),
            (texts.history, vec![id(), version, event, state, self.now.clone()]),
            (texts.outbox, self.outbox()),
        ]
    }

    fn posting(&self) -> Vec<Value> {
        vec![
            self.posting.clone(),
            self.account.clone(),
            text("payment_received"),
            text(self.samples.gateway),
            self.gateway_ref.clone(),
            self.id.clone(),
            Value::NoText,
            self.today.clone(),
            self.now.clone(),
        ]
    }

    fn entries(&self) -> Vec<Value> {
        let entry = |n: i64, book: &str, bill: Value, amount: i64| {
            let (posting, account) = (self.posting.clone(), self.account.clone());
            let currency = text(self.payment.currency.code());
            [posting, Value::Number(n), account, text(book), bill, currency, Value::Number(amount)]
        };
        let clearing = format!("clearing:{}", self.samples.gateway);
        let received = entry(1, &clearing, Value::NoText, self.payment.amount.get());
        let owed = (2..)
            .zip(self.lines())
            .flat_map(|(n, (bill, amount))| entry(n, "receivable", text(bill), -amount));
        received.into_iter().chain(owed).collect()
    }

    fn applications(&self) -> Vec<Value> {
        let application = |(line, (bill, amount)): (usize, (BillId, i64))| {
            [
                text(format!("{line}{}", self.payment.id)),
                self.posting.clone(),
                self.account.clone(),
                self.id.clone(),
                Value::NoText,
                text(bill),
                Value::Number(amount),
                Value::NoText,
                text("you_chose_it"),
                self.today.clone(),
            ]
        };
        self.lines().enumerate().flat_map(application).collect()
    }

    fn lines(&self) -> impl Iterator<Item = (BillId, i64)> {
        let lines = self.payment.preview.lines.iter().take(LINES);
        lines.map(|line| (line.bill_id, line.amount.get()))
    }

    fn change(&self) -> Vec<Value> {
        vec![
            self.id.clone(),
            Value::Number(self.payment.version),
            text("posted"),
            Value::NoText,
            self.gateway_ref.clone(),
            Value::Number(self.payment.amount.get()),
            text(self.payment.tender.code()),
            text("Visa 4242"),
            self.now.clone(),
            Value::NoNumber,
            Value::Number(0),
        ]
    }

    fn outbox(&self) -> Vec<Value> {
        let message = |kind: &str, payload: &str| {
            let (id, account) = (text(format!("{kind}{}", self.payment.id)), self.account.clone());
            [id, account, text(kind), text(payload), self.now.clone(), self.now.clone()]
        };
        let letter = message("receipt_mail", &self.samples.letter);
        letter.into_iter().chain(message("write_back", &self.samples.write_back)).collect()
    }
}

fn text(of: impl ToString) -> Value {
    Value::Text(of.to_string())
}

impl Samples {
    /// From a payment posted before.
    pub async fn of(portal: &Portal) -> Outcome<Self> {
        let pool = portal.db.read();
        let message = "select payload from outbox where kind = $1 and done_at is null limit 1";
        let letter = sqlx::query(message).bind("receipt_mail").fetch_one(pool).await?;
        let write_back = sqlx::query(message).bind("write_back").fetch_one(pool).await?;
        let receipt = "select content from receipt limit 1";
        Ok(Self {
            receipt: sqlx::query(receipt).fetch_one(pool).await?.try_get(0)?,
            letter: letter.try_get(0)?,
            write_back: write_back.try_get(0)?,
            gateway: portal.gateway_name(),
            today: portal.today().to_string(),
            now: portal.now().0,
        })
    }
}

impl Texts {
    pub fn new(engine: Engine) -> Outcome<Self> {
        let find = |start: &str, rows: usize| find_text(engine, start, rows);
        Ok(Self {
            lock: find("update account set version", 1)?,
            payment: find("select p.id, p.account_id", 1)?,
            release: find("delete from reservation", 1)?,
            open_items: find("select b.id, b.number, b.period_from", 1)?,
            posting: find("insert into posting", 1)?,
            entries: find("insert into entry", LINES + 1)?,
            applications: find("insert into application", LINES)?,
            settle: find("update bill set open_amount = bill.open_amount + e.amount", 1)?,
            count_receipt: find("update account set credit", 1)?,
            receipt: find("insert into receipt", 1)?,
            change: find("update payment set state", 1)?,
            history: find("insert into payment_history", 1)?,
            outbox: find("insert into outbox", 2)?,
        })
    }
}

/// The room's text that begins so, for so many rows, as the engine wants it bound.
pub fn find_text(engine: Engine, start: &str, rows: usize) -> Outcome<&'static str> {
    let text = one_of_the_rooms(start).ok_or(format!("no room has {start}"))?;
    let text = if rows > 1 { widened(text, rows) } else { text.to_owned() };
    // By name SQLite counts `$2` as the first where it comes first; `?2` is the second.
    let text = if engine == Engine::Sqlite { text.replace('$', "?") } else { text };
    Ok(text.leak())
}

/// The first text that begins so: measured is what runs, not a copy of it.
fn one_of_the_rooms(start: &str) -> Option<&'static str> {
    let lists: [&'static [&'static [&'static str]]; 6] = [
        server::accounts::SQL,
        server::audit::SQL,
        server::bills::SQL,
        server::ledger::SQL,
        server::payments::SQL,
        server::receipts::SQL,
    ];
    let texts = lists.concat().concat().into_iter().chain(server::outbox::SQL.iter().copied());
    let mut found = texts
        .filter(|text| text.split_whitespace().collect::<Vec<_>>().join(" ").starts_with(start));
    found.next()
}
