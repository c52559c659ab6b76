//! A Beancount file, which `bean-check` passes: accounts are opened, and every balance is asserted
//! on the day after the last posting.

use std::io::{self, Write};

use receivables::calendar::CivilDate;
use receivables::money::Currency;

use super::{Expected, Journal, Name, Posting, decimal, words};

pub(super) struct Beancount<'w>(pub &'w mut (dyn Write + Send));

impl Journal for Beancount<'_> {
    fn head(&mut self, begins: CivilDate, used: &[(Name, Currency)]) -> io::Result<()> {
        let mut named: Vec<&Name> = Vec::new();
        for (name, _) in used {
            if !named.contains(&name) {
                named.push(name);
                writeln!(self.0, "{begins} open {}", name.text())?;
            }
        }
        Ok(())
    }

    fn posting(&mut self, posting: &Posting) -> io::Result<()> {
        let payment = match &posting.payment_id {
            Some(id) => format!(" ^{id}"),
            None => String::new(),
        };
        let (on, id) = (posting.on, &posting.id);
        writeln!(self.0, "\n{on} * {} ^{id}{payment}", quoted(&words(&posting.kind)))?;
        for line in &posting.lines {
            let (amount, currency) = (decimal(line.money), line.money.currency);
            writeln!(self.0, "  {}  {amount} {currency}", line.name.text())?;
            if let Some(number) = &line.bill_number {
                writeln!(self.0, "    bill: {}", quoted(number))?;
            }
        }
        Ok(())
    }

    fn foot(&mut self, after: CivilDate, expected: &[Expected]) -> io::Result<()> {
        writeln!(self.0)?;
        for Expected { name, money } in expected {
            let currency = money.currency;
            writeln!(self.0, "{after} balance {}  {} {currency}", name.text(), decimal(*money))?;
        }
        Ok(())
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
