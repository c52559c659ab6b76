//! Bank files: what came in on the biller's own account, as rows of the same columns whatever
//! the bank writes. Only booked money that came in gives rows; what went out is not looked at,
//! and money that came and went back again is a problem for a person.

mod camt;
mod mt940;

pub(super) use camt::read_camt;
pub(super) use mt940::read_mt940;

use std::ops::ControlFlow;

use receivables::calendar::CivilDate;

use super::{Cell, Each, Places, Record};
use crate::imports::problems::FileProblem;

/// The columns of every bank file. `remittance` is the payer's reference where the bank has one
/// apart, else the payer's words.
const COLUMNS: [&str; 7] =
    ["reference", "amount", "currency", "booked_on", "value_on", "remittance", "end_to_end"];

/// Money that came in.
#[derive(Clone, Debug, Default)]
struct Received {
    /// The bank's own reference of it.
    reference: String,
    /// In plain decimal digits.
    amount: String,
    currency: String,
    booked_on: Option<CivilDate>,
    value_on: Option<CivilDate>,
    remittance: String,
    end_to_end: String,
}

/// Gives rows, counted from 1 as the file has its entries.
struct Rows<'a, 'b> {
    places: Places,
    each: &'a mut Each<'b>,
}

impl<'a, 'b> Rows<'a, 'b> {
    fn new(wanted: &[&str], each: &'a mut Each<'b>) -> Result<Self, Vec<FileProblem>> {
        let places = Places::find(&COLUMNS.map(str::to_owned), wanted)?;
        Ok(Self { places, each })
    }

    fn row(&mut self, row: u64, received: Received) -> ControlFlow<()> {
        let day = |day: Option<CivilDate>| day.map_or_else(Cell::default, Cell::Day);
        let cells = vec![
            Cell::text(&received.reference),
            Cell::Number(received.amount),
            Cell::text(&received.currency),
            day(received.booked_on.or(received.value_on)),
            day(received.value_on.or(received.booked_on)),
            Cell::text(&received.remittance),
            Cell::text(&received.end_to_end),
        ];
        match self.places.pick(row, cells) {
            Some(Record { row, cells }) => (self.each)(Ok(Record { row, cells })),
            None => ControlFlow::Continue(()),
        }
    }

    fn problem(&mut self, row: u64, what: &str) -> ControlFlow<()> {
        (self.each)(Err(FileProblem::of_row(row, what)))
    }
}

const WENT_BACK: &str = "money that came in went back: look whose payment it was";

#[cfg(test)]
mod tests;
