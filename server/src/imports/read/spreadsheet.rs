//! Spreadsheets: the first sheet, or the one the map names; its first row that is not empty is
//! the header.
//!
//! An XLSX sheet is read as a stream, beside the texts its cells share; an ODS document is held
//! whole while it is read.

use std::fs::File;
use std::io::BufReader;
use std::mem::take;
use std::ops::ControlFlow;
use std::path::Path;

use calamine::{Data, ExcelDateTime, Ods, Reader, Xlsx};
use receivables::calendar::CivilDate;

use super::{Cell, Each, Places, io_problem, unreadable};
use crate::imports::map::FileForm;
use crate::imports::problems::FileProblem;

pub fn read_xlsx(
    path: &Path,
    form: &FileForm,
    wanted: &[&str],
    each: &mut Each<'_>,
) -> Result<(), Vec<FileProblem>> {
    let fault = |error: calamine::XlsxError| unreadable(&error.to_string());
    let file = BufReader::new(File::open(path).map_err(io_problem)?);
    let mut book: Xlsx<_> = Xlsx::new(file).map_err(fault)?;
    let sheet = chosen(&book.sheet_names(), form)?;
    let mut stored = book.worksheet_cells_reader(&sheet).map_err(fault)?;
    let mut rows = Rows { wanted, places: None, each };
    let (mut at, mut cells): (u32, Vec<Cell>) = (0, Vec::new());
    while let Some(found) = stored.next_cell().map_err(fault)? {
        let (row, column) = found.get_position();
        if row != at {
            if rows.row(at, take(&mut cells))?.is_break() {
                return Ok(());
            }
            at = row;
        }
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        // A sheet has at most 16384 columns; a file that says more is not believed.
        if column < 16_384 {
            cells.resize(cells.len().max(column + 1), Cell::default());
            cells.splice(column..=column, [cell(&Data::from(found.get_value().clone()))]);
        }
    }
    let _ = rows.row(at, cells)?;
    rows.finish()
}

pub fn read_ods(
    path: &Path,
    form: &FileForm,
    wanted: &[&str],
    each: &mut Each<'_>,
) -> Result<(), Vec<FileProblem>> {
    let fault = |error: calamine::OdsError| unreadable(&error.to_string());
    let file = BufReader::new(File::open(path).map_err(io_problem)?);
    let mut book: Ods<_> = Ods::new(file).map_err(fault)?;
    let sheet = chosen(&book.sheet_names(), form)?;
    let range = book.worksheet_range(&sheet).map_err(fault)?;
    let first = range.start().map_or(0, |(row, _)| row);
    let mut rows = Rows { wanted, places: None, each };
    for (row, stored) in (first..).zip(range.rows()) {
        let cells = stored.iter().map(cell).collect();
        if rows.row(row, cells)?.is_break() {
            return Ok(());
        }
    }
    rows.finish()
}

fn chosen(names: &[String], form: &FileForm) -> Result<String, Vec<FileProblem>> {
    let problem = |what: String| vec![FileProblem::of_file(what)];
    match &form.table {
        Some(wanted) if names.contains(wanted) => Ok(wanted.clone()),
        Some(wanted) => {
            let there = names.join(", ");
            Err(problem(format!("the sheet {wanted} is missing; there are: {there}")))
        }
        None => names.first().cloned().ok_or_else(|| problem("there is no sheet".to_owned())),
    }
}

/// Takes the rows of a sheet; the first that is not empty names the columns.
struct Rows<'a, 'b> {
    wanted: &'a [&'a str],
    places: Option<Places>,
    each: &'a mut Each<'b>,
}

impl Rows<'_, '_> {
    fn row(&mut self, at: u32, cells: Vec<Cell>) -> Result<ControlFlow<()>, Vec<FileProblem>> {
        let Some(places) = &self.places else {
            if !cells.iter().all(Cell::is_empty) {
                let header: Vec<String> = cells.iter().map(Cell::to_text).collect();
                self.places = Some(Places::find(&header, self.wanted)?);
            }
            return Ok(ControlFlow::Continue(()));
        };
        Ok(match places.pick(u64::from(at) + 1, cells) {
            Some(record) => (self.each)(Ok(record)),
            None => ControlFlow::Continue(()),
        })
    }

    fn finish(&self) -> Result<(), Vec<FileProblem>> {
        match self.places {
            Some(_) => Ok(()),
            None => Err(vec![FileProblem::of_file("the sheet is empty")]),
        }
    }
}

fn cell(value: &Data) -> Cell {
    match value {
        Data::Empty => Cell::default(),
        Data::Int(number) => Cell::Number(number.to_string()),
        // The shortest decimal text that means this number.
        Data::Float(number) => Cell::Number(number.to_string()),
        Data::String(text) => Cell::text(text),
        Data::Bool(yes) => Cell::text(if *yes { "TRUE" } else { "FALSE" }),
        Data::DateTime(stored) => day(stored),
        Data::DateTimeIso(text) => {
            let day = text.get(..10).and_then(|day| CivilDate::parse(day).ok());
            day.map_or_else(|| Cell::text(text), Cell::Day)
        }
        Data::DurationIso(text) => Cell::text(text),
        Data::Error(error) => Cell::text(&error.to_string()),
    }
}

fn day(stored: &ExcelDateTime) -> Cell {
    let (year, month, day, ..) = stored.to_ymd_hms_milli();
    let parts = (i16::try_from(year), i8::try_from(month), i8::try_from(day));
    match parts {
        (Ok(year), Ok(month), Ok(day)) if stored.is_datetime() => {
            // A spreadsheet has a 29 February 1900, which the calendar has not.
            CivilDate::try_new(year, month, day)
                .map_or_else(|_| Cell::text(&format!("{year:04}-{month:02}-{day:02}")), Cell::Day)
        }
        _ => Cell::text("(duration)"),
    }
}
