//! SQLite's writer: one task, one connection, many commands a commit.
//!
//! A commit waits for the disk; sharing it among all commands that are waiting is what makes a
//! busy minute quick. If any command of a group fails, the group is rolled back and each runs
//! alone, so that one bad command cannot take another's changes with it.

use std::any::type_name;
use std::panic::AssertUnwindSafe;
use std::thread;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
#[cfg(target_os = "linux")]
use rustix::thread::{CpuSet, sched_getcpu, sched_setaffinity};
use sqlx::{AnyConnection, AnyPool, Connection};
use tokio::runtime;
use tokio::sync::{mpsc, oneshot};

use super::open::sqlite_pool;
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
    /// On a thread of its own, which opens the connection: see [`share_one_core`].
    pub(super) async fn start(url: String) -> Result<Self, DbError> {
        let (queue, jobs) = mpsc::channel(WAITING_AT_MOST);
        let (opened, pool) = oneshot::channel();
        let no_thread = |error| DbError::SetUp(format!("the writer's thread: {error}"));
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(no_thread)?;
        let writer = thread::Builder::new().name("writer".into()).spawn(move || {
            share_one_core();
            runtime.block_on(async move {
                // Whoever asked for the database may have gone away.
                match sqlite_pool(&url, 1).await {
                    Ok(pool) => {
                        let _ = opened.send(Ok(pool.clone()));
                        write_groups(pool, jobs).await;
                    }
                    Err(error) => {
                        let _ = opened.send(Err(error));
                    }
                }
            });
        });
        writer.map_err(no_thread)?;
        let pool = pool.await.map_err(|_| DbError::Abandoned)??;
        Ok(Self { queue, pool })
    }

    pub(super) const fn pool(&self) -> &AnyPool {
        &self.pool
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

/// Keeps this thread, and the connection's that it will start, on the core where it is. The two
/// hand each other every statement and never work at once; waking another core for each of them
/// takes longer than the statement. Not being allowed to is no fault, only slower.
fn share_one_core() {
    #[cfg(target_os = "linux")]
    {
        let (here, mut core) = (sched_getcpu(), CpuSet::new());
        if here >= CpuSet::MAX_CPU {
            return;
        }
        core.set(here);
        if let Err(error) = sched_setaffinity(None, &core) {
            tracing::debug!(%error, "the writer's threads may be on two cores");
        }
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
