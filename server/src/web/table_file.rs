//! Lists as files for spreadsheets: CSV (RFC 4180) and XLSX. A file has no pages: who asks for
//! more rows than it may have narrows the list.

use std::str::FromStr;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use csv::{Terminator, WriterBuilder};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use rust_xlsxwriter::{Format as CellFormat, Workbook, XlsxError};

use crate::problem::Refusal;

pub const ROWS_OF_A_FILE: usize = 20_000;

/// How a list is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    File(FileKind),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    Csv,
    Xlsx,
}

impl Format {
    /// `?format=`
    pub fn parse(text: Option<&str>) -> Result<Self, Refusal> {
        match text {
            None | Some("json") => Ok(Self::Json),
            Some("csv") => Ok(Self::File(FileKind::Csv)),
            Some("xlsx") => Ok(Self::File(FileKind::Xlsx)),
            Some(_) => {
                let words = "The format is json, csv or xlsx.";
                Err(Refusal::unprocessable("filter-invalid", words).at("query:format"))
            }
        }
    }

    pub const fn as_file(self) -> Option<FileKind> {
        match self {
            Self::Json => None,
            Self::File(kind) => Some(kind),
        }
    }
}

/// The list is longer than a file; `at` names what narrows it.
pub fn too_many_rows(at: &'static str) -> Refusal {
    let words = "A file has at most 20,000 rows. Ask for fewer.";
    Refusal::unprocessable("filter-invalid", words).at(at)
}

/// What a file is called and which columns it has.
#[derive(Clone, Copy, Debug)]
pub struct TableFile<'a> {
    pub name: &'a str,
    pub head: &'a [&'a str],
    /// The columns that a spreadsheet may add up.
    pub numbers: &'a [&'a str],
}

impl TableFile<'_> {
    pub fn answer(
        &self,
        kind: FileKind,
        rows: impl IntoIterator<Item = Vec<String>>,
    ) -> Result<Response, Refusal> {
        let (extension, media, content) = match kind {
            FileKind::Csv => {
                ("csv", "text/csv; charset=utf-8", csv_file(self.head, rows).into_bytes())
            }
            FileKind::Xlsx => ("xlsx", XLSX, self.spreadsheet(rows).map_err(cannot_be_written)?),
        };
        let name = format!("attachment; filename=\"{}.{extension}\"", self.name);
        let head = [(header::CONTENT_DISPOSITION, name), (header::CONTENT_TYPE, media.to_owned())];
        Ok((head, content).into_response())
    }

    /// Everything but the named columns is a text, so that no program makes a day of a number or
    /// cuts off its zeros; the head stays in sight.
    fn spreadsheet(
        &self,
        rows: impl IntoIterator<Item = Vec<String>>,
    ) -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        let bold = CellFormat::new().set_bold();
        for (column, name) in (0..).zip(self.head) {
            sheet.write_string_with_format(0, column, *name, &bold)?;
        }
        for (at, row) in (1..).zip(rows) {
            for ((column, name), text) in (0..).zip(self.head).zip(row) {
                // A spreadsheet knows no other numbers; nothing is reckoned with them here.
                let number = self.numbers.contains(name).then(|| Decimal::from_str(&text).ok());
                match number.flatten().and_then(|number| number.to_f64()) {
                    Some(number) => sheet.write_number(at, column, number)?,
                    None => sheet.write_string(at, column, text)?,
                };
            }
        }
        sheet.set_freeze_panes(1, 0)?;
        book.save_to_buffer()
    }
}

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

fn cannot_be_written(error: XlsxError) -> Refusal {
    tracing::error!(%error, "a spreadsheet could not be written");
    Refusal::fault()
}

/// A text that a spreadsheet would take for a formula gets an apostrophe before it.
fn csv_file(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut lines = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    // Writing into memory cannot fail.
    let _ = lines.write_record(head);
    for row in rows {
        let _ = lines.write_record(row.iter().map(|text| plain(text)));
    }
    String::from_utf8(lines.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// A text that no spreadsheet takes for a formula.
pub fn plain(text: &str) -> String {
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if runs { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use calamine::{Data, Reader, Xlsx};

    use super::*;

    #[test]
    fn a_name_that_looks_like_a_formula_stays_a_text() {
        let rows = [vec!["=1+1".to_owned(), "Ada, \"the first\"".to_owned()]];
        assert_eq!(csv_file(&["a", "b"], rows), "a,b\r\n'=1+1,\"Ada, \"\"the first\"\"\"\r\n");
    }

    #[test]
    fn a_spreadsheet_adds_up_amounts_and_leaves_the_rest_as_it_is_written() {
        let table = TableFile { name: "t", head: &["account", "amount"], numbers: &["amount"] };
        let rows = [["0017", "20.10"], ["=1+1", "none"]].map(|row| row.map(str::to_owned).to_vec());
        let content = table.spreadsheet(rows).unwrap();
        let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(content)).unwrap();
        let sheet = book.worksheet_range_at(0).unwrap().unwrap();
        let cells: Vec<_> = sheet.rows().map(<[Data]>::to_vec).collect();
        let text = |text: &str| Data::String(text.to_owned());
        assert_eq!(cells[1], [text("0017"), Data::Float(20.1)]);
        assert_eq!(cells[2], [text("=1+1"), text("none")]);
    }
}
