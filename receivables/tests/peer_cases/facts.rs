//! Reads the facts of a case: amounts as the peers write them, in dollars.

use receivables::money::Currency;
use receivables::typed_amount::{NumberStyle, parse_typed_amount};
use serde_json::Value;

/// The amount at `pointer`, written as text: `"249.95"`, `"20"`, `"100.00 USD"`.
pub fn amount(case: &Value, pointer: &str) -> i64 {
    let fact = case.pointer(pointer).unwrap_or_else(|| panic!("nothing at {pointer}"));
    units(fact)
}

pub fn amounts(case: &Value, pointer: &str) -> Vec<i64> {
    list(case, pointer).iter().map(units).collect()
}

pub fn list<'a>(case: &'a Value, pointer: &str) -> &'a [Value] {
    let fact = case.pointer(pointer).and_then(Value::as_array);
    fact.unwrap_or_else(|| panic!("no list at {pointer}"))
}

pub fn text<'a>(case: &'a Value, pointer: &str) -> &'a str {
    let fact = case.pointer(pointer).and_then(Value::as_str);
    fact.unwrap_or_else(|| panic!("no text at {pointer}"))
}

/// The first amount in a text fact, whatever words stand around it.
pub fn units(fact: &Value) -> i64 {
    let text = fact.as_str().unwrap_or_else(|| panic!("{fact} is not text"));
    let number = |word: &str| {
        let digits = word.trim_end_matches(',');
        parse_typed_amount(digits, Currency::USD, NumberStyle::ENGLISH).ok()
    };
    let found = text.split_whitespace().find_map(number);
    found.unwrap_or_else(|| panic!("no amount in {text:?}")).get()
}

/// `[{"item": "A", "amount": "100.00"}, …]`
pub fn lines(case: &Value, pointer: &str) -> Vec<(String, i64)> {
    let line = |line: &Value| (text(line, "/item").to_owned(), amount(line, "/amount"));
    list(case, pointer).iter().map(line).collect()
}

/// Items as `[{"id": "A", "open": "100.00"}, …]`.
pub fn items(case: &Value) -> Vec<(&str, i64)> {
    let item = |item| (text(item, "/id"), amount(item, "/open"));
    list(case, "/given/items").iter().map(item).collect()
}

/// A table of amounts.
pub fn table(case: &Value, pointer: &str) -> Vec<Vec<i64>> {
    let row = |row: &Value| amounts(row, "");
    list(case, pointer).iter().map(row).collect()
}

/// Instalments as `[["2023-01-01", "125.00"], …]`, named 1, 2, ….
pub fn dated(case: &Value, pointer: &str) -> Vec<(String, String, i64)> {
    let row = |(at, row): (usize, &Value)| {
        ((at + 1).to_string(), text(row, "/0").to_owned(), amount(row, "/1"))
    };
    list(case, pointer).iter().enumerate().map(row).collect()
}
