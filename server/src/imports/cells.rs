//! From the cells of one row to typed values, every problem kept.

use receivables::calendar::CivilDate;
use receivables::money::{Currency, MinorUnits, Money};
use receivables::typed_amount::TypedAmountError;

use super::map::FileForm;
use super::problems::{FileProblem, shown};
use super::read::{Cell, Record};
use crate::bills::TOTAL_AT_MOST;

/// One row of a file whose columns are known.
pub(super) struct CellReader<'a> {
    pub record: &'a Record,
    /// The columns of the record's cells.
    pub wanted: &'a [&'a str],
    pub form: &'a FileForm,
    pub currency: Currency,
    pub problems: &'a mut Vec<FileProblem>,
}

impl CellReader<'_> {
    pub fn cell(&self, column: &str) -> Cell {
        let place = self.wanted.iter().position(|wanted| *wanted == column);
        place.and_then(|at| self.record.cells.get(at)).cloned().unwrap_or_default()
    }

    pub fn problem(&mut self, column: &str, what: impl Into<String>) {
        self.problems.push(FileProblem::of_cell(self.record.row, column, what));
    }

    pub fn text(&mut self, column: &str, at_most: usize) -> Option<String> {
        let text = self.cell(column).to_text();
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

    /// Outer `None`: a problem. Inner `None`: no such column, or nothing in it.
    pub fn optional_text(
        &mut self,
        column: Option<&str>,
        at_most: usize,
    ) -> Option<Option<String>> {
        match column {
            Some(column) if !self.cell(column).is_empty() => self.text(column, at_most).map(Some),
            _ => Some(None),
        }
    }

    pub fn day(&mut self, column: &str) -> Option<CivilDate> {
        let cell = self.cell(column);
        let dates = &self.form.dates;
        let day = cell.day(dates);
        if day.is_none() {
            let what = match cell.to_text().as_str() {
                "" => "is empty".to_owned(),
                text => format!("{} is no day of the form {}", shown(text), dates.as_str()),
            };
            self.problem(column, what);
        }
        day
    }

    /// Outer `None`: a problem. Inner `None`: no such column, or nothing in it.
    pub fn optional_day(&mut self, column: Option<&str>) -> Option<Option<CivilDate>> {
        match column {
            Some(column) if !self.cell(column).is_empty() => self.day(column).map(Some),
            _ => Some(None),
        }
    }

    pub fn amount(&mut self, column: &str) -> Option<MinorUnits> {
        let currency = self.currency;
        let cell = self.cell(column);
        let what = match cell.amount(currency, self.form.number_style()) {
            Ok(amount) if amount <= TOTAL_AT_MOST => return Some(amount),
            Ok(_) | Err(TypedAmountError::TooLarge) => "is more than can be billed".to_owned(),
            Err(error) => amount_words(&cell.to_text(), error, currency),
        };
        self.problem(column, what);
        None
    }
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
