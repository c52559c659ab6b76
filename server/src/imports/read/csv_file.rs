//! CSV: text of one encoding, balanced quotes, every row as wide as the header.
//!
//! The file is gone through twice, as a stream each time: once for the faults a reader would
//! swallow, once for its rows.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;

use csv::StringRecord;

use super::{Cell, Each, Places, io_problem};
use crate::imports::map::{Encoding, FileForm};
use crate::imports::problems::FileProblem;

/// More is no line of a table, and would have to be held in memory.
const LINE_AT_MOST: u64 = 1 << 20;
const MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

pub fn read(
    path: &Path,
    form: &FileForm,
    wanted: &[&str],
    each: &mut Each<'_>,
) -> Result<(), Vec<FileProblem>> {
    let (text, encoding) = open(path, form)?;
    check(text, encoding, form.delimiter)?;
    let (text, encoding) = open(path, form)?;
    // The map was checked: its delimiter is one ASCII sign.
    let delimiter = u8::try_from(form.delimiter).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(Utf8 { text, encoding, held: Vec::new() });
    let mut rows = reader.records();
    let header: Vec<String> = match rows.next() {
        Some(Ok(record)) => record.iter().map(|name| name.trim().to_owned()).collect(),
        _ => return Err(vec![FileProblem::of_file("the first row cannot be read")]),
    };
    let places = Places::find(&header, wanted)?;
    for record in rows {
        let record = record.map_err(|error| vec![FileProblem::of_file(error.to_string())])?;
        let found = match row(&record, header.len()) {
            Ok((row, cells)) => places.pick(row, cells).map(Ok),
            Err(problem) => Some(Err(problem)),
        };
        if let Some(found) = found
            && each(found) == ControlFlow::Break(())
        {
            break;
        }
    }
    Ok(())
}

fn row(record: &StringRecord, expected: usize) -> Result<(u64, Vec<Cell>), FileProblem> {
    let row = record.position().map_or(0, csv::Position::line);
    let cells: Vec<Cell> = record.iter().map(Cell::text).collect();
    let found = cells.len();
    if found != expected && !cells.iter().all(Cell::is_empty) {
        let what = format!("has {found} columns, and the header has {expected}");
        return Err(FileProblem::of_row(row, what));
    }
    Ok((row, cells))
}

/// The text behind its byte order mark, which also says what the text is in.
fn open(path: &Path, form: &FileForm) -> Result<(BufReader<File>, Encoding), Vec<FileProblem>> {
    let mut text = BufReader::new(File::open(path).map_err(io_problem)?);
    let start = text.fill_buf().map_err(io_problem)?;
    if start.starts_with(&[0xFF, 0xFE]) || start.starts_with(&[0xFE, 0xFF]) {
        let what = "the file is in UTF-16; save it as CSV in UTF-8 and import that";
        return Err(vec![FileProblem::of_file(what)]);
    }
    if start.starts_with(&MARK) {
        text.consume(MARK.len());
        return Ok((text, Encoding::Utf8));
    }
    Ok((text, form.encoding))
}

fn check(
    mut text: BufReader<File>,
    encoding: Encoding,
    delimiter: char,
) -> Result<(), Vec<FileProblem>> {
    let mut quotes = Quotes { at: At::FieldStart, row: 1, delimiter };
    let mut line = Vec::new();
    let mut is_empty = true;
    loop {
        line.clear();
        let read = text.by_ref().take(LINE_AT_MOST).read_until(b'\n', &mut line);
        if read.map_err(io_problem)? == 0 {
            break;
        }
        if line.len() as u64 == LINE_AT_MOST {
            let what = "is longer than a line of a table can be";
            return Err(vec![FileProblem::of_row(quotes.row, what)]);
        }
        let checked = match encoding {
            Encoding::Latin1 => quotes.check(line.iter().map(|byte| char::from(*byte))),
            Encoding::Utf8 => match std::str::from_utf8(&line) {
                Ok(text) => quotes.check(text.chars()),
                Err(_) => Err(FileProblem::of_row(
                    quotes.row,
                    "a character is not UTF-8; if the file is in Latin-1, write \
                     encoding = \"latin-1\" into the map",
                )),
            },
        };
        checked.map_err(|problem| vec![problem])?;
        is_empty &= line.iter().all(u8::is_ascii_whitespace);
    }
    if is_empty {
        return Err(vec![FileProblem::of_file("the file is empty")]);
    }
    quotes.finish().map_err(|problem| vec![problem])
}

#[derive(Clone, Copy)]
enum At {
    FieldStart,
    Bare,
    Quoted { since: u64 },
    QuoteInQuoted { since: u64 },
}

/// A reader would swallow rows from an opened quote on without a word; people get one.
struct Quotes {
    at: At,
    row: u64,
    delimiter: char,
}

impl Quotes {
    fn check(&mut self, text: impl Iterator<Item = char>) -> Result<(), FileProblem> {
        for c in text {
            self.at = match (self.at, c) {
                (At::FieldStart, '"') => At::Quoted { since: self.row },
                (At::Bare, '"') => {
                    let what = "a quotation mark stands inside a value";
                    return Err(FileProblem::of_row(self.row, what));
                }
                (At::Quoted { since }, '"') => At::QuoteInQuoted { since },
                (At::Quoted { since }, _) => At::Quoted { since },
                (At::QuoteInQuoted { since }, '"') => At::Quoted { since },
                (At::FieldStart | At::Bare | At::QuoteInQuoted { .. }, c)
                    if c == self.delimiter || c == '\n' || c == '\r' =>
                {
                    At::FieldStart
                }
                (At::FieldStart | At::Bare, _) => At::Bare,
                (At::QuoteInQuoted { since }, _) => {
                    let what = "a quoted value goes on after its closing quotation mark";
                    return Err(FileProblem::of_row(since, what));
                }
            };
            self.row += u64::from(c == '\n');
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), FileProblem> {
        match self.at {
            At::Quoted { since } => {
                let what = "a quotation mark is opened here and never closed";
                Err(FileProblem::of_row(since, what))
            }
            _ => Ok(()),
        }
    }
}

/// The text in UTF-8, whatever the file is in.
struct Utf8 {
    text: BufReader<File>,
    encoding: Encoding,
    /// What did not fit into the last buffer.
    held: Vec<u8>,
}

impl Read for Utf8 {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.encoding == Encoding::Utf8 {
            return self.text.read(into);
        }
        if self.held.is_empty() {
            let bytes = self.text.fill_buf()?;
            let read = bytes.len();
            let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
            self.held = text.into_bytes();
            self.text.consume(read);
        }
        let read = self.held.as_slice().read(into)?;
        self.held.drain(..read);
        Ok(read)
    }
}
