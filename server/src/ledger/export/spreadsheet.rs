//! CSV by RFC 4180, a row for each entry. A text that a spreadsheet would take for a formula gets
//! an apostrophe before it; amounts stand in two columns and are never negative.

use std::io::{self, Write};

use csv::{Terminator, Writer, WriterBuilder};
use receivables::calendar::CivilDate;
use receivables::money::{Currency, MinorUnits, Money};

use super::{Expected, Journal, Name, Posting, decimal, words};

pub(super) struct Spreadsheet<'w>(Writer<&'w mut (dyn Write + Send)>);

impl<'w> Spreadsheet<'w> {
    pub fn new(into: &'w mut (dyn Write + Send)) -> Self {
        Self(WriterBuilder::new().terminator(Terminator::CRLF).from_writer(into))
    }
}

const HEAD: [&str; 9] =
    ["date", "posting", "kind", "payment", "bill", "account", "currency", "debit", "credit"];

impl Journal for Spreadsheet<'_> {
    fn head(&mut self, _begins: CivilDate, _used: &[(Name, Currency)]) -> io::Result<()> {
        self.0.write_record(HEAD).map_err(io::Error::from)
    }

    fn posting(&mut self, posting: &Posting) -> io::Result<()> {
        for line in &posting.lines {
            let Money { amount, currency } = line.money;
            let positive =
                decimal(Money::new(MinorUnits::new(amount.get().saturating_abs()), currency));
            let (debit, credit) = if amount.is_positive() {
                (positive, String::new())
            } else {
                (String::new(), positive)
            };
            self.0
                .write_record([
                    posting.on.to_string(),
                    posting.id.clone(),
                    words(&posting.kind),
                    posting.payment_id.clone().unwrap_or_default(),
                    plain(line.bill_number.as_deref().unwrap_or_default()),
                    line.name.text().to_owned(),
                    currency.to_string(),
                    debit,
                    credit,
                ])
                .map_err(io::Error::from)?;
        }
        self.0.flush()
    }

    fn foot(&mut self, _after: CivilDate, _expected: &[Expected]) -> io::Result<()> {
        Ok(())
    }
}

/// A bill's number comes from elsewhere and must not be run.
fn plain(text: &str) -> String {
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if runs { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_text() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(plain(text), format!("'{text}"));
        }
        assert_eq!(plain("B-17 = 3"), "B-17 = 3");
    }
}
