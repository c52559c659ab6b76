//! From records to rows: every cell parsed into its type, every problem kept.

use std::path::Path;

use receivables::calendar::CivilDate;
use receivables::card_number::holds_card_number;
use receivables::money::{Currency, MinorUnits};

use super::cells::CellReader;
use super::map::ColumnMap;
use super::problems::{FileProblem, shown};
use super::read::read;
use super::reading::Hand;
use super::seen::Seen;

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

/// Hands on every row, or everything that is wrong with it.
pub fn read_bills(
    path: &Path,
    map: &ColumnMap,
    currency: Currency,
    hand: &mut Hand<'_, FileRow>,
) -> Result<(), Vec<FileProblem>> {
    let wanted = map.column_names();
    let mut seen = Seen::default();
    read(path, &map.form, &wanted, &mut |found| {
        let record = match found {
            Ok(record) => record,
            Err(problem) => return hand((problem.row.unwrap_or(0), Err(vec![problem]))),
        };
        let mut problems = Vec::new();
        let (form, record) = (&map.form, &record);
        let cells = CellReader { record, wanted: &wanted, form, currency, problems: &mut problems };
        let row = RowReader { cells, map }.read();
        if let Some(row) = &row {
            seen.note(row, map, &mut problems);
        }
        hand((record.row, row.filter(|_| problems.is_empty()).ok_or(problems)))
    })
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
