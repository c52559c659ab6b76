//! The portal in numbers, in the text format that Prometheus reads.

use std::fmt::Write;

use receivables::calendar::Micros;
use sqlx::{AnyPool, Row};

use crate::db::DbError;
use crate::state::Portal;

const OLDEST_UNPOSTED_EVENT: &str = "
select count(*), min(received_at) from gateway_event where applied_at is null";

const OUTBOX: &str = "
select count(*), min(due_at), cast(coalesce(max(tries), 0) as bigint) from outbox
where done_at is null and due_at <= $1";

const PAYMENTS: &str = "select state, count(*) from payment group by state order by state";

const UNSEALED: &str = "select min(at) from audit_act where n is null";

const CREDIT: &str = "
select currency, cast(sum(credit) as bigint) from account group by currency order by currency";

const WORK: &str = "select count(*), min(opened_at) from work_item where done_at is null";

pub(super) const SQL: &[&str] = &[OLDEST_UNPOSTED_EVENT, OUTBOX, UNSEALED, WORK, PAYMENTS, CREDIT];

/// What was found at one moment.
#[derive(Clone, Debug)]
pub struct Measured {
    pub books_ok: bool,
    /// Since the book was last checked.
    pub books_age_seconds: i64,
    pub events_waiting: i64,
    pub oldest_unposted_event_seconds: i64,
    pub outbox_waiting: i64,
    /// How long the longest waiting letter or write-back has been due.
    pub outbox_age_seconds: i64,
    pub outbox_most_tries: i64,
    /// How long the oldest act has waited for its place in the audit trail.
    pub audit_unsealed_seconds: i64,
    /// What waits for a person.
    pub work_items: i64,
    pub oldest_work_item_seconds: i64,
    pub payments: Vec<(String, i64)>,
    /// Paid and not applied, in minor units.
    pub credit: Vec<(String, i64)>,
}

pub async fn measure(portal: &Portal) -> Result<Measured, DbError> {
    let (pool, now) = (portal.db.read(), portal.now());
    let age = |since: Option<i64>| since.map_or(0, |at| seconds_between(Micros(at), now));
    let events = sqlx::query(OLDEST_UNPOSTED_EVENT).fetch_one(pool).await?;
    let outbox = sqlx::query(OUTBOX).bind(now.0).fetch_one(pool).await?;
    let unsealed = sqlx::query(UNSEALED).fetch_one(pool).await?;
    let work = sqlx::query(WORK).fetch_one(pool).await?;
    let checked = portal.book.last();
    Ok(Measured {
        books_ok: !portal.book.is_halted(),
        books_age_seconds: age(checked.map(|checked| checked.at.0)),
        events_waiting: events.try_get(0)?,
        oldest_unposted_event_seconds: age(events.try_get(1)?),
        outbox_waiting: outbox.try_get(0)?,
        outbox_age_seconds: age(outbox.try_get(1)?),
        outbox_most_tries: outbox.try_get(2)?,
        audit_unsealed_seconds: age(unsealed.try_get(0)?),
        work_items: work.try_get(0)?,
        oldest_work_item_seconds: age(work.try_get(1)?),
        payments: counts(pool, PAYMENTS).await?,
        credit: counts(pool, CREDIT).await?,
    })
}

async fn counts(pool: &AnyPool, text: &'static str) -> Result<Vec<(String, i64)>, DbError> {
    let rows = sqlx::query(text).fetch_all(pool).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

fn seconds_between(since: Micros, now: Micros) -> i64 {
    (now.0.saturating_sub(since.0) / 1_000_000).max(0)
}

impl Measured {
    pub fn attempts_unknown(&self) -> i64 {
        let unknown = self.payments.iter().find(|(state, _)| state == "unknown");
        unknown.map_or(0, |(_, count)| *count)
    }

    pub fn text(&self) -> String {
        let mut text = Text::default();
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        text.gauge("build_info", "The program that runs.", &[(&version, 1)]);
        text.one("books_ok", "1 when every invariant of the book holds.", self.books_ok.into());
        let since = "Seconds since the book was last checked.";
        text.one("books_checked_age_seconds", since, self.books_age_seconds);
        let waiting = "Events of the gateway that are stored and not yet acted upon.";
        text.one("events_waiting", waiting, self.events_waiting);
        let oldest = "Age of the oldest of them.";
        text.one("oldest_unposted_event_seconds", oldest, self.oldest_unposted_event_seconds);
        let unknown = "Payments of which it is not known whether money was taken.";
        text.one("attempts_unknown", unknown, self.attempts_unknown());
        let due = "Mails and write-backs that are due and not delivered.";
        text.one("outbox_waiting", due, self.outbox_waiting);
        text.one("outbox_age_seconds", "Since when the oldest is due.", self.outbox_age_seconds);
        let tries = "How often the most stubborn of them was tried.";
        text.one("outbox_most_tries", tries, self.outbox_most_tries);
        let unsealed = "Since when the oldest act waits for its place in the audit trail.";
        text.one("audit_unsealed_seconds", unsealed, self.audit_unsealed_seconds);
        text.one("work_items", "Open items of the work list.", self.work_items);
        let oldest = "Since when the oldest of them waits for a person.";
        text.one("oldest_work_item_seconds", oldest, self.oldest_work_item_seconds);
        text.family("payments", "Payments by state.", "state", &self.payments);
        let credit = "Money received and not applied to a bill, in minor units.";
        text.family("credit_on_account_minor", credit, "currency", &self.credit);
        text.0
    }
}

/// The lines of the format. Names, labels and values are ours: nothing needs to be escaped.
#[derive(Default)]
struct Text(String);

impl Text {
    fn one(&mut self, name: &str, help: &str, value: i64) {
        self.gauge(name, help, &[(&[], value)]);
    }

    fn family(&mut self, name: &str, help: &str, label: &str, values: &[(String, i64)]) {
        let labelled: Vec<_> =
            values.iter().map(|(word, value)| ([(label, word.as_str())], *value)).collect();
        let values: Vec<(&[(&str, &str)], i64)> =
            labelled.iter().map(|(labels, value)| (labels.as_slice(), *value)).collect();
        self.gauge(name, help, &values);
    }

    fn gauge(&mut self, name: &str, help: &str, values: &[(&[(&str, &str)], i64)]) {
        let text = &mut self.0;
        // Writing into a string cannot fail.
        let _ = writeln!(text, "# HELP paydown_{name} {help}\n# TYPE paydown_{name} gauge");
        for (labels, value) in values {
            let pairs: Vec<String> =
                labels.iter().map(|(label, word)| format!("{label}=\"{word}\"")).collect();
            let braced =
                if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
            let _ = writeln!(text, "paydown_{name}{braced} {value}");
        }
    }
}
