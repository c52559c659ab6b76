//! Everything that is kept about a person, as JSON for machines and as CSV for people.
//!
//! Not in it: what only proves that somebody is who they are (hashes of codes and sessions), which
//! says nothing about them and would help whoever steals the file.

use std::str::FromStr;

use csv::{Terminator, WriterBuilder};
use receivables::calendar::Micros;
use receivables::ids::CustomerId;
use serde_json::{Map, Value, json};
use sqlx::any::AnyRow;
use sqlx::{AnyPool, Column, Row};

use super::PrivacyError;
use crate::clock::instant_text;
use crate::db::snapshot;
use crate::web::plain;

/// A part of what is known, and the question for it; `$1` is the customer's id.
struct Section {
    name: &'static str,
    text: &'static str,
}

const SECTIONS: [Section; 17] = [
    Section { name: "person", text: PERSON },
    Section { name: "accounts", text: ACCOUNTS },
    Section { name: "bills", text: BILLS },
    Section { name: "bill_lines", text: BILL_LINES },
    Section { name: "bills_on_hold", text: BILL_HOLDS },
    Section { name: "payments", text: PAYMENTS },
    Section { name: "receipts", text: RECEIPTS },
    Section { name: "refunds", text: REFUNDS },
    Section { name: "adjustments", text: ADJUSTMENTS },
    Section { name: "external_payments", text: EXTERNAL_PAYMENTS },
    Section { name: "money_with_a_reference", text: EXTERNAL_MONEY },
    Section { name: "sessions", text: SESSIONS },
    Section { name: "passkeys", text: PASSKEYS },
    Section { name: "invitations", text: INVITATIONS },
    Section { name: "other_addresses", text: EMAIL_CHANGES },
    Section { name: "codes_asked_for", text: CODES },
    Section { name: "acts", text: ACTS },
];

const PERSON: &str = "select id, email, name, created_at from customer where id = $1";

const ACCOUNTS: &str = "
select a.id, a.number, a.name, a.currency, a.credit, a.allocation_order, c.role from account a
join account_customer c on c.account_id = a.id where c.customer_id = $1 order by a.id";

const BILLS: &str = "
select b.id, b.account_id, b.number, b.period_from, b.period_to, b.issued_on, b.due_on, b.total,
  b.open_amount, b.standing, b.hold_reason, b.settled_on from bill b
join account_customer c on c.account_id = b.account_id
where c.customer_id = $1 order by b.account_id, b.issued_on, b.id";

const BILL_LINES: &str = "
select l.bill_id, l.line, l.description, l.quantity, l.unit_price, l.discount, l.tax_rate, l.tax,
  l.amount from bill_line l join bill b on b.id = l.bill_id
join account_customer c on c.account_id = b.account_id
where c.customer_id = $1 order by l.bill_id, l.line";

const BILL_HOLDS: &str = "
select h.bill_id, h.act, h.reason, h.done_at from bill_hold h
join account_customer c on c.account_id = h.account_id
where c.customer_id = $1 order by h.done_at, h.id";

const PAYMENTS: &str = "
select p.id, p.account_id, p.amount, p.currency, p.tender, p.method, p.state, p.decline,
  p.received, p.refunded, p.withdrawn, p.gateway, p.gateway_ref, p.started_at, p.changed_at,
  case when p.started_by = $1 then 'yes' else 'no' end as started_by_this_person
from payment p join account_customer c on c.account_id = p.account_id
where c.customer_id = $1 order by p.started_at, p.id";

const RECEIPTS: &str = "
select r.payment_id, r.number, r.issued_at, r.content from receipt r
join account_customer c on c.account_id = r.account_id
where c.customer_id = $1 order by r.issued_at, r.payment_id";

const REFUNDS: &str = "
select r.id, r.payment_id, r.amount, r.currency, r.reason, r.state, r.requested_at from refund r
join account_customer c on c.account_id = r.account_id
where c.customer_id = $1 order by r.requested_at, r.id";

const ADJUSTMENTS: &str = "
select a.id, a.account_id, a.bill_id, a.kind, a.amount, a.reason, a.state, a.proposed_at
from adjustment a join account_customer c on c.account_id = a.account_id
where c.customer_id = $1 order by a.proposed_at, a.id";

const EXTERNAL_PAYMENTS: &str = "
select x.id, x.account_id, x.amount, x.currency, x.tender, x.received_on, x.reference,
  x.payer_name, x.fee, x.note, x.duplicate_reason, x.state, x.recorded_at
from external_payment x join account_customer c on c.account_id = x.account_id
where c.customer_id = $1 order by x.recorded_at, x.id";

const EXTERNAL_MONEY: &str = "
select m.gateway_ref, m.reference, m.amount, m.currency, m.tender, m.method, m.received_on,
  m.payment_id from external_money m join payment p on p.id = m.payment_id
join account_customer c on c.account_id = p.account_id
where c.customer_id = $1 order by m.received_at, m.gateway_ref";

const SESSIONS: &str = "
select method, device, case when remembered = 1 then 'yes' else 'no' end as remembered,
  created_at, last_seen_at, idle_until, absolute_until, ended_at from session
where customer_id = $1 order by created_at";

const PASSKEYS: &str = "
select label, created_at, last_used_at from passkey where customer_id = $1 order by created_at, id";

/// Those to their address, and those they accepted when they had another.
const INVITATIONS: &str = "
select i.email, i.name, i.role, i.created_at, i.sent_at, i.expires_at, i.accepted_at,
  i.revoked_at, a.number as account_number
from invitation i join invitation_account n on n.invitation_id = i.id
join account a on a.id = n.account_id
where i.email = (select email from customer where id = $1) or i.id in (
  select about from audit_act where actor = $1 and kind = 'invitation_accepted')
order by i.created_at, i.id, a.number";

const EMAIL_CHANGES: &str = "
select email, created_at, confirmed_at, effective_at, done_at, stopped_at from email_change
where customer_id = $1 order by created_at, id";

const CODES: &str = "
select s.created_at, s.expires_at, s.used_at from sign_in_code s
join customer c on c.email = s.email where c.id = $1 order by s.created_at";

const ACTS: &str = "
select kind, about, account_id, at from audit_act where actor = $1 order by at, id";

pub(super) const SQL: &[&str] = &[
    PERSON,
    ACCOUNTS,
    BILLS,
    BILL_LINES,
    BILL_HOLDS,
    PAYMENTS,
    RECEIPTS,
    REFUNDS,
    ADJUSTMENTS,
    EXTERNAL_PAYMENTS,
    EXTERNAL_MONEY,
    SESSIONS,
    PASSKEYS,
    INVITATIONS,
    EMAIL_CHANGES,
    CODES,
    ACTS,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Csv,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "json" => Ok(Self::Json),
            "csv" => Ok(Self::Csv),
            _ => Err("json or csv".to_owned()),
        }
    }
}

/// All sections, each a list of rows with their fields.
pub struct Everything {
    as_of: Micros,
    sections: Vec<(&'static str, Vec<Map<String, Value>>)>,
}

/// All that is kept about this person, as of one moment.
pub async fn everything_about(
    pool: &AnyPool,
    id: CustomerId,
    now: Micros,
) -> Result<Everything, PrivacyError> {
    let mut moment = snapshot(pool).await?;
    let mut sections = Vec::with_capacity(SECTIONS.len());
    for Section { name, text } in SECTIONS {
        let rows = sqlx::query(text).bind(id.to_string()).fetch_all(&mut *moment).await?;
        sections.push((name, rows.iter().map(fields).collect::<Result<Vec<_>, _>>()?));
    }
    if sections.first().is_none_or(|(_, rows)| rows.is_empty()) {
        return Err(PrivacyError::Unknown);
    }
    Ok(Everything { as_of: now, sections })
}

fn fields(row: &AnyRow) -> Result<Map<String, Value>, PrivacyError> {
    let named = row.columns().iter().map(|column| (column.ordinal(), column.name()));
    named.map(|(at, name)| Ok((name.to_owned(), field(row, at, name)?))).collect()
}

/// Tables hold texts and whole numbers; instants are numbers whose name says so.
fn field(row: &AnyRow, at: usize, name: &str) -> Result<Value, PrivacyError> {
    if let Ok(number) = row.try_get::<Option<i64>, _>(at) {
        let is_instant = name == "at" || name.ends_with("_at") || name.ends_with("_until");
        return Ok(match number {
            None => Value::Null,
            Some(number) if is_instant => Value::String(instant_text(Micros(number))),
            Some(number) => json!(number),
        });
    }
    let text: Option<String> = row.try_get(at)?;
    // What is kept as a document is handed over as one.
    let document = text.as_deref().filter(|_| name == "content").map(serde_json::from_str);
    match document {
        Some(document) => document.map_err(|_| PrivacyError::Unreadable("a receipt".to_owned())),
        None => Ok(text.map_or(Value::Null, Value::String)),
    }
}

impl Everything {
    pub fn write(&self, format: Format) -> String {
        match format {
            Format::Json => self.json(),
            Format::Csv => self.csv(),
        }
    }

    fn json(&self) -> String {
        let mut document = Map::new();
        document.insert("as_of".to_owned(), Value::String(instant_text(self.as_of)));
        for (name, rows) in &self.sections {
            document.insert((*name).to_owned(), json!(rows));
        }
        serde_json::to_string_pretty(&document).unwrap_or_default()
    }

    /// A line for each field, since the sections have different ones.
    fn csv(&self) -> String {
        let mut lines = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
        let mut write = |record: [&str; 4]| {
            // Writing into memory cannot fail.
            let _ = lines.write_record(record);
        };
        write(["section", "row", "field", "value"]);
        for (section, rows) in &self.sections {
            for (n, row) in (1..).zip(rows) {
                let n = i32::to_string(&n);
                for (field, value) in row {
                    let value = match value {
                        Value::Null => String::new(),
                        Value::String(text) => plain(text),
                        other => other.to_string(),
                    };
                    write([section, &n, field, &value]);
                }
            }
        }
        String::from_utf8(lines.into_inner().unwrap_or_default()).unwrap_or_default()
    }
}
