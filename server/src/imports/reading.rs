//! A file read beside the taking of its rows: a few batches ahead and no more, so that a file of
//! any length takes the same memory.

use std::ops::ControlFlow;

use tokio::sync::mpsc;

use super::ImportError;
use super::problems::FileProblem;

/// Batches that are read and wait to be taken.
const AHEAD: usize = 4;

/// A row by its number: what it says, or everything that is wrong with it.
pub type Found<R> = (u64, Result<R, Vec<FileProblem>>);

/// What a reader hands every row to.
pub type Hand<'a, R> = dyn FnMut(Found<R>) -> ControlFlow<()> + 'a;

pub struct Reading<R> {
    batches: mpsc::Receiver<Vec<Found<R>>>,
    reader: Option<tokio::task::JoinHandle<Result<(), Vec<FileProblem>>>>,
}

impl<R: Send + 'static> Reading<R> {
    /// Starts `read`, which hands on every row of its file, behind the first `passed` of them.
    pub fn start(
        rows_a_batch: usize,
        passed: i64,
        read: impl FnOnce(&mut Hand<'_, R>) -> Result<(), Vec<FileProblem>> + Send + 'static,
    ) -> Self {
        let (send, batches) = mpsc::channel(AHEAD);
        let reader = tokio::task::spawn_blocking(move || {
            let (mut left, mut batch) = (passed, Vec::new());
            read(&mut |found| {
                if left > 0 {
                    left -= 1;
                    return ControlFlow::Continue(());
                }
                batch.push(found);
                if batch.len() < rows_a_batch {
                    return ControlFlow::Continue(());
                }
                match send.blocking_send(std::mem::take(&mut batch)) {
                    Ok(()) => ControlFlow::Continue(()),
                    // Who does not listen any more has stopped.
                    Err(_) => ControlFlow::Break(()),
                }
            })?;
            if !batch.is_empty() {
                let _ = send.blocking_send(batch);
            }
            Ok(())
        });
        Self { batches, reader: Some(reader) }
    }

    /// The next rows; none at the file's end.
    pub async fn next(&mut self) -> Result<Option<Vec<Found<R>>>, ImportError> {
        if let Some(batch) = self.batches.recv().await {
            return Ok(Some(batch));
        }
        let Some(reader) = self.reader.take() else { return Ok(None) };
        let ended = reader.await.map_err(|_| ImportError::Stopped)?;
        ended.map(|()| None).map_err(ImportError::Unfinished)
    }
}
