//! MT940, the bank statement of SWIFT: lines of fields, `:61:` an entry and `:86:` its words.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::mem::take;
use std::ops::ControlFlow;
use std::path::Path;

use receivables::calendar::CivilDate;

use super::{Received, Rows, WENT_BACK};
use crate::imports::problems::FileProblem;
use crate::imports::read::{Each, io_problem, unreadable};

/// A field is a few lines of 65 signs; some banks are generous, none as much as this.
const FIELD_AT_MOST: usize = 8 * 1024;

pub fn read_mt940(
    path: &Path,
    wanted: &[&str],
    each: &mut Each<'_>,
) -> Result<(), Vec<FileProblem>> {
    let mut text = BufReader::new(File::open(path).map_err(io_problem)?);
    let mut rows = Rows::new(wanted, each)?;
    let mut statement = Statement::default();
    let (mut tag, mut field) = (String::new(), String::new());
    let mut line = Vec::new();
    loop {
        line.clear();
        let at_most = FIELD_AT_MOST as u64;
        let read = text.by_ref().take(at_most).read_until(b'\n', &mut line).map_err(io_problem)?;
        // Banks write one byte a sign.
        let shown: String = line.iter().map(|byte| char::from(*byte)).collect();
        let shown = shown.trim_end_matches(['\r', '\n']);
        let begun = tag_of(shown);
        if read == 0 || begun.is_some() {
            if statement.take(&tag, &take(&mut field), &mut rows).is_break() {
                return Ok(());
            }
            let Some((next, rest)) = begun else { break };
            (tag, field) = (next.to_owned(), rest.to_owned());
        } else if shown.len() + field.len() > FIELD_AT_MOST {
            return Err(unreadable("a field of it has no end"));
        } else {
            field.push('\n');
            field.push_str(shown);
        }
    }
    if statement.give(&mut rows).is_break() {
        return Ok(());
    }
    match statement.is_mt940 {
        true => Ok(()),
        false => Err(unreadable("it has no opening balance, so it is no MT940")),
    }
}

/// `:61:…` and `:60F:…`; a header in braces may stand before the first.
fn tag_of(line: &str) -> Option<(&str, &str)> {
    let line = match line.rfind("}{4:") {
        Some(at) => line.get(at + 4..)?,
        None => line,
    };
    let (tag, rest) = line.strip_prefix(':')?.split_once(':')?;
    let is_tag = (2..=3).contains(&tag.len()) && tag.starts_with(|c: char| c.is_ascii_digit());
    is_tag.then_some((tag, rest))
}

#[derive(Default)]
struct Statement {
    is_mt940: bool,
    number: String,
    currency: String,
    entries: u64,
    /// The entry whose words may follow.
    open: Option<Result<Received, &'static str>>,
}

impl Statement {
    fn take(&mut self, tag: &str, field: &str, rows: &mut Rows<'_, '_>) -> ControlFlow<()> {
        match tag {
            "28C" | "28" => self.number = field.trim().to_owned(),
            "60F" | "60M" => {
                self.is_mt940 = true;
                self.currency = field.get(7..10).unwrap_or_default().to_owned();
            }
            "61" => {
                self.give(rows)?;
                self.entries += 1;
                self.open = self.entry(field);
            }
            "86" => {
                if let Some(Ok(received)) = &mut self.open {
                    let (remittance, end_to_end) = words(field);
                    received.remittance = remittance;
                    received.end_to_end = end_to_end;
                }
                self.give(rows)?;
            }
            _ => self.give(rows)?,
        }
        ControlFlow::Continue(())
    }

    fn give(&mut self, rows: &mut Rows<'_, '_>) -> ControlFlow<()> {
        match self.open.take() {
            Some(Ok(received)) => rows.row(self.entries, received),
            Some(Err(why)) => rows.problem(self.entries, why),
            None => ControlFlow::Continue(()),
        }
    }

    /// `2611201120C1234,56NTRFpayer's reference//bank's reference`: `None` where money went out.
    fn entry(&self, field: &str) -> Option<Result<Received, &'static str>> {
        const UNCLEAR: &str = "the entry cannot be read";
        let line = field.lines().next().unwrap_or_default();
        let Some(value_on) = line.get(..6).and_then(short_day) else { return Some(Err(UNCLEAR)) };
        let mut rest = line.get(6..).unwrap_or_default();
        let booked_on = rest.get(..4).filter(|day| day.bytes().all(|b| b.is_ascii_digit()));
        rest = rest.get(booked_on.map_or(0, str::len)..).unwrap_or_default();
        let rest = match rest.strip_prefix("RC") {
            Some(_) => return Some(Err(WENT_BACK)),
            // Money that went out, and money that went out and came back.
            None if rest.starts_with('D') || rest.starts_with("RD") => return None,
            None => rest.strip_prefix('C'),
        };
        let Some(rest) = rest else { return Some(Err(UNCLEAR)) };
        // The third letter of the currency may stand before the amount.
        let rest = rest.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or(rest);
        let digits = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b',').count();
        let (amount, rest) = rest.split_at(digits);
        if amount.matches(',').count() != 1 || !amount.starts_with(|c: char| c.is_ascii_digit()) {
            return Some(Err(UNCLEAR));
        }
        let references = rest.get(4..).unwrap_or_default();
        let bank = references.split_once("//").map_or("", |(_, bank)| bank).trim();
        let reference = match bank {
            "" | "NONREF" => format!("{}/{value_on}/{}", self.number, self.entries),
            bank => bank.to_owned(),
        };
        Some(Ok(Received {
            reference,
            amount: amount.replace(',', ".").trim_end_matches('.').to_owned(),
            currency: self.currency.clone(),
            booked_on: booked_on.and_then(|day| near(value_on, day)),
            value_on: Some(value_on),
            remittance: String::new(),
            end_to_end: String::new(),
        }))
    }
}

/// `YYMMDD`, of which SWIFT says that 80 to 99 are of the last century.
fn short_day(text: &str) -> Option<CivilDate> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize| text.get(from..from + 2);
    let year: i16 = part(0)?.parse().ok()?;
    let century = if year < 80 { 2000 } else { 1900 };
    CivilDate::try_new(century + year, part(2)?.parse().ok()?, part(4)?.parse().ok()?).ok()
}

/// `MMDD` of the year in which it is nearest to the day of value.
fn near(value_on: CivilDate, text: &str) -> Option<CivilDate> {
    let (month, day) = (text.get(..2)?.parse().ok()?, text.get(2..)?.parse().ok()?);
    let year = value_on.jiff().year();
    let days = [year - 1, year, year + 1];
    let days = days.into_iter().filter_map(|year| CivilDate::try_new(year, month, day).ok());
    days.min_by_key(|day| day.days_since(value_on).abs())
}

/// The payer's words and the payer's own reference, of the ways in which banks write `:86:`.
fn words(field: &str) -> (String, String) {
    let code = field.get(..4).unwrap_or_default();
    let is_coded = code.ends_with('?') && code.bytes().take(3).all(|byte| byte.is_ascii_digit());
    let text = if is_coded {
        let joined = field.replace('\n', "");
        let parts = joined.split('?').skip(1).filter_map(|part| part.split_at_checked(2));
        let is_words = |number: &str| matches!(number.as_bytes(), [b'2', _] | [b'6', b'0'..=b'3']);
        parts.filter(|(number, _)| is_words(number)).map(|(_, words)| words).collect()
    } else {
        field.replace('\n', "")
    };
    let after = |tag: &str| text.split_once(tag).map(|(_, rest)| rest);
    let sepa = |tag| after(tag).map(|rest| rest.get(..next_tag(rest)).unwrap_or(rest).trim());
    let slashed =
        || after("/REMI/").map(|rest| rest.trim_start_matches("USTD//").trim_end_matches('/'));
    let remittance = sepa("SVWZ+").or_else(slashed).unwrap_or(text.trim()).to_owned();
    let end_to_end = sepa("EREF+").filter(|reference| *reference != "NOTPROVIDED");
    (remittance, end_to_end.unwrap_or_default().to_owned())
}

/// Where the next tag of four capitals and a plus begins, else the end.
fn next_tag(text: &str) -> usize {
    let plus = text.match_indices('+').map(|(at, _)| at);
    let tag = plus.filter_map(|at| at.checked_sub(4)).find(|from| {
        text.get(*from..from + 4).is_some_and(|tag| tag.bytes().all(|b| b.is_ascii_uppercase()))
    });
    tag.unwrap_or(text.len())
}
