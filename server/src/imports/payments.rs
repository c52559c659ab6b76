//! Payments from a file: every row is taken by itself, as money that arrived waits for no other
//! row's mistake. Starting again finds what was taken known.

use std::fmt;
use std::path::Path;

use receivables::ids::PaymentId;
use receivables::money::Currency;
use sqlx::AnyConnection;

use super::map::PaymentMap;
use super::payment_rows::{PaymentRow, read_payments};
use super::problems::FileProblem;
use super::reading::{Found, Reading};
use super::{ImportArgs, ImportError, RecordImport, hash_in_background, progress};
use crate::clock::ten_bytes;
use crate::db::{Command, DbError};
use crate::external_payments::{Filed, FiledOutcome, known_filed, look_at_filed, take_filed};
use crate::state::{Portal, Shared};

/// Rows of one transaction: few enough to let payers in between.
const ROWS_A_COMMIT: usize = 50;
/// Reasons that are told one by one; of the others, how many there are.
const REASONS_AT_MOST: usize = 1_000;

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowOutcome {
    New,
    Known,
    NeedsPerson(String),
    Refused(String),
}

/// How many rows did what, and why those that did nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaymentSummary {
    pub rows: u64,
    pub new: u64,
    pub known: u64,
    pub needs_person: u64,
    pub refused: u64,
    pub reasons: Vec<String>,
    pub dry_run: bool,
}

impl PaymentSummary {
    pub(super) fn count(&mut self, row: u64, outcome: &RowOutcome) {
        self.rows += 1;
        let told = match outcome {
            RowOutcome::New => {
                self.new += 1;
                return;
            }
            RowOutcome::Known => {
                self.known += 1;
                return;
            }
            RowOutcome::NeedsPerson(why) => {
                self.needs_person += 1;
                format!("row {row} waits for a person: {why}")
            }
            RowOutcome::Refused(why) => {
                self.refused += 1;
                format!("row {row} is refused: {why}")
            }
        };
        if self.reasons.len() < REASONS_AT_MOST {
            self.reasons.push(told);
        }
    }
}

impl fmt::Display for PaymentSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for reason in &self.reasons {
            writeln!(f, "{reason}")?;
        }
        let told = self.reasons.len() as u64;
        let silent = (self.needs_person + self.refused).saturating_sub(told);
        if silent > 0 {
            writeln!(f, "and {silent} more")?;
        }
        let counts = [
            ("rows in the file", self.rows),
            ("new payments", self.new),
            ("already known", self.known),
            ("wait for a person", self.needs_person),
            ("refused", self.refused),
        ];
        for (what, count) in counts {
            writeln!(f, "{count:>9}  {what}")?;
        }
        f.write_str(if self.dry_run { "Dry run: nothing was written." } else { "Imported." })
    }
}

/// Imports a file of payments, or says what importing it would do.
pub async fn run_payments(
    portal: &Shared,
    args: &ImportArgs,
    map: &PaymentMap,
) -> Result<PaymentSummary, ImportError> {
    let currency = args.currency.or(map.currency).ok_or(ImportError::NoCurrency)?;
    let file_hash = hash_in_background(&args.file).await?;
    if !args.dry_run {
        let book = portal.book.look(portal.db.read(), portal.now()).await?;
        if !book.broken.is_empty() {
            return Err(ImportError::BookBroken(book.broken));
        }
    }
    let mut summary = PaymentSummary { dry_run: args.dry_run, ..PaymentSummary::default() };
    let bar = progress(0);
    let mut rows = reading(portal, &args.file, map.clone(), currency, 0);
    while let Some(batch) = rows.next().await? {
        bar.inc(batch.len() as u64);
        let outcomes = if args.dry_run {
            look_at(portal, currency, &batch).await?
        } else {
            take_batch(portal, currency, &batch).await?
        };
        for ((row, _), outcome) in batch.iter().zip(&outcomes) {
            summary.count(*row, outcome);
        }
    }
    bar.finish_and_clear();
    if !args.dry_run {
        let run = hex::encode(ten_bytes(portal.chance.as_ref()));
        portal
            .db
            .write(RecordImport { run, actor: "operator", file_hash, now: portal.now() })
            .await?;
    }
    Ok(summary)
}

/// The rows of a file, behind so many of them.
pub(super) fn reading(
    portal: &Portal,
    file: &Path,
    map: PaymentMap,
    currency: Currency,
    passed: i64,
) -> Reading<PaymentRow> {
    let (file, today) = (file.to_owned(), portal.today());
    Reading::start(ROWS_A_COMMIT, passed, move |hand| {
        read_payments(&file, &map, currency, today, hand)
    })
}

/// What the rows would become. Writes nothing.
async fn look_at(
    portal: &Portal,
    currency: Currency,
    batch: &[Found<PaymentRow>],
) -> Result<Vec<RowOutcome>, DbError> {
    let mut connection = portal.db.read().acquire().await?;
    let mut outcomes = Vec::with_capacity(batch.len());
    for (_, found) in batch {
        outcomes.push(match found {
            Ok(row) => {
                let filed = filed(portal, currency, row);
                outcome(look_at_filed(&mut connection, &filed).await?)
            }
            Err(problems) => refused(problems),
        });
    }
    Ok(outcomes)
}

/// Takes the rows of one batch, all or none. What is known is not written again.
pub(super) async fn take_batch(
    portal: &Shared,
    currency: Currency,
    batch: &[Found<PaymentRow>],
) -> Result<Vec<RowOutcome>, DbError> {
    let row = |found: &Result<PaymentRow, Vec<FileProblem>>| match found {
        Ok(row) => Ok(filed(portal, currency, row)),
        Err(problems) => Err(refused(problems)),
    };
    let rows: Vec<Result<Filed, RowOutcome>> = batch.iter().map(|(_, found)| row(found)).collect();
    let sound: Vec<Filed> = rows.iter().filter_map(|row| row.clone().ok()).collect();
    let known = known_filed(portal, &sound).await?;
    let (new, at): (Vec<Filed>, Vec<bool>) = {
        let at: Vec<bool> = sound.iter().map(|row| !known.contains(&row.source_ref)).collect();
        (sound.into_iter().zip(&at).filter(|(_, new)| **new).map(|(row, _)| row).collect(), at)
    };
    let mut taken = match new.is_empty() {
        true => Vec::new(),
        false => portal.db.write(TakeRows { portal: portal.clone(), rows: new }).await?,
    }
    .into_iter();
    let mut at = at.into_iter();
    let outcomes = rows.into_iter().map(|row| match row {
        Ok(_) if at.next() == Some(true) => taken.next().map_or(RowOutcome::Known, outcome),
        Ok(_) => RowOutcome::Known,
        Err(refused) => refused,
    });
    Ok(outcomes.collect())
}

struct TakeRows {
    portal: Shared,
    rows: Vec<Filed>,
}

impl Command for TakeRows {
    type Reply = Vec<FiledOutcome>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Vec<FiledOutcome>, DbError> {
        take_filed(tx, &self.portal, &self.rows).await
    }
}

pub(super) fn filed(portal: &Portal, currency: Currency, row: &PaymentRow) -> Filed {
    let (ms, chance) = portal.id_parts();
    Filed {
        payment_id: PaymentId::from_parts(ms, &chance),
        item_id: portal.work_item_id(),
        source_ref: row.source_ref.clone(),
        account: row.account.clone(),
        bill: row.bill.clone(),
        account_or_bill: row.account_or_bill.clone(),
        amount: row.amount,
        currency,
        tender: row.tender,
        received_on: row.received_on,
        received_at: portal.zone.noon(row.received_on),
    }
}

pub(super) fn outcome(taken: FiledOutcome) -> RowOutcome {
    match taken {
        FiledOutcome::Posted => RowOutcome::New,
        FiledOutcome::Known => RowOutcome::Known,
        FiledOutcome::Differs(why) => RowOutcome::Refused(why),
        FiledOutcome::Unmatched(why) => RowOutcome::NeedsPerson(why.to_owned()),
    }
}

pub(super) fn refused(problems: &[FileProblem]) -> RowOutcome {
    let problem = |problem: &FileProblem| match &problem.column {
        Some(column) => format!("{column}: {}", problem.what),
        None => problem.what.clone(),
    };
    RowOutcome::Refused(problems.iter().map(problem).collect::<Vec<_>>().join("; "))
}
