//! From records to payments: one row of a file that says what was received.

use std::collections::HashSet;
use std::path::Path;

use receivables::calendar::CivilDate;
use receivables::card_number::holds_card_number;
use receivables::money::{Currency, MinorUnits};
use receivables::tender::Tender;

use super::cells::CellReader;
use super::map::PaymentMap;
use super::problems::{FileProblem, shown};
use super::read::{Record, read};
use super::reading::Hand;
use super::seen::short_hash;

/// One payment as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRow {
    /// `source/reference`.
    pub source_ref: String,
    pub amount: MinorUnits,
    pub received_on: CivilDate,
    pub account: Option<String>,
    pub bill: Option<String>,
    /// The number of an account or of a bill, or a payer's words.
    pub account_or_bill: Option<String>,
    pub tender: Tender,
}

/// Hands on every row, or everything that is wrong with it.
pub fn read_payments(
    path: &Path,
    map: &PaymentMap,
    currency: Currency,
    today: CivilDate,
    hand: &mut Hand<'_, PaymentRow>,
) -> Result<(), Vec<FileProblem>> {
    let wanted = map.column_names();
    let mut seen = References::default();
    read(path, &map.form, &wanted, &mut |found| {
        let record = match found {
            Ok(record) => record,
            Err(problem) => return hand((problem.row.unwrap_or(0), Err(vec![problem]))),
        };
        let mut problems = Vec::new();
        let form = &map.form;
        let cells = CellReader {
            record: &record,
            wanted: &wanted,
            form,
            currency,
            problems: &mut problems,
        };
        let row = payment(cells, map, today);
        let row = row.filter(|row| seen.is_new(&row.source_ref, &record, map, &mut problems));
        hand((record.row, row.ok_or(problems)))
    })
}

/// The row, if nothing is wrong with it; all of its cells are looked at in any case.
fn payment(mut cells: CellReader<'_>, map: &PaymentMap, today: CivilDate) -> Option<PaymentRow> {
    let columns = &map.columns;
    let reference = cells.text(&columns.reference, 100);
    let amount = cells.amount(&columns.amount);
    let received_on = cells.day(&columns.received_on);
    let account = cells.optional_text(columns.account.as_deref(), 64);
    let bill = cells.optional_text(columns.bill_number.as_deref(), 64);
    let account_or_bill = columns.account_or_bill.as_deref().and_then(|at| words(&cells, at));
    let tender = tender(&mut cells, map);
    let before = cells.problems.len();
    if amount.is_some_and(MinorUnits::is_zero) {
        cells.problem(&columns.amount, "is nothing");
    }
    if let Some(column) = &columns.currency
        && cells.cell(column).to_text() != cells.currency.code()
    {
        let (found, currency) = (shown(&cells.cell(column).to_text()), cells.currency);
        cells.problem(column, format!("{found} is not {currency}"));
    }
    if received_on.is_some_and(|day| day > today) {
        cells.problem(&columns.received_on, "is after today");
    }
    let named = [(Some(&columns.reference), reference.clone())];
    let named = named.into_iter().chain([
        (columns.account.as_ref(), account.clone().flatten()),
        (columns.bill_number.as_ref(), bill.clone().flatten()),
    ]);
    for (column, text) in named {
        if let (Some(column), Some(text)) = (column, text)
            && holds_card_number(&text)
        {
            cells.problem(column, "looks like the number of a card");
        }
    }
    let is_sound = cells.problems.len() == before;
    let source_ref = format!("{}/{}", columns.source, reference?);
    let row = PaymentRow {
        source_ref,
        amount: amount?,
        received_on: received_on?,
        account: account?,
        bill: bill?,
        account_or_bill,
        tender: tender?,
    };
    is_sound.then_some(row)
}

/// What a payer wrote refuses no money: what cannot be a number names nobody, and the number of
/// a card is not kept.
fn words(cells: &CellReader<'_>, column: &str) -> Option<String> {
    const AT_MOST: usize = 200;
    let text = cells.cell(column).to_text();
    let short: String = text.chars().filter(|c| !c.is_control()).take(AT_MOST).collect();
    (!short.is_empty() && !holds_card_number(&text)).then_some(short)
}

fn tender(cells: &mut CellReader<'_>, map: &PaymentMap) -> Option<Tender> {
    let Some(tenders) = &map.columns.tenders else { return map.columns.tender };
    let word = cells.text(&tenders.column, 64)?;
    let tender = tenders.words.get(&word).copied();
    if tender.is_none() {
        let words: Vec<&str> = tenders.words.keys().map(String::as_str).collect();
        let what = format!("{} is none of: {}", shown(&word), words.join(", "));
        cells.problem(&tenders.column, what);
    }
    tender
}

/// The references of the rows so far, eight bytes each.
#[derive(Default)]
struct References(HashSet<u64>);

impl References {
    /// Two rows of one reference would be one payment: the second is a person's to look at.
    fn is_new(
        &mut self,
        source_ref: &str,
        record: &Record,
        map: &PaymentMap,
        problems: &mut Vec<FileProblem>,
    ) -> bool {
        let is_new = self.0.insert(short_hash(&[source_ref]));
        if !is_new {
            let (column, what) = (&map.columns.reference, "stands in an earlier row already");
            problems.push(FileProblem::of_cell(record.row, column, what));
        }
        is_new
    }
}
