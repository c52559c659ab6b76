//! Column maps: what each column of a file says, and how it is written.

use std::path::Path;

use receivables::money::Currency;
use receivables::typed_amount::NumberStyle;
use serde::Deserialize;

use super::ImportError;
use super::date_pattern::DatePattern;

/// The maps that come with the program, by name.
const BUILT_IN: &[(&str, &str)] =
    &[("accounts-receivable", include_str!("../../maps/accounts-receivable.toml"))];

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnMap {
    pub currency: Option<Currency>,
    pub dates: DatePattern,
    #[serde(default)]
    pub decimal_mark: DecimalMark,
    #[serde(default = "comma")]
    pub delimiter: char,
    #[serde(default)]
    pub encoding: Encoding,
    /// `{customer}@customers.example`, where the file has no column of addresses.
    pub email: Option<String>,
    pub columns: Columns,
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

impl ColumnMap {
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
        let map: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if !map.delimiter.is_ascii() || matches!(map.delimiter, '"' | '\r' | '\n') {
            return Err("delimiter must be a sign such as \",\", \";\" or \"\\t\"".to_owned());
        }
        match (&map.email, &map.columns.email) {
            (Some(pattern), None) if !pattern.contains("{customer}") => {
                Err("email must contain {customer}, so that every customer has its own".to_owned())
            }
            (None, None) => Err("either email or columns.email must be given".to_owned()),
            _ => Ok(map),
        }
    }

    pub const fn number_style(&self) -> NumberStyle {
        match self.decimal_mark {
            DecimalMark::Dot => NumberStyle::ENGLISH,
            DecimalMark::Comma => NumberStyle::CONTINENTAL,
        }
    }

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
            ColumnMap::load(name).unwrap();
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
            let why = ColumnMap::parse(&text).unwrap_err();
            assert!(why.contains(expected), "{expected:?} in {why}");
        }
        assert!(ColumnMap::load("no-such-map").is_err());
    }
}
