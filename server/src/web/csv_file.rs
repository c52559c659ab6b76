//! Lists as files for spreadsheets (RFC 4180).

use csv::{Terminator, WriterBuilder};

/// The rows under their head. A text that a spreadsheet would take for a formula gets an
/// apostrophe before it.
pub fn csv_file(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
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
    use super::*;

    #[test]
    fn a_name_that_looks_like_a_formula_stays_a_text() {
        let rows = [vec!["=1+1".to_owned(), "Ada, \"the first\"".to_owned()]];
        assert_eq!(csv_file(&["a", "b"], rows), "a,b\r\n'=1+1,\"Ada, \"\"the first\"\"\"\r\n");
    }
}
