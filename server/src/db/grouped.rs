//! SQLite's writer: one task, one connection, many commands a commit.
//!
//! A commit waits for the disk; sharing it among all commands that are waiting is what makes a
//! busy minute quick. If any command of a group fails, the group is rolled back and each runs
//! alone, so that one bad command cannot take another's changes with it.

use std::any::type_name;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::{AnyConnection, AnyPool, Connection};
use tokio::sync::{mpsc, oneshot};

use super::{Command, DbError};
use crate::failpoints;

/// As many commands as one commit carries at most, and as many as may wait.
const GROUP_AT_MOST: usize = 256;
const WAITING_AT_MOST: usize = 4_096;

#[derive(Clone)]
pub(super) struct Grouped {
    queue: mpsc::Sender<Box<dyn Job>>,
    pool: AnyPool,
}

/// A command whose reply type is hidden, so that different ones can share a queue.
trait Job: Send {
    fn apply<'c>(&'c mut self, tx: &'c mut AnyConnection) -> BoxFuture<'c, Result<(), DbError>>;
    fn answer(self: Box<Self>, outcome: Result<(), DbError>);
}

struct Pending<C: Command> {
    command: C,
    reply: Option<C::Reply>,
    answer_to: oneshot::Sender<Result<C::Reply, DbError>>,
}

impl<C: Command> Job for Pending<C> {
    fn apply<'c>(&'c mut self, tx: &'c mut AnyConnection) -> BoxFuture<'c, Result<(), DbError>> {
        Box::pin(async move {
            self.reply = Some(self.command.apply(tx).await?);
            failpoints::pass("before commit of", type_name::<C>);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, outcome: Result<(), DbError>) {
        let Self { reply, answer_to, .. } = *self;
        let reply = outcome.and_then(|()| reply.ok_or(DbError::Abandoned));
        // The caller may have gone away; what was committed stays committed.
        let _ = answer_to.send(reply);
    }
}

impl Grouped {
    pub(super) fn start(pool: AnyPool) -> Self {
        let (queue, jobs) = mpsc::channel(WAITING_AT_MOST);
        tokio::spawn(write_groups(pool.clone(), jobs));
        Self { queue, pool }
    }

    /// Waits for the group in hand. The last connection to close brings the file up to date,
    /// so that it alone holds everything.
    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    pub(super) async fn run<C: Command>(&self, command: C) -> Result<C::Reply, DbError> {
        let (answer_to, answer) = oneshot::channel();
        let job = Box::new(Pending { command, reply: None, answer_to });
        // A full queue means seconds of waiting: refusing at once is kinder than a time-out.
        self.queue.try_send(job).map_err(|_| DbError::Busy(None))?;
        answer.await.map_err(|_| DbError::Abandoned)?
    }
}

async fn write_groups(pool: AnyPool, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
    let mut group = Vec::with_capacity(GROUP_AT_MOST);
    while jobs.recv_many(&mut group, GROUP_AT_MOST).await > 0 {
        match commit_together(&pool, &mut group).await {
            Ok(()) => group.drain(..).for_each(|job| job.answer(Ok(()))),
            Err(error) => match group.pop() {
                Some(job) if group.is_empty() => job.answer(Err(error)),
                Some(job) => {
                    group.push(job);
                    commit_each(&pool, &mut group).await;
                }
                None => {}
            },
        }
    }
}

async fn commit_each(pool: &AnyPool, group: &mut Vec<Box<dyn Job>>) {
    for job in group.drain(..) {
        let mut alone = vec![job];
        let outcome = commit_together(pool, &mut alone).await;
        if let Some(job) = alone.pop() {
            job.answer(outcome);
        }
    }
}

async fn commit_together(pool: &AnyPool, group: &mut [Box<dyn Job>]) -> Result<(), DbError> {
    let mut connection = pool.acquire().await?;
    let outcome = commit_on(&mut connection, group).await;
    if outcome.as_ref().is_err_and(|error| !error.is_refused()) {
        // On a full disk the engine gives a transaction up by itself, and what counts transactions
        // on our side never learns of it: only a new connection begins clean.
        connection.close_on_drop();
    }
    outcome
}

async fn commit_on(
    connection: &mut AnyConnection,
    group: &mut [Box<dyn Job>],
) -> Result<(), DbError> {
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    for job in group.iter_mut() {
        // A fault in one command must not end the task that writes for everyone.
        match AssertUnwindSafe(job.apply(&mut tx)).catch_unwind().await {
            Ok(applied) => applied?,
            Err(_) => return Err(DbError::Abandoned),
        }
    }
    tx.commit().await?;
    Ok(())
}
