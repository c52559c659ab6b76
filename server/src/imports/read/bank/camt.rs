//! camt.053, the bank statement of ISO 20022: read as a stream of XML, an entry at a time. A
//! batch of several payments gives a row for each.

use std::fs::File;
use std::io::BufReader;
use std::mem::take;
use std::ops::ControlFlow;
use std::path::Path;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use receivables::calendar::CivilDate;

use super::{Received, Rows, WENT_BACK};
use crate::imports::problems::FileProblem;
use crate::imports::read::{Each, io_problem, unreadable};

/// More than any statement nests.
const DEEPEST: usize = 64;

pub fn read_camt(
    path: &Path,
    wanted: &[&str],
    each: &mut Each<'_>,
) -> Result<(), Vec<FileProblem>> {
    let file = BufReader::new(File::open(path).map_err(io_problem)?);
    let mut xml = Reader::from_reader(file);
    xml.config_mut().expand_empty_elements = true;
    let mut statement = Statement::default();
    let mut rows = Rows::new(wanted, each)?;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let event = xml.read_event_into(&mut buffer);
        match event.map_err(|error| unreadable(&error.to_string()))? {
            Event::Start(element) => statement.start(&element).map_err(unreadable)?,
            Event::Text(text) => statement.text.push_str(&text.xml10_content()),
            Event::CData(text) => statement.text.push_str(&text.xml10_content()),
            Event::GeneralRef(entity) => {
                let sign = entity.resolve_char_ref().ok().flatten();
                let named = resolve_predefined_entity(&entity.xml10_content());
                match (sign, named) {
                    (Some(sign), _) => statement.text.push(sign),
                    (None, Some(text)) => statement.text.push_str(text),
                    (None, None) => return Err(unreadable("it names an entity of its own")),
                }
            }
            Event::End(_) if statement.end(&mut rows).is_break() => return Ok(()),
            Event::Eof => break,
            _ => {}
        }
    }
    match (statement.is_camt, statement.path.is_empty()) {
        (true, true) => Ok(()),
        (true, false) => Err(unreadable("it ends in the middle")),
        (false, _) => Err(unreadable("it is XML, and not a bank statement of camt.053")),
    }
}

/// One payment of an entry.
#[derive(Default)]
struct Part {
    bank_reference: String,
    amount: Option<(String, String)>,
    end_to_end: String,
    structured: String,
    words: String,
}

#[derive(Default)]
struct Entry {
    amount: (String, String),
    side: String,
    is_reversal: bool,
    status: String,
    booked_on: Option<CivilDate>,
    value_on: Option<CivilDate>,
    bank_reference: String,
    parts: Vec<Part>,
}

/// Where in the statement the reader is.
#[derive(Default)]
struct Statement {
    path: Vec<String>,
    text: String,
    /// The currency of the amount whose element is open.
    currency: String,
    is_camt: bool,
    id: String,
    entries: u64,
    entry: Entry,
}

impl Statement {
    fn start(&mut self, element: &BytesStart<'_>) -> Result<(), &'static str> {
        if self.path.len() >= DEEPEST {
            return Err("it nests too deep");
        }
        let name = element.local_name().as_ref().to_owned();
        self.text.clear();
        match name.as_str() {
            "BkToCstmrStmt" => self.is_camt = true,
            "Ntry" => self.entry = Entry::default(),
            "TxDtls" => self.entry.parts.push(Part::default()),
            "Amt" => {
                let currency = element.try_get_attribute("Ccy").ok().flatten();
                self.currency = currency.map(|found| found.value.into_owned()).unwrap_or_default();
            }
            _ => {}
        }
        self.path.push(name);
        Ok(())
    }

    fn end(&mut self, rows: &mut Rows<'_, '_>) -> ControlFlow<()> {
        let text = take(&mut self.text).trim().to_owned();
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        // Behind Document and BkToCstmrStmt.
        match path.get(2..).unwrap_or_default() {
            ["Stmt", "Id"] => {
                self.id = text;
                self.entries = 0;
            }
            ["Stmt", "Ntry"] => {
                self.path.pop();
                return self.finish(rows);
            }
            ["Stmt", "Ntry", "NtryDtls", "TxDtls", inner @ ..] => {
                let currency = &self.currency;
                self.entry.parts.last_mut().into_iter().for_each(|part| {
                    part.take(inner, &text, currency);
                });
            }
            ["Stmt", "Ntry", inner @ ..] => self.entry.take(inner, &text, &self.currency),
            _ => {}
        }
        self.path.pop();
        ControlFlow::Continue(())
    }

    /// The rows of the entry that has been read.
    fn finish(&mut self, rows: &mut Rows<'_, '_>) -> ControlFlow<()> {
        self.entries += 1;
        let (row, mut entry) = (self.entries, take(&mut self.entry));
        // What is pending or only told may never be booked.
        if entry.status != "BOOK" {
            return ControlFlow::Continue(());
        }
        match (entry.side.as_str(), entry.is_reversal) {
            ("CRDT", false) => {}
            ("DBIT", true) => return rows.problem(row, WENT_BACK),
            _ => return ControlFlow::Continue(()),
        }
        let base = match entry.bank_reference.as_str() {
            "" => format!("{}/{row}", self.id),
            reference => reference.to_owned(),
        };
        let is_batch = entry.parts.len() > 1;
        if is_batch && entry.parts.iter().any(|part| part.amount.is_none()) {
            return rows.problem(row, "its parts have no amounts of their own");
        }
        if entry.parts.is_empty() {
            entry.parts.push(Part::default());
        }
        for (at, part) in entry.parts.into_iter().enumerate() {
            let own = Some(part.bank_reference).filter(|reference| !reference.is_empty());
            let reference = match (is_batch, entry.bank_reference.is_empty()) {
                (true, _) => format!("{base}#{}", at + 1),
                (false, true) => own.unwrap_or_else(|| base.clone()),
                (false, false) => base.clone(),
            };
            let (amount, currency) =
                part.amount.filter(|_| is_batch).unwrap_or_else(|| entry.amount.clone());
            let remittance = if part.structured.is_empty() { part.words } else { part.structured };
            rows.row(
                row,
                Received {
                    reference,
                    amount,
                    currency,
                    booked_on: entry.booked_on,
                    value_on: entry.value_on,
                    remittance,
                    end_to_end: part.end_to_end,
                },
            )?;
        }
        ControlFlow::Continue(())
    }
}

impl Entry {
    fn take(&mut self, inner: &[&str], text: &str, currency: &str) {
        let day = || text.get(..10).and_then(|day| CivilDate::parse(day).ok());
        match inner {
            ["Amt"] => self.amount = (text.to_owned(), currency.to_owned()),
            ["CdtDbtInd"] => self.side = text.to_owned(),
            ["RvslInd"] => self.is_reversal = matches!(text, "true" | "1"),
            // A code of its own since edition 8, the text itself before.
            ["Sts"] if !text.is_empty() => self.status = text.to_owned(),
            ["Sts", "Cd"] => self.status = text.to_owned(),
            ["BookgDt", "Dt" | "DtTm"] => self.booked_on = day(),
            ["ValDt", "Dt" | "DtTm"] => self.value_on = day(),
            ["AcctSvcrRef"] => self.bank_reference = text.to_owned(),
            _ => {}
        }
    }
}

impl Part {
    fn take(&mut self, inner: &[&str], text: &str, currency: &str) {
        match inner {
            ["Amt"] | ["AmtDtls", "TxAmt", "Amt"] => {
                self.amount = Some((text.to_owned(), currency.to_owned()));
            }
            ["Refs", "AcctSvcrRef"] => self.bank_reference = text.to_owned(),
            ["Refs", "EndToEndId"] if text != "NOTPROVIDED" => self.end_to_end = text.to_owned(),
            ["RmtInf", "Strd", "CdtrRefInf", "Ref"] => self.structured = text.to_owned(),
            ["RmtInf", "Ustrd"] => {
                // Lines of one text, which the format cuts at 140 signs.
                self.words.push_str(text);
            }
            _ => {}
        }
    }
}
