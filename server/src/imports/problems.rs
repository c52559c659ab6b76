//! What is wrong with a file, by row and column, in words for the person who has to mend it.

use std::fmt;

/// One thing that is wrong. Rows are counted as a spreadsheet does: the header is row 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileProblem {
    pub row: Option<u64>,
    pub column: Option<String>,
    pub what: String,
}

impl FileProblem {
    pub fn of_file(what: impl Into<String>) -> Self {
        Self { row: None, column: None, what: what.into() }
    }

    pub fn of_row(row: u64, what: impl Into<String>) -> Self {
        Self { row: Some(row), column: None, what: what.into() }
    }

    pub fn of_cell(row: u64, column: &str, what: impl Into<String>) -> Self {
        Self { row: Some(row), column: Some(column.to_owned()), what: what.into() }
    }
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.row, &self.column) {
            (Some(row), Some(column)) => write!(f, "row {row}, {column}: {}", self.what),
            (Some(row), None) => write!(f, "row {row}: {}", self.what),
            _ => f.write_str(&self.what),
        }
    }
}

/// A cell's text as it may be shown back: short, and without signs a terminal would obey.
pub(super) fn shown(text: &str) -> String {
    const AT_MOST: usize = 40;
    let mut short: String = text.chars().take(AT_MOST).collect();
    if text.chars().nth(AT_MOST).is_some() {
        short.push('…');
    }
    format!("{short:?}")
}
