//! An hledger journal, which `hledger check` passes: accounts and commodities are declared, the
//! days are in order, and the last posting asserts every balance.

use std::io::{self, Write};

use receivables::calendar::CivilDate;
use receivables::money::Currency;

use super::{Expected, Journal, Name, Posting, decimal, words};

pub(super) struct Hledger<'w>(pub &'w mut (dyn Write + Send));

impl Journal for Hledger<'_> {
    fn head(&mut self, _begins: CivilDate, used: &[(Name, Currency)]) -> io::Result<()> {
        let mut said: Vec<Currency> = Vec::new();
        for (_, currency) in used {
            if !said.contains(currency) {
                said.push(*currency);
                // Without decimals there is a decimal mark all the same.
                let decimals = "0".repeat(usize::try_from(currency.exponent()).unwrap_or(0));
                writeln!(self.0, "commodity 1000.{decimals} {currency}")?;
            }
        }
        let mut named: Vec<&Name> = Vec::new();
        for (name, _) in used {
            if !named.contains(&name) {
                named.push(name);
                writeln!(self.0, "account {}", name.text())?;
            }
        }
        Ok(())
    }

    fn posting(&mut self, posting: &Posting) -> io::Result<()> {
        let payment = match &posting.payment_id {
            Some(id) => format!(", payment:{id}"),
            None => String::new(),
        };
        let (on, id) = (posting.on, &posting.id);
        writeln!(self.0, "\n{on} {}  ; posting:{id}{payment}", words(&posting.kind))?;
        for line in &posting.lines {
            let bill = match &line.bill_number {
                Some(number) => format!("  ; bill:{}", tag(number)),
                None => String::new(),
            };
            let (amount, currency) = (decimal(line.money), line.money.currency);
            writeln!(self.0, "    {}  {amount} {currency}{bill}", line.name.text())?;
        }
        Ok(())
    }

    fn foot(&mut self, after: CivilDate, expected: &[Expected]) -> io::Result<()> {
        writeln!(self.0, "\n{after} the balances of bills and accounts")?;
        for Expected { name, money } in expected {
            let currency = money.currency;
            writeln!(self.0, "    {}  0 {currency} = {} {currency}", name.text(), decimal(*money))?;
        }
        Ok(())
    }
}

/// A comma or a line's end would end the tag.
fn tag(text: &str) -> String {
    text.replace([',', '\n', '\r', ';'], " ")
}
