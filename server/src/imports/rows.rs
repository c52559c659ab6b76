//! From records to rows: every cell parsed into its type, every problem kept.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::ControlFlow;
use std::path::Path;

use receivables::calendar::CivilDate;
use receivables::card_number::holds_card_number;
use receivables::money::{Currency, MinorUnits};

use super::cells::CellReader;
use super::map::ColumnMap;
use super::problems::{FileProblem, shown};
use super::read::read;

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

/// Reads and parses every row, or says everything that is wrong with any of them.
pub fn parse(
    path: &Path,
    map: &ColumnMap,
    currency: Currency,
) -> Result<Vec<FileRow>, Vec<FileProblem>> {
    let wanted = map.column_names();
    let mut problems = Vec::new();
    let mut rows = Vec::new();
    read(path, &map.form, &wanted, &mut |found| {
        match found {
            Ok(record) => {
                let (form, problems) = (&map.form, &mut problems);
                let record = &record;
                let cells = CellReader { record, wanted: &wanted, form, currency, problems };
                rows.extend(RowReader { cells, map }.read());
            }
            Err(problem) => problems.push(problem),
        }
        ControlFlow::Continue(())
    })?;
    check_duplicates(&rows, map, &mut problems);
    check_customers(&rows, map, &mut problems);
    problems.sort();
    if problems.is_empty() { Ok(rows) } else { Err(problems) }
}

struct RowReader<'a> {
    cells: CellReader<'a>,
    map: &'a ColumnMap,
}

impl RowReader<'_> {
    /// The row, if nothing is wrong with it; all of its cells are looked at in any case.
    fn read(&mut self) -> Option<FileRow> {
        let columns = &self.map.columns;
        let customer = self.cells.text(&columns.customer, 64);
        let bill_number = self.cells.text(&columns.bill_number, 64);
        let issued_on = self.cells.day(&columns.issued_on);
        let due_on = self.cells.optional_day(columns.due_on.as_deref());
        let amount = self.cells.amount(&columns.amount);
        let settled_on = self.cells.optional_day(columns.settled_on.as_deref());
        let on_hold = self.hold();
        let name = match &columns.customer_name {
            Some(column) => self.cells.text(column, 200),
            None => customer.clone(),
        };
        if let (Some(column), Some(typed)) = (&columns.customer_name, &name)
            && holds_card_number(typed)
        {
            self.cells.problem(column, "looks like the number of a card");
        }
        let email = self.email(customer.as_deref());
        if let (Some(issued_on), Some(Some(due_on)), Some(column)) =
            (issued_on, due_on, &columns.due_on)
            && due_on < issued_on
        {
            self.cells.problem(column, "is before the day of issue");
        }
        Some(FileRow {
            row: self.cells.record.row,
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

    fn hold(&mut self) -> Option<bool> {
        let Some(hold) = &self.map.columns.on_hold else { return Some(false) };
        let text = self.cells.cell(&hold.column).to_text();
        if text.eq_ignore_ascii_case(&hold.yes) {
            return Some(true);
        }
        if text.eq_ignore_ascii_case(&hold.no) {
            return Some(false);
        }
        let what = format!("{} is neither {} nor {}", shown(&text), hold.yes, hold.no);
        self.cells.problem(&hold.column, what);
        None
    }

    fn email(&mut self, customer: Option<&str>) -> Option<String> {
        let columns = &self.map.columns;
        let (column, email) = match (&columns.email, &self.map.email) {
            (Some(column), _) => (column, self.cells.text(column, 254)?),
            (None, Some(pattern)) => (&columns.customer, pattern.replace("{customer}", customer?)),
            (None, None) => return None,
        };
        let email = email.to_lowercase();
        if !is_mail_address(&email) {
            self.cells.problem(column, format!("{} is no mail address", shown(&email)));
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
