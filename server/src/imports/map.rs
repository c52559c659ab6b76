//! Column maps: what each column of a file says, and how it is written.

use std::collections::BTreeMap;
use std::path::Path;

use receivables::money::Currency;
use receivables::tender::Tender;
use receivables::typed_amount::NumberStyle;
use serde::Deserialize;

use super::ImportError;
use super::date_pattern::DatePattern;

/// The maps that come with the program, by name.
pub(super) const BUILT_IN: &[(&str, &str)] = &[
    ("accounts-receivable", include_str!("../../maps/accounts-receivable.toml")),
    ("bank-statement", include_str!("../../maps/bank-statement.toml")),
];

/// A map as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    currency: Option<Currency>,
    dates: DatePattern,
    #[serde(default)]
    decimal_mark: DecimalMark,
    #[serde(default = "comma")]
    delimiter: char,
    #[serde(default)]
    encoding: Encoding,
    table: Option<String>,
    email: Option<String>,
    columns: Option<Columns>,
    payments: Option<PaymentColumns>,
}

/// What a file is a list of, with the names of its columns.
#[derive(Clone, Debug)]
pub enum FileMap {
    Bills(ColumnMap),
    Payments(PaymentMap),
}

/// How a file is written.
#[derive(Clone, Debug)]
pub struct FileForm {
    pub dates: DatePattern,
    pub decimal_mark: DecimalMark,
    pub delimiter: char,
    pub encoding: Encoding,
    /// Of a file with several tables or sheets, the one to read.
    pub table: Option<String>,
}

impl FileForm {
    pub const fn number_style(&self) -> NumberStyle {
        match self.decimal_mark {
            DecimalMark::Dot => NumberStyle::ENGLISH,
            DecimalMark::Comma => NumberStyle::CONTINENTAL,
        }
    }
}

#[derive(Clone, Debug)]
pub struct ColumnMap {
    pub currency: Option<Currency>,
    pub form: FileForm,
    /// `{customer}@customers.example`, where the file has no column of addresses.
    pub email: Option<String>,
    pub columns: Columns,
}

#[derive(Clone, Debug)]
pub struct PaymentMap {
    pub currency: Option<Currency>,
    pub form: FileForm,
    pub columns: PaymentColumns,
}

/// The columns of payments, as the file's first row has them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentColumns {
    /// Who says so: a reference is unique among those of one source.
    pub source: String,
    pub reference: String,
    pub amount: String,
    pub received_on: String,
    /// At least one of the three; the last holds an account's number or a bill's.
    pub account: Option<String>,
    pub bill_number: Option<String>,
    pub account_or_bill: Option<String>,
    /// Where the file says what each amount is in.
    pub currency: Option<String>,
    /// The form all of them came in, or the column that says it.
    pub tender: Option<Tender>,
    pub tenders: Option<TenderColumn>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenderColumn {
    pub column: String,
    /// The file's word for each.
    pub words: BTreeMap<String, Tender>,
}

impl PaymentMap {
    /// Every column the map reads.
    pub fn column_names(&self) -> Vec<&str> {
        let columns = &self.columns;
        let mut names: Vec<&str> = vec![&columns.reference, &columns.amount, &columns.received_on];
        let optional =
            [&columns.account, &columns.bill_number, &columns.account_or_bill, &columns.currency];
        names.extend(optional.into_iter().flatten().map(String::as_str));
        names.extend(columns.tenders.as_ref().map(|tenders| tenders.column.as_str()));
        names
    }
}

impl PaymentColumns {
    fn check(&self) -> Result<(), String> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.source.is_empty() || self.source.len() > 40 || !self.source.chars().all(is_word) {
            return Err(
                "payments.source must be a word of at most 40 letters, digits, - and _".to_owned()
            );
        }
        let naming = [&self.account, &self.bill_number, &self.account_or_bill];
        if naming.iter().all(|column| column.is_none()) {
            return Err(
                "payments must have a column account, bill_number or account_or_bill".to_owned()
            );
        }
        if self.tender.is_some() == self.tenders.is_some() {
            return Err("payments must have either tender or tenders".to_owned());
        }
        Ok(())
    }
}

/// The names of the columns, as the file's first row has them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    pub customer: String,
    pub bill_number: String,
    pub issued_on: String,
    pub amount: String,
    pub due_on: Option<String>,
    pub settled_on: Option<String>,
    pub on_hold: Option<HoldColumn>,
    pub customer_name: Option<String>,
    pub email: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldColumn {
    pub column: String,
    pub yes: String,
    pub no: String,
    /// Told to the customer.
    pub reason: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum DecimalMark {
    #[default]
    #[serde(rename = ".")]
    Dot,
    #[serde(rename = ",")]
    Comma,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Encoding {
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "latin-1")]
    Latin1,
}

const fn comma() -> char {
    ','
}

impl FileMap {
    /// A built-in map by its name, else the file of that path.
    pub fn load(name_or_path: &str) -> Result<Self, ImportError> {
        let built_in = BUILT_IN.iter().find(|(name, _)| *name == name_or_path);
        let wrong = |why: String| ImportError::Map { map: name_or_path.to_owned(), why };
        let text = match built_in {
            Some((_, text)) => (*text).to_owned(),
            None => std::fs::read_to_string(Path::new(name_or_path)).map_err(|error| {
                let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
                wrong(format!("{error}; the built-in maps are: {}", names.join(", ")))
            })?,
        };
        Self::parse(&text).map_err(wrong)
    }

    pub fn parse(text: &str) -> Result<Self, String> {
        let map: Written = toml::from_str(text).map_err(|error| error.to_string())?;
        let Written { currency, dates, decimal_mark, delimiter, encoding, table, email, .. } = map;
        if !delimiter.is_ascii() || matches!(delimiter, '"' | '\r' | '\n') {
            return Err("delimiter must be a sign such as \",\", \";\" or \"\\t\"".to_owned());
        }
        let form = FileForm { dates, decimal_mark, delimiter, encoding, table };
        match (map.columns, map.payments) {
            (Some(columns), None) => {
                check_email(email.as_deref(), columns.email.as_deref())?;
                Ok(Self::Bills(ColumnMap { currency, form, email, columns }))
            }
            (None, Some(columns)) => {
                columns.check()?;
                Ok(Self::Payments(PaymentMap { currency, form, columns }))
            }
            _ => Err("either columns (of bills) or payments must be given".to_owned()),
        }
    }
}

fn check_email(pattern: Option<&str>, column: Option<&str>) -> Result<(), String> {
    match (pattern, column) {
        (Some(pattern), None) if !pattern.contains("{customer}") => {
            Err("email must contain {customer}, so that every customer has its own".to_owned())
        }
        (None, None) => Err("either email or columns.email must be given".to_owned()),
        _ => Ok(()),
    }
}

impl ColumnMap {
    /// Every column the map reads.
    pub fn column_names(&self) -> Vec<&str> {
        let columns = &self.columns;
        let mut names: Vec<&str> =
            vec![&columns.customer, &columns.bill_number, &columns.issued_on, &columns.amount];
        let optional =
            [&columns.due_on, &columns.settled_on, &columns.customer_name, &columns.email];
        names.extend(optional.into_iter().flatten().map(String::as_str));
        names.extend(columns.on_hold.as_ref().map(|hold| hold.column.as_str()));
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_map_can_be_read() {
        for (name, _) in BUILT_IN {
            FileMap::load(name).unwrap();
        }
    }

    #[test]
    fn a_wrong_map_is_refused_in_words() {
        let good = BUILT_IN[0].1;
        let cases = [
            (good.replace("month/day/year", "month/day"), "day, month and year"),
            (good.replace("\"USD\"", "\"DOLLAR\""), "ISO 4217"),
            (good.replace("{customer}@", "all@"), "{customer}"),
            (good.replace("delimiter = \",\"", "delimiter = \"\\\"\""), "delimiter"),
            (good.replace("customer = \"customerID\"", ""), "customer"),
            (good.replace("[columns]", "colour = 1\n[columns]"), "colour"),
            (good.replace("email = ", "# email = "), "email"),
        ];
        for (text, expected) in cases {
            let why = FileMap::parse(&text).unwrap_err();
            assert!(why.contains(expected), "{expected:?} in {why}");
        }
        assert!(FileMap::load("no-such-map").is_err());
    }
}
