//! Running imports, by the background work: a batch a transaction, with the count of its rows in
//! the same one. So a job that was stopped, or killed with its server, goes on behind the last
//! row that was counted, and no row is taken twice or left out.

use receivables::api::imports::ImportState;
use receivables::ids::ImportId;
use sqlx::AnyConnection;
use tokio::sync::Mutex;

use super::store::{self, Job, Move};
use super::upload::file_of;
use crate::db::{Command, DbError};
use crate::external_payments::{Filed, look_at_filed, take_filed};
use crate::imports::map::FileMap;
use crate::imports::payment_rows::PaymentRow;
use crate::imports::payments::{RowOutcome, filed, outcome, reading, refused};
use crate::imports::reading::{Found, Reading};
use crate::imports::{ImportError, RecordImport};
use crate::state::Shared;

/// Of one round, so that a server that is told to stop does not wait for a whole file.
const BATCHES_A_ROUND: usize = 20;

/// The file that one server has open, from one round to the next.
#[derive(Default)]
pub struct Imports(Mutex<Option<Open>>);

struct Open {
    id: ImportId,
    rows_done: i64,
    reading: Reading<PaymentRow>,
}

/// Goes on with what runs; whether there is more to do at once.
pub async fn run_imports(portal: &Shared, imports: &Imports) -> Result<bool, DbError> {
    if portal.book.is_halted() {
        return Ok(false);
    }
    let mut open = imports.0.lock().await;
    let mut is_more = false;
    for id in store::running(portal.db.read()).await? {
        let Some(job) = store::find(portal.db.read(), id).await? else { continue };
        // The file lies with the server that it was sent to.
        if !file_of(portal, id).exists() {
            continue;
        }
        is_more |= go_on(portal, &job, &mut open).await?;
    }
    Ok(is_more)
}

/// Takes some batches of one job; whether there are more.
async fn go_on(portal: &Shared, job: &Job, open: &mut Option<Open>) -> Result<bool, DbError> {
    let id = job.document.id;
    let fits = |open: &Open| open.id == id && open.rows_done == job.document.rows;
    let mut current = match open.take().filter(fits) {
        Some(current) => current,
        None => match begin(portal, job).await {
            Ok(current) => current,
            Err(error) => return finish(portal, job, Err(error)).await,
        },
    };
    for _ in 0..BATCHES_A_ROUND {
        let batch = match current.reading.next().await {
            Ok(Some(batch)) => batch,
            Ok(None) => return finish(portal, job, Ok(())).await,
            Err(error) => return finish(portal, job, Err(error)).await,
        };
        if !portal.db.write(TakeBatch::new(portal, job, current.rows_done, &batch)).await? {
            return Ok(false);
        }
        current.rows_done += i64::try_from(batch.len()).unwrap_or(i64::MAX);
    }
    *open = Some(current);
    Ok(true)
}

/// Opens the file and passes over the rows that are done.
async fn begin(portal: &Shared, job: &Job) -> Result<Open, ImportError> {
    let map = match FileMap::parse(&job.map) {
        Ok(FileMap::Payments(map)) => map,
        _ => return Err(ImportError::NotOfBills),
    };
    let (id, currency) = (job.document.id, job.document.currency);
    let rows_done = job.document.rows;
    let file = file_of(portal, id);
    let reading = reading(portal, &file, map, currency, rows_done);
    Ok(Open { id, rows_done, reading })
}

async fn finish(
    portal: &Shared,
    job: &Job,
    ended: Result<(), ImportError>,
) -> Result<bool, DbError> {
    let (id, now) = (job.document.id, portal.now());
    let failure = ended.err().map(|error| {
        let words = error.to_string();
        words.lines().next().unwrap_or_default().to_owned()
    });
    let to = if failure.is_some() { ImportState::Failed } else { ImportState::Done };
    let is_ours =
        portal.db.write(Move { id, from: ImportState::Running, to, failure, now }).await?;
    if is_ours && !job.document.dry_run {
        let file_hash = job.document.file_hash.clone();
        let record = RecordImport { run: id.to_string(), actor: "staff", file_hash, now };
        portal.db.write(record).await?;
        // What was failed may be looked into; what was taken is in the book.
        if to == ImportState::Done {
            let _ = std::fs::remove_file(file_of(portal, id));
        }
    }
    Ok(false)
}

/// One batch of a job; false when it is not the job's next one.
struct TakeBatch {
    portal: Shared,
    id: ImportId,
    dry_run: bool,
    rows_done: i64,
    numbers: Vec<u64>,
    rows: Vec<Result<Filed, RowOutcome>>,
}

impl TakeBatch {
    fn new(portal: &Shared, job: &Job, rows_done: i64, batch: &[Found<PaymentRow>]) -> Self {
        let currency = job.document.currency;
        let row = |(_, found): &Found<PaymentRow>| match found {
            Ok(row) => Ok(filed(portal, currency, row)),
            Err(problems) => Err(refused(problems)),
        };
        Self {
            portal: portal.clone(),
            id: job.document.id,
            dry_run: job.document.dry_run,
            rows_done,
            numbers: batch.iter().map(|(row, _)| *row).collect(),
            rows: batch.iter().map(row).collect(),
        }
    }

    async fn outcomes(&self, tx: &mut AnyConnection) -> Result<Vec<RowOutcome>, DbError> {
        let sound: Vec<Filed> = self.rows.iter().filter_map(|row| row.clone().ok()).collect();
        let taken = if self.dry_run {
            let mut looked = Vec::with_capacity(sound.len());
            for row in &sound {
                looked.push(look_at_filed(&mut *tx, row).await?);
            }
            looked
        } else {
            take_filed(tx, &self.portal, &sound).await?
        };
        let mut taken = taken.into_iter().map(outcome);
        let outcomes = self.rows.iter().map(|row| match row {
            Ok(_) => taken.next().unwrap_or(RowOutcome::Known),
            Err(refused) => refused.clone(),
        });
        Ok(outcomes.collect())
    }
}

impl Command for TakeBatch {
    type Reply = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, DbError> {
        if !store::lock(tx, self.id, self.rows_done, self.portal.now()).await? {
            return Ok(false);
        }
        let outcomes = self.outcomes(tx).await?;
        store::count(tx, self.id, self.rows_done, &self.numbers, &outcomes).await?;
        Ok(true)
    }
}
