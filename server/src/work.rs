//! The background work of a running portal: events to apply, payments to look at, mails to send.
//! Each round is a plain function elsewhere, so tests call it and never wait.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::watch;

use crate::db::DbError;
use crate::state::Shared;
use crate::{
    accounts, audit, gateway_events, imports, limits, outbox, passkeys, sign_in, staff_sign_in,
};

/// The kinds of work, each with a rhythm of its own.
#[derive(Clone, Copy, Debug)]
enum Work {
    Events,
    Outbox,
    Sweep,
    MissedEvents,
    Forgetting,
    Addresses,
    Words,
    Book,
    Sealing,
    Watched,
    Imports,
}

/// When a kind of work has its next round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    InItsRhythm,
    /// More is due than one round did, as after an outage.
    AtOnce,
}

/// Runs until `stop` says so. Work in hand is finished first; a round that fails is logged and
/// tried again by the next one.
pub async fn run(portal: Shared, stop: watch::Receiver<bool>) {
    tokio::join!(
        rounds(&portal, stop.clone(), Work::Events),
        rounds(&portal, stop.clone(), Work::Outbox),
        rounds(&portal, stop.clone(), Work::Sweep),
        rounds(&portal, stop.clone(), Work::MissedEvents),
        rounds(&portal, stop.clone(), Work::Forgetting),
        rounds(&portal, stop.clone(), Work::Addresses),
        rounds(&portal, stop.clone(), Work::Words),
        rounds(&portal, stop.clone(), Work::Book),
        rounds(&portal, stop.clone(), Work::Sealing),
        rounds(&portal, stop.clone(), Work::Watched),
        rounds(&portal, stop, Work::Imports),
    );
}

async fn rounds(portal: &Shared, mut stop: watch::Receiver<bool>, work: Work) {
    while !*stop.borrow() {
        // A fault in one round must not end the work of all.
        match AssertUnwindSafe(work.round(portal)).catch_unwind().await {
            Ok(Next::AtOnce) => continue,
            Ok(Next::InItsRhythm) => {}
            Err(_) => {
                tracing::error!(?work, "a round of work was abandoned by a fault of the program");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(work.rhythm(portal)) => {}
            () = work.woken(portal) => {}
            _ = stop.changed() => {}
        }
    }
}

impl Work {
    /// How long a round waits when nobody wakes it.
    fn rhythm(self, portal: &Shared) -> Duration {
        Duration::from_secs(match self {
            Self::Events => 2,
            Self::Outbox | Self::Imports => 5,
            Self::Sweep => 10,
            Self::MissedEvents => 300,
            Self::Forgetting | Self::Words => 3_600,
            Self::Addresses => 60,
            Self::Sealing => 5,
            Self::Watched => portal.settings.watched.every_seconds,
            Self::Book => portal.settings.book.check_every_minutes * 60,
        })
    }

    async fn woken(self, portal: &Shared) {
        match self {
            Self::Events => portal.work.events.notified().await,
            Self::Outbox => portal.work.outbox.notified().await,
            Self::Imports => portal.work.imports.notified().await,
            Self::Sweep
            | Self::MissedEvents
            | Self::Forgetting
            | Self::Addresses
            | Self::Words
            | Self::Book
            | Self::Sealing
            | Self::Watched => std::future::pending().await,
        }
    }

    async fn round(self, portal: &Shared) -> Next {
        let outcome = match self {
            Self::Events => gateway_events::apply_due(portal).await.map(|count| log(self, count)),
            Self::Outbox => outbox::deliver_due(portal).await.map(|count| log(self, count)),
            Self::Sweep => match gateway_events::sweep(portal).await {
                Ok(count) if count.is_more => return Next::AtOnce,
                swept => swept.map(|count| log(self, count)),
            },
            Self::MissedEvents => {
                gateway_events::fetch_missed(portal).await.map(|count| log(self, count))
            }
            Self::Forgetting => forget(portal).await,
            Self::Addresses => sign_in::change_due_emails(portal).await.map(|n| log(self, n)),
            Self::Words => accounts::give_words(&portal.db).await.map(|n| log(self, n)),
            Self::Book => check_the_book(portal).await,
            Self::Sealing => audit::seal(portal).await.map(|sealed| log(self, sealed)),
            Self::Imports => match imports::run_imports(portal, &portal.imports).await {
                Ok(true) => return Next::AtOnce,
                done => done.map(|more| log(self, more)),
            },
            Self::Watched => imports::look_at_watched(portal).await.map(|found| log(self, found)),
        };
        if let Err(error) = outcome {
            tracing::error!(work = ?self, %error, "a round of work failed");
        }
        Next::InItsRhythm
    }
}

/// Clears away what nobody can use any more.
async fn forget(portal: &Shared) -> Result<(), DbError> {
    outbox::forget_old(portal).await?;
    sign_in::forget_old_codes(portal).await?;
    limits::forget_old(portal).await?;
    staff_sign_in::forget_old(portal).await?;
    passkeys::forget_old_ceremonies(portal).await?;
    Ok(())
}

/// Asks every invariant. A broken one stops posting until a later check finds the book exact;
/// then what waited is posted at once.
pub async fn check_the_book(portal: &Shared) -> Result<(), DbError> {
    let was_halted = portal.book.is_halted();
    let checked = portal.book.look(portal.db.read(), portal.now()).await?;
    // Kept outside, as logs are, the head proves later that nothing was cut off.
    let head = audit::head(portal.db.read()).await?;
    tracing::info!(%head, "the head of the audit trail");
    if was_halted && checked.broken.is_empty() {
        portal.work.events.notify_one();
    }
    Ok(())
}

fn log(work: Work, count: impl std::fmt::Debug) {
    tracing::debug!(?work, ?count, "a round of work");
}
