//! Reading: rows of named columns out of every kind of file the funnel takes.
//!
//! What kind a file is, its first bytes say, never its name. A reader gives its rows one after
//! the other and holds no more of the file than its format makes it hold: see
//! docs/decisions/0036.

mod access;
mod bank;
mod cell;
mod csv_file;
mod spreadsheet;

pub use cell::Cell;

use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::map::FileForm;
use super::problems::{FileProblem, shown};

/// One row: the cells of the wanted columns, in the order in which they were wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// As a spreadsheet counts: the header is row 1.
    pub row: u64,
    pub cells: Vec<Cell>,
}

/// What a reader gives: a row, or what is wrong with it. Told to stop, it ends without a fault.
pub type Each<'a> = dyn FnMut(Result<Record, FileProblem>) -> ControlFlow<()> + 'a;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Csv,
    Xlsx,
    Ods,
    Access,
    Camt,
    Mt940,
}

/// Reads the wanted columns of every row, or says what keeps the file from being read at all.
pub fn read(
    path: &Path,
    form: &FileForm,
    wanted: &[&str],
    each: &mut Each<'_>,
) -> Result<(), Vec<FileProblem>> {
    let kind = kind(path)?;
    // The readers of binary formats are other people's; a fault of theirs in a broken file is a
    // fault of that file.
    let read = catch_unwind(AssertUnwindSafe(|| match kind {
        Kind::Csv => csv_file::read(path, form, wanted, each),
        Kind::Xlsx => spreadsheet::read_xlsx(path, form, wanted, each),
        Kind::Ods => spreadsheet::read_ods(path, form, wanted, each),
        Kind::Access => access::read(path, form, wanted, each),
        Kind::Camt => bank::read_camt(path, wanted, each),
        Kind::Mt940 => bank::read_mt940(path, wanted, each),
    }));
    read.unwrap_or_else(|_| Err(unreadable("its content contradicts itself")))
}

/// Is it a text of rows, which only its last line's end shows to be whole?
pub fn is_csv(path: &Path) -> io::Result<bool> {
    if File::open(path)?.read(&mut [0])? == 0 {
        return Err(io::Error::other("it is empty"));
    }
    Ok(matches!(kind(path), Ok(Kind::Csv)))
}

fn kind(path: &Path) -> Result<Kind, Vec<FileProblem>> {
    let mut start = Vec::new();
    let opened = File::open(path).map_err(io_problem)?;
    opened.take(128).read_to_end(&mut start).map_err(io_problem)?;
    let is_ods = || find(&start, b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet");
    match start.as_slice() {
        [b'P', b'K', 3, 4, ..] if is_ods() => Ok(Kind::Ods),
        [b'P', b'K', 3, 4, ..] => Ok(Kind::Xlsx),
        [0xD0, 0xCF, 0x11, 0xE0, ..] => {
            Err(vec![FileProblem::of_file("an old or an encrypted workbook; save it as XLSX")])
        }
        [0, 1, 0, 0, name @ ..]
            if name.starts_with(b"Standard Jet DB") || name.starts_with(b"Standard ACE DB") =>
        {
            Ok(Kind::Access)
        }
        text => Ok(kind_of_text(text)),
    }
}

fn kind_of_text(start: &[u8]) -> Kind {
    let text = start.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(start).trim_ascii_start();
    match text {
        [b'<', ..] => Kind::Camt,
        _ if text.starts_with(b":20:") || text.starts_with(b"{1:") => Kind::Mt940,
        _ => Kind::Csv,
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn io_problem(error: io::Error) -> Vec<FileProblem> {
    unreadable(&error.to_string())
}

fn unreadable(why: &str) -> Vec<FileProblem> {
    vec![FileProblem::of_file(format!("the file cannot be read: {why}"))]
}

/// Where each wanted column stands in the header.
struct Places(Vec<usize>);

impl Places {
    fn find(header: &[String], wanted: &[&str]) -> Result<Self, Vec<FileProblem>> {
        let mut problems = Vec::new();
        let mut places = Vec::with_capacity(wanted.len());
        for name in wanted {
            let mut found = header.iter().enumerate().filter(|(_, named)| named == name);
            match (found.next(), found.next()) {
                (Some((at, _)), None) => places.push(at),
                (None, _) => {
                    let what = format!("the column {name} is missing");
                    problems.push(FileProblem::of_file(what));
                }
                _ => {
                    let what = format!("the column {name} stands there more than once");
                    problems.push(FileProblem::of_file(what));
                }
            }
        }
        if problems.is_empty() {
            return Ok(Self(places));
        }
        problems.push(FileProblem::of_file(hint(header)));
        Err(problems)
    }

    /// The wanted cells of a row; none when all of the row is empty.
    fn pick(&self, row: u64, cells: Vec<Cell>) -> Option<Record> {
        if cells.iter().all(Cell::is_empty) {
            return None;
        }
        let cell = |at: &usize| cells.get(*at).cloned().unwrap_or_default();
        Some(Record { row, cells: self.0.iter().map(cell).collect() })
    }
}

fn hint(header: &[String]) -> String {
    let other = [(';', "semicolons"), (',', "commas"), ('\t', "tabs")];
    let first = header.first().filter(|_| header.len() == 1);
    let found = other.iter().find(|(sign, _)| first.is_some_and(|line| line.contains(*sign)));
    match found {
        Some((sign, name)) => format!(
            "the columns seem to be separated by {name}: write delimiter = {} into the map",
            shown(&sign.to_string())
        ),
        None => format!("the file has these columns: {}", header.join(", ")),
    }
}

#[cfg(test)]
mod tests;
