//! From bytes to records: text of one encoding, balanced quotes, every row as wide as the header.

use std::borrow::Cow;

use csv::StringRecord;

use super::map::{ColumnMap, Encoding};
use super::problems::{FileProblem, shown};

/// The file's rows: what stands below the header, each with its row number.
pub struct Table {
    pub header: Vec<String>,
    pub records: Vec<(u64, StringRecord)>,
    /// Rows that are not as wide as the header; they are not among the records.
    pub problems: Vec<FileProblem>,
}

/// Reads the whole file, or says what keeps it from being read at all.
pub fn read(bytes: &[u8], map: &ColumnMap) -> Result<Table, Vec<FileProblem>> {
    let text = decode(bytes, map.encoding).map_err(|problem| vec![problem])?;
    if text.trim().is_empty() {
        return Err(vec![FileProblem::of_file("the file is empty")]);
    }
    check_quotes(&text, map.delimiter).map_err(|problem| vec![problem])?;
    // The map was checked: its delimiter is one ASCII sign.
    let delimiter = u8::try_from(map.delimiter).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut rows = reader.records();
    let header: Vec<String> = match rows.next() {
        Some(Ok(record)) => record.iter().map(|name| name.trim().to_owned()).collect(),
        _ => return Err(vec![FileProblem::of_file("the first row cannot be read")]),
    };
    let wrong_header = check_header(&header, map);
    if !wrong_header.is_empty() {
        return Err(wrong_header);
    }
    let mut problems = Vec::new();
    let mut records = Vec::new();
    for record in rows {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                problems.push(FileProblem::of_file(error.to_string()));
                break;
            }
        };
        let row = record.position().map_or(0, csv::Position::line);
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if record.len() != header.len() {
            let (found, expected) = (record.len(), header.len());
            let what = format!("has {found} columns, and the header has {expected}");
            problems.push(FileProblem::of_row(row, what));
        } else {
            records.push((row, record));
        }
    }
    Ok(Table { header, records, problems })
}

fn decode(bytes: &[u8], encoding: Encoding) -> Result<Cow<'_, str>, FileProblem> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(FileProblem::of_file(
            "the file is in UTF-16; save it as CSV in UTF-8 and import that",
        ));
    }
    let (bytes, marked) = match bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]) {
        Some(rest) => (rest, true),
        None => (bytes, false),
    };
    match encoding {
        Encoding::Latin1 if !marked => Ok(bytes.iter().map(|byte| char::from(*byte)).collect()),
        _ => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let breaks = before.iter().filter(|byte| **byte == b'\n').count();
            let what = "a character is not UTF-8; if the file is in Latin-1, write \
                        encoding = \"latin-1\" into the map";
            FileProblem::of_row(row_after(breaks), what)
        }),
    }
}

fn row_after(breaks: usize) -> u64 {
    u64::try_from(breaks).unwrap_or(u64::MAX).saturating_add(1)
}

/// A reader would swallow rows from an opened quote on without a word; people get one.
fn check_quotes(text: &str, delimiter: char) -> Result<(), FileProblem> {
    enum At {
        FieldStart,
        Bare,
        Quoted { since: u64 },
        QuoteInQuoted { since: u64 },
    }
    let mut at = At::FieldStart;
    let mut row = 1;
    for c in text.chars() {
        at = match (at, c) {
            (At::FieldStart, '"') => At::Quoted { since: row },
            (At::Bare, '"') => {
                return Err(FileProblem::of_row(row, "a quotation mark stands inside a value"));
            }
            (At::Quoted { since }, '"') => At::QuoteInQuoted { since },
            (At::Quoted { since }, _) => At::Quoted { since },
            (At::QuoteInQuoted { since }, '"') => At::Quoted { since },
            (At::FieldStart | At::Bare | At::QuoteInQuoted { .. }, c)
                if c == delimiter || c == '\n' || c == '\r' =>
            {
                At::FieldStart
            }
            (At::FieldStart | At::Bare, _) => At::Bare,
            (At::QuoteInQuoted { since }, _) => {
                let what = "a quoted value goes on after its closing quotation mark";
                return Err(FileProblem::of_row(since, what));
            }
        };
        row += u64::from(c == '\n');
    }
    match at {
        At::Quoted { since } => {
            let what = "a quotation mark is opened here and never closed";
            Err(FileProblem::of_row(since, what))
        }
        _ => Ok(()),
    }
}

fn check_header(header: &[String], map: &ColumnMap) -> Vec<FileProblem> {
    let mut problems = Vec::new();
    for wanted in map.column_names() {
        match header.iter().filter(|name| *name == wanted).count() {
            1 => {}
            0 => {
                let what = format!("the column {wanted} is missing");
                problems.push(FileProblem::of_file(what));
            }
            _ => {
                let what = format!("the column {wanted} stands there more than once");
                problems.push(FileProblem::of_file(what));
            }
        }
    }
    if problems.is_empty() {
        return problems;
    }
    let other = [(';', "semicolons"), (',', "commas"), ('\t', "tabs")];
    let first = header.first().filter(|_| header.len() == 1);
    let found = other.iter().find(|(sign, _)| first.is_some_and(|line| line.contains(*sign)));
    problems.push(FileProblem::of_file(match found {
        Some((sign, name)) => format!(
            "the columns seem to be separated by {name}: write delimiter = {} into the map",
            shown(&sign.to_string())
        ),
        None => format!("the file has these columns: {}", header.join(", ")),
    }));
    problems
}
