//! MS Access: the rows of one table of a database file, read page by page. Currency and decimal
//! columns come as the exact text they store.

use std::ops::ControlFlow;
use std::path::Path;

use jetdb::timestamp::format_timestamp;
use jetdb::{
    FileError, PageReader, TableRows, Value, calculated_column_types_in, find_table, read_catalog,
    read_table_def, table_names,
};
use receivables::calendar::CivilDate;

use super::{Cell, Each, Places, unreadable};
use crate::imports::map::FileForm;
use crate::imports::problems::FileProblem;

pub fn read(
    path: &Path,
    form: &FileForm,
    wanted: &[&str],
    each: &mut Each<'_>,
) -> Result<(), Vec<FileProblem>> {
    let fault = |error: FileError| unreadable(&error.to_string());
    let mut file = PageReader::open(path).map_err(fault)?;
    let names = table_names(&mut file).map_err(fault)?;
    let name = chosen(&names, form).map_err(|problem| vec![problem])?;
    let catalog = read_catalog(&mut file).map_err(fault)?;
    let page = find_table(&catalog, name).map_err(fault)?.table_page;
    let table = read_table_def(&mut file, name, page).map_err(fault)?;
    let header: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
    let places = Places::find(&header, wanted)?;
    let calculated = calculated_column_types_in(&catalog, &table);
    let mut rows = TableRows::new(&table, &calculated).with_columns(&places.0);
    let mut row = 1;
    while let Some(stored) = rows.next_row(&mut file).map_err(fault)? {
        row += 1;
        let cells = stored.values.into_iter().map(cell).collect();
        if let Some(record) = places.pick(row, cells)
            && each(Ok(record)) == ControlFlow::Break(())
        {
            return Ok(());
        }
    }
    match rows.skipped_rows() {
        0 => Ok(()),
        skipped => Err(unreadable(&format!("{skipped} of its rows are damaged"))),
    }
}

/// The table the map names, else the only one.
fn chosen<'a>(names: &'a [String], form: &FileForm) -> Result<&'a String, FileProblem> {
    let there = || names.join(", ");
    match (&form.table, names) {
        (Some(wanted), _) => names.iter().find(|name| *name == wanted).ok_or_else(|| {
            FileProblem::of_file(format!("the table {wanted} is missing; there are: {}", there()))
        }),
        (None, [only]) => Ok(only),
        (None, _) => Err(FileProblem::of_file(format!(
            "write table = into the map, as the file has more than one or none: {}",
            there()
        ))),
    }
}

fn cell(value: Value) -> Cell {
    match value {
        Value::Null => Cell::default(),
        Value::Bool(yes) => Cell::text(if yes { "TRUE" } else { "FALSE" }),
        Value::Byte(number) => Cell::Number(number.to_string()),
        Value::Int(number) => Cell::Number(number.to_string()),
        Value::Long(number) => Cell::Number(number.to_string()),
        Value::BigInt(number) => Cell::Number(number.to_string()),
        // The shortest decimal text that means this number.
        Value::Float(number) => Cell::Number(number.to_string()),
        Value::Double(number) => Cell::Number(number.to_string()),
        Value::Money(digits) | Value::Numeric(digits) => Cell::Number(digits),
        Value::Text(text) | Value::Guid(text) => Cell::text(&text),
        Value::Timestamp(days) => day(&format_timestamp(days, "%Y-%m-%d")),
        Value::DateTimeExtended(text) => day(&text),
        Value::Binary(_) => Cell::text("(binary)"),
        // A kind that the reader may learn later is shown back and never taken for an amount.
        other => Cell::text(&format!("{other:?}")),
    }
}

fn day(text: &str) -> Cell {
    let day = text.get(..10).and_then(|day| CivilDate::parse(day).ok());
    day.map_or_else(|| Cell::text(text), Cell::Day)
}
