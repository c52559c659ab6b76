//! Imports: bills and payments from another system's file, by a map of its columns.
//!
//! Payments are taken row by row ([`run_payments`]). A file of bills is gone through twice: once to
//! check all of it before anything is written, as any problem refuses the whole file, each named by
//! row and column; and once to take its rows. A row that is known already changes nothing, so the
//! same file may be imported again, and an import that was stopped goes on where it was.
//! Bounds: of each row some dozen bytes are held in memory, to see that two contradict each other.

mod apply;
mod cells;
mod date_pattern;
mod job;
mod map;
mod payment_rows;
mod payments;
mod plan;
mod problems;
mod read;
mod reading;
mod rows;
mod seen;
mod watch;

pub use job::{Imports, router, run_imports};
pub use map::{ColumnMap, FileMap, PaymentMap};
pub use payments::{PaymentSummary, run_payments};
pub use problems::FileProblem;
pub use watch::{Looked, Watch, look_at_watched};

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use receivables::calendar::{CivilDate, Micros};
use receivables::money::Currency;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;
use thiserror::Error;

use crate::audit::{self, NewAct};
use crate::clock::{Chance, Clock, ten_bytes};
use crate::config::Zone;
use crate::db::{Command, Database, DbError};
use crate::ledger::BookWatch;
use apply::{Applying, ROWS_A_COMMIT};
use plan::Decider;
use reading::{Hand, Reading};
use rows::FileRow;

/// Every SQL text of this room; a test prepares them on both engines.
pub const SQL: &[&[&str]] = &[job::SQL, plan::SQL, watch::SQL];

/// `paydown import FILE --as MAP`
#[derive(Clone, Debug, clap::Args)]
pub struct ImportArgs {
    /// The file of bills or payments: CSV, XLSX, ODS, or an Access database.
    pub file: PathBuf,
    /// What its columns say: the name of a built-in map, or the path of a map file.
    #[arg(long = "as", value_name = "MAP")]
    pub map: String,
    /// Only say what would be done.
    #[arg(long)]
    pub dry_run: bool,
    /// The day the file is read as of (YYYY-MM-DD): bills issued later wait, payments made later
    /// have not happened. Today, if not given.
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<CivilDate>,
    /// What the amounts are in, where the map does not say.
    #[arg(long, value_name = "CODE")]
    pub currency: Option<Currency>,
}

#[derive(Debug, Error)]
pub enum ImportError {
    #[error("{}: {error}", file.display())]
    Unreadable { file: PathBuf, error: std::io::Error },
    #[error("the column map {map}: {why}")]
    Map { map: String, why: String },
    #[error("the map is one of payments")]
    NotOfBills,
    #[error("{}\nThe rows before it are imported.", lines(.0))]
    Unfinished(Vec<FileProblem>),
    #[error("the program ended while it read the file")]
    Stopped,
    #[error("neither the map nor --currency says what the amounts are in")]
    NoCurrency,
    #[error("{}", refused(.0, *.1))]
    Refused(Vec<FileProblem>, usize),
    #[error(
        "{what} was changed by somebody else in the meantime; what was imported so far is kept, run \
         the same import again for the rest"
    )]
    ChangedMeanwhile { what: String },
    #[error("the book is broken, so nothing is imported; see paydown check: {}", .0.join(", "))]
    BookBroken(Vec<&'static str>),
    #[error(transparent)]
    Database(#[from] DbError),
}

fn lines(problems: &[FileProblem]) -> String {
    problems.iter().map(FileProblem::to_string).collect::<Vec<_>>().join("\n")
}

fn refused(problems: &[FileProblem], more: usize) -> String {
    let mut lines = vec![lines(problems)];
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    let count = match problems.len() + more {
        1 => "1 problem".to_owned(),
        count => format!("{count} problems"),
    };
    lines.push(format!("Nothing was imported: {count}."));
    lines.join("\n")
}

/// How many rows did what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub rows: usize,
    pub new_accounts: usize,
    pub new_bills: usize,
    /// Of the new bills: on hold, and paid elsewhere already.
    pub on_hold: usize,
    pub paid: usize,
    pub already_known: usize,
    /// Known bills that were paid elsewhere since the last import.
    pub settled_since: usize,
    /// Known bills that the file has as paid and a payer is paying here: left for next time.
    pub being_paid: usize,
    pub not_yet_issued: usize,
    pub dry_run: bool,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            ("rows in the file", self.rows),
            ("new accounts", self.new_accounts),
            ("new bills", self.new_bills),
            ("  of them on hold", self.on_hold),
            ("  of them paid elsewhere", self.paid),
            ("already known", self.already_known),
            ("known, paid elsewhere since", self.settled_since),
            ("known, being paid here now", self.being_paid),
            ("not yet issued", self.not_yet_issued),
            ("refused", 0),
        ];
        for (what, count) in counts {
            writeln!(f, "{count:>9}  {what}")?;
        }
        f.write_str(if self.dry_run { "Dry run: nothing was written." } else { "Imported." })
    }
}

/// Imports a file, or says what importing it would do.
pub async fn run(
    args: &ImportArgs,
    db: &Database,
    zone: &Zone,
    clock: &dyn Clock,
    chance: Arc<dyn Chance>,
) -> Result<Summary, ImportError> {
    let FileMap::Bills(map) = FileMap::load(&args.map)? else {
        return Err(ImportError::NotOfBills);
    };
    let currency = args.currency.or(map.currency).ok_or(ImportError::NoCurrency)?;
    let now = clock.now();
    let as_of = args.as_of.unwrap_or_else(|| zone.day(now));
    let file_hash = hash_in_background(&args.file).await?;
    let bills = Bills { file: args.file.clone(), map, currency, as_of };
    let summary = bills.check(db).await?;
    if !args.dry_run {
        let book = BookWatch::default().look(db.read(), now).await?;
        if !book.broken.is_empty() {
            return Err(ImportError::BookBroken(book.broken));
        }
        let hold_reason = Applying::hold_reason_of(&bills.map);
        let applying = Applying { currency, hold_reason, zone: zone.clone(), now, chance };
        bills.take(db, &applying, summary.rows).await?;
        let run = hex::encode(ten_bytes(applying.chance.as_ref()));
        db.write(RecordImport { run, actor: "operator", file_hash, now }).await?;
    }
    Ok(Summary { dry_run: args.dry_run, ..summary })
}

/// A file of bills, and how it is to be read.
struct Bills {
    file: PathBuf,
    map: ColumnMap,
    currency: Currency,
    as_of: CivilDate,
}

impl Bills {
    fn reading(&self) -> Reading<FileRow> {
        let (file, map, currency) = (self.file.clone(), self.map.clone(), self.currency);
        let read =
            move |hand: &mut Hand<'_, FileRow>| rows::read_bills(&file, &map, currency, hand);
        Reading::start(ROWS_A_COMMIT, 0, read)
    }

    fn decider(&self) -> Decider<'_> {
        Decider::new(&self.map, self.currency, self.as_of)
    }

    /// Goes through the whole file, and writes nothing.
    async fn check(&self, db: &Database) -> Result<Summary, ImportError> {
        let (mut reading, mut decider) = (self.reading(), self.decider());
        let bar = progress(0);
        loop {
            let batch = match reading.next().await {
                Ok(Some(batch)) => batch,
                Ok(None) => break,
                Err(ImportError::Unfinished(problems)) => {
                    decider.problems.extend(problems);
                    break;
                }
                Err(error) => return Err(error),
            };
            bar.inc(batch.len() as u64);
            plan::plan(db.read(), batch, &mut decider).await?;
        }
        bar.finish_and_clear();
        decider.problems.sort();
        match decider.problems.is_empty() {
            true => Ok(decider.summary),
            false => Err(ImportError::Refused(decider.problems, decider.more_problems)),
        }
    }

    /// Goes through it again and takes its rows, a batch a transaction.
    async fn take(
        &self,
        db: &Database,
        applying: &Applying,
        rows: usize,
    ) -> Result<(), ImportError> {
        let (mut reading, mut decider) = (self.reading(), self.decider());
        let bar = progress(rows);
        while let Some(batch) = reading.next().await? {
            let rows = batch.len();
            let accounts = plan::plan(db.read(), batch, &mut decider).await?;
            if let Some(problem) = decider.problems.first() {
                return Err(ImportError::ChangedMeanwhile { what: problem.to_string() });
            }
            if !accounts.is_empty() {
                apply::apply(db, accounts, applying).await?;
            }
            bar.inc(rows as u64);
        }
        bar.finish_and_clear();
        Ok(())
    }
}

async fn hash_in_background(file: &Path) -> Result<String, ImportError> {
    let (path, file) = (file.to_owned(), file.to_owned());
    let hash = tokio::task::spawn_blocking(move || hash_of(&path)).await;
    let hash = hash.map_err(|_| ImportError::Stopped)?;
    hash.map_err(|error| ImportError::Unreadable { file, error })
}

/// Of the content, a part at a time.
fn hash_of(file: &Path) -> std::io::Result<String> {
    let mut content = File::open(file)?;
    let mut hash = Sha256::new();
    let mut part = vec![0; 64 * 1024];
    loop {
        let read = content.read(&mut part)?;
        if read == 0 {
            return Ok(hex::encode(hash.finalize()));
        }
        hash.update(part.get(..read).unwrap_or_default());
    }
}

/// Every bill and payment has an act of its own; this one says which file they came from.
struct RecordImport {
    run: String,
    actor: &'static str,
    file_hash: String,
    now: Micros,
}

impl Command for RecordImport {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        let act = NewAct {
            id: format!("import/{}", self.run),
            kind: "import_applied".to_owned(),
            actor: self.actor.to_owned(),
            about: self.file_hash.clone(),
            account_id: None,
            at: self.now,
            request: None,
            digest: None,
        };
        audit::record(tx, &act).await
    }
}

/// A bar on a terminal, nothing elsewhere.
fn progress(rows: usize) -> ProgressBar {
    let bar = ProgressBar::new(rows as u64);
    let style =
        ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len} rows, {eta} left");
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
