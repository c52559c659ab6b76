//! Which texts may stay as they are.

use receivables::calendar::CivilDate;
use serde_json::Value;

use super::pseudonyms::Pseudonyms;

/// Columns of codes that the program itself writes, and of figures.
const KEPT: [(&str, &[&str]); 18] = [
    ("account", &["currency", "allocation_order"]),
    ("account_customer", &["role"]),
    ("bill", &["standing", "part_payment"]),
    ("bill_hold", &["id", "act"]),
    ("bill_line", &["quantity", "tax_rate"]),
    ("payment", &["currency", "tender", "state", "decline", "gateway", "fingerprint"]),
    ("payment_attempt", &["operation", "gateway_key", "outcome"]),
    ("payment_history", &["event", "state"]),
    ("posting", &["kind", "source"]),
    ("entry", &["book_account", "currency"]),
    ("application", &["reason"]),
    ("adjustment", &["kind", "state"]),
    ("external_payment", &["currency", "tender", "state"]),
    ("external_money", &["gateway", "currency", "tender", "matched_by"]),
    ("refund", &["currency", "state", "gateway", "failure"]),
    ("dispute", &["gateway", "state", "reason"]),
    ("reservation", &[]),
    ("receipt", &[]),
];

/// Columns that hold a document.
const DOCUMENTS: [(&str, &str); 4] = [
    ("payment", "preview"),
    ("payment", "direction"),
    ("external_payment", "direction"),
    ("receipt", "content"),
];

/// In documents: what names a thing of the biller's or a person.
const REFERENCES: [&str; 4] = ["number", "bill_number", "account_number", "method"];

pub fn masked(table: &str, column: &str, text: String, others: &mut Pseudonyms) -> String {
    if (table, column) == ("customer", "email") {
        return others.email(&text);
    }
    if [("customer", "name"), ("account", "name")].contains(&(table, column)) {
        return others.name(&text);
    }
    let is_code = KEPT.iter().any(|(of, columns)| *of == table && columns.contains(&column));
    if is_code || is_own_id(&text) || is_day(&text) {
        return text;
    }
    if DOCUMENTS.contains(&(table, column)) {
        return match serde_json::from_str(&text) {
            Ok(mut document) => {
                mask_document("", &mut document, others);
                document.to_string()
            }
            // Not what it should be: nothing of it is kept.
            Err(_) => "{}".to_owned(),
        };
    }
    others.reference(&text)
}

fn mask_document(name: &str, value: &mut Value, others: &mut Pseudonyms) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                mask_document(name, value, others);
            }
        }
        Value::Array(items) => {
            items.iter_mut().for_each(|item| mask_document(name, item, others));
        }
        Value::String(text) => {
            let stays = is_own_id(text) || is_day(text) || is_code(text) || name == "biller_name";
            if name == "account_name" {
                *text = others.name(text);
            } else if REFERENCES.contains(&name) || !(stays || name == "fingerprint") {
                *text = others.reference(text);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// `bill_0192f4a6…`: drawn by the program, and says nothing about anybody.
fn is_own_id(text: &str) -> bool {
    text.rsplit_once('_').is_some_and(|(kind, rest)| {
        kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            && rest.len() == 32
            && rest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

fn is_day(text: &str) -> bool {
    CivilDate::parse(text).is_ok()
}

/// `oldest_due_first`, `USD`
fn is_code(text: &str) -> bool {
    let words = text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let currency = text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase());
    currency || (words && text.len() <= 24)
}
