//! From records to rows: every cell parsed into its type, every problem kept.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use csv::StringRecord;
use receivables::calendar::CivilDate;
use receivables::card_number::holds_card_number;
use receivables::money::{Currency, MinorUnits, Money};
use receivables::typed_amount::{TypedAmountError, parse_typed_amount};

use super::map::ColumnMap;
use super::problems::{FileProblem, shown};
use super::read::Table;
use crate::bills::TOTAL_AT_MOST;

/// One bill as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRow {
    pub row: u64,
    /// The customer's key in the biller's own system; the number of the account here.
    pub customer: String,
    pub customer_name: String,
    pub email: String,
    pub bill_number: String,
    pub issued_on: CivilDate,
    pub due_on: Option<CivilDate>,
    pub amount: MinorUnits,
    pub on_hold: bool,
    pub settled_on: Option<CivilDate>,
}

/// Parses every row, or says everything that is wrong with any of them.
pub fn parse(
    table: &Table,
    map: &ColumnMap,
    currency: Currency,
) -> Result<Vec<FileRow>, Vec<FileProblem>> {
    let cells = Cells { map, currency, places: Places::new(&table.header, map) };
    let mut problems = table.problems.clone();
    let mut rows = Vec::with_capacity(table.records.len());
    for (row, record) in &table.records {
        let mut cell = RowReader { row: *row, record, cells: &cells, problems: &mut problems };
        rows.extend(cell.read());
    }
    check_duplicates(&rows, map, &mut problems);
    check_customers(&rows, map, &mut problems);
    problems.sort();
    if problems.is_empty() { Ok(rows) } else { Err(problems) }
}

struct Cells<'a> {
    map: &'a ColumnMap,
    currency: Currency,
    places: Places<'a>,
}

/// Where each column stands.
struct Places<'a>(HashMap<&'a str, usize>);

impl<'a> Places<'a> {
    fn new(header: &'a [String], map: &ColumnMap) -> Self {
        let wanted = map.column_names();
        let places = header.iter().enumerate().map(|(at, name)| (name.as_str(), at));
        Self(places.filter(|(name, _)| wanted.contains(name)).collect())
    }
}

struct RowReader<'a> {
    row: u64,
    record: &'a StringRecord,
    cells: &'a Cells<'a>,
    problems: &'a mut Vec<FileProblem>,
}

impl RowReader<'_> {
    /// The row, if nothing is wrong with it; all of its cells are looked at in any case.
    fn read(&mut self) -> Option<FileRow> {
        let columns = &self.cells.map.columns;
        let customer = self.text(&columns.customer, 64);
        let bill_number = self.text(&columns.bill_number, 64);
        let issued_on = self.day(&columns.issued_on);
        let due_on = self.optional_day(columns.due_on.as_deref());
        let amount = self.amount(&columns.amount);
        let settled_on = self.optional_day(columns.settled_on.as_deref());
        let on_hold = self.hold();
        let name = match &columns.customer_name {
            Some(column) => self.text(column, 200),
            None => customer.clone(),
        };
        if let (Some(column), Some(typed)) = (&columns.customer_name, &name)
            && holds_card_number(typed)
        {
            self.problem(column, "looks like the number of a card");
        }
        let email = self.email(customer.as_deref());
        if let (Some(issued_on), Some(Some(due_on)), Some(column)) =
            (issued_on, due_on, &columns.due_on)
            && due_on < issued_on
        {
            self.problem(column, "is before the day of issue");
        }
        Some(FileRow {
            row: self.row,
            customer: customer?,
            customer_name: name?,
            email: email?,
            bill_number: bill_number?,
            issued_on: issued_on?,
            due_on: due_on?,
            amount: amount?,
            on_hold: on_hold?,
            settled_on: settled_on?,
        })
    }

    fn cell(&self, column: &str) -> &str {
        let place = self.cells.places.0.get(column);
        place.and_then(|at| self.record.get(*at)).unwrap_or_default().trim()
    }

    fn problem(&mut self, column: &str, what: impl Into<String>) {
        self.problems.push(FileProblem::of_cell(self.row, column, what));
    }

    fn text(&mut self, column: &str, at_most: usize) -> Option<String> {
        let text = self.cell(column).to_owned();
        let what = match () {
            () if text.is_empty() => "is empty".to_owned(),
            () if text.chars().count() > at_most => format!("is longer than {at_most} characters"),
            () if text.chars().any(char::is_control) => {
                "has a sign in it that cannot be shown".to_owned()
            }
            () => return Some(text),
        };
        self.problem(column, what);
        None
    }

    fn day(&mut self, column: &str) -> Option<CivilDate> {
        let text = self.cell(column);
        let day = self.cells.map.dates.parse(text);
        if day.is_none() {
            let what = match text {
                "" => "is empty".to_owned(),
                _ => format!(
                    "{} is no day of the form {}",
                    shown(text),
                    self.cells.map.dates.as_str()
                ),
            };
            self.problem(column, what);
        }
        day
    }

    /// Outer `None`: a problem. Inner `None`: no such column, or nothing in it.
    fn optional_day(&mut self, column: Option<&str>) -> Option<Option<CivilDate>> {
        match column {
            Some(column) if !self.cell(column).is_empty() => self.day(column).map(Some),
            _ => Some(None),
        }
    }

    fn amount(&mut self, column: &str) -> Option<MinorUnits> {
        let (currency, style) = (self.cells.currency, self.cells.map.number_style());
        let text = self.cell(column);
        let read = parse_typed_amount(text, currency, style);
        let what = match read {
            Ok(amount) if amount <= TOTAL_AT_MOST => return Some(amount),
            Ok(_) | Err(TypedAmountError::TooLarge) => "is more than can be billed".to_owned(),
            Err(error) => amount_words(text, error, currency),
        };
        self.problem(column, what);
        None
    }

    fn hold(&mut self) -> Option<bool> {
        let Some(hold) = &self.cells.map.columns.on_hold else { return Some(false) };
        let text = self.cell(&hold.column);
        if text.eq_ignore_ascii_case(&hold.yes) {
            return Some(true);
        }
        if text.eq_ignore_ascii_case(&hold.no) {
            return Some(false);
        }
        let what = format!("{} is neither {} nor {}", shown(text), hold.yes, hold.no);
        self.problem(&hold.column, what);
        None
    }

    fn email(&mut self, customer: Option<&str>) -> Option<String> {
        let columns = &self.cells.map.columns;
        let (column, email) = match (&columns.email, &self.cells.map.email) {
            (Some(column), _) => (column, self.text(column, 254)?),
            (None, Some(pattern)) => (&columns.customer, pattern.replace("{customer}", customer?)),
            (None, None) => return None,
        };
        let email = email.to_lowercase();
        if !is_mail_address(&email) {
            self.problem(column, format!("{} is no mail address", shown(&email)));
            return None;
        }
        Some(email)
    }
}

/// Enough of an address that a code can be sent to it and nothing can hide in it.
fn is_mail_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_local = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~.-".contains(&b);
    let is_domain = |b: u8| b.is_ascii_alphanumeric() || b".-".contains(&b);
    (1..=64).contains(&local.len())
        && local.bytes().all(is_local)
        && domain.len() >= 3
        && domain.bytes().all(is_domain)
        && domain.contains('.')
        && domain.split('.').all(|part| !part.is_empty())
}

fn amount_words(text: &str, error: TypedAmountError, currency: Currency) -> String {
    let text = shown(text);
    match error {
        TypedAmountError::Empty => "is empty".to_owned(),
        TypedAmountError::NotANumber => format!("{text} is not a number"),
        TypedAmountError::Sign => {
            format!("{text} has a sign; credit notes and negative amounts are not imported")
        }
        TypedAmountError::Exponent => format!("{text} is written with an exponent"),
        TypedAmountError::OtherCurrency => format!("{text} is not in {currency}"),
        TypedAmountError::TooManyDecimals { allowed } => {
            format!("{text} has more than the {allowed} decimals of {currency}")
        }
        TypedAmountError::TwoReadings { grouped, decimal } => format!(
            "{text} can be read as {} or as {}",
            Money::new(grouped, currency),
            Money::new(decimal, currency)
        ),
        TypedAmountError::TooLarge => "is more than can be billed".to_owned(),
    }
}

fn check_duplicates(rows: &[FileRow], map: &ColumnMap, problems: &mut Vec<FileProblem>) {
    let mut seen = HashMap::with_capacity(rows.len());
    for row in rows {
        match seen.entry((row.customer.as_str(), row.bill_number.as_str())) {
            Entry::Vacant(entry) => {
                entry.insert(row.row);
            }
            Entry::Occupied(entry) => {
                let what = format!("{} stands in row {} already", row.bill_number, entry.get());
                problems.push(FileProblem::of_cell(row.row, &map.columns.bill_number, what));
            }
        }
    }
}

/// A customer has one name and one address; an address made from a key belongs to that key.
fn check_customers(rows: &[FileRow], map: &ColumnMap, problems: &mut Vec<FileProblem>) {
    let mut first_of: HashMap<&str, &FileRow> = HashMap::new();
    let mut made_for: HashMap<&str, &FileRow> = HashMap::new();
    for row in rows {
        let first = *first_of.entry(&row.customer).or_insert(row);
        let differs = |column: &Option<String>, same: bool| column.clone().filter(|_| !same);
        let name = differs(&map.columns.customer_name, row.customer_name == first.customer_name);
        let email = differs(&map.columns.email, row.email == first.email);
        for column in name.into_iter().chain(email) {
            let what = format!("is another one than in row {} of the same customer", first.row);
            problems.push(FileProblem::of_cell(row.row, &column, what));
        }
        let owner = *made_for.entry(&row.email).or_insert(row);
        if map.columns.email.is_none() && owner.customer != row.customer {
            let what =
                format!("makes the same mail address as {} in row {}", owner.customer, owner.row);
            problems.push(FileProblem::of_cell(row.row, &map.columns.customer, what));
        }
    }
}
