//! The background work of a running portal: events to apply, payments to look at, mails to send.
//! Each round is a plain function elsewhere, so tests call it and never wait.

use std::time::Duration;

use tokio::sync::watch;

use crate::gateway_events;
use crate::outbox;
use crate::state::Shared;

/// How long a round waits when nobody wakes it.
const EVENTS_EVERY: Duration = Duration::from_secs(2);
const OUTBOX_EVERY: Duration = Duration::from_secs(5);
const SWEEP_EVERY: Duration = Duration::from_secs(10);
const MISSED_EVENTS_EVERY: Duration = Duration::from_secs(300);

/// Runs until `stop` says so. Work in hand is finished first; a round that fails is logged and
/// tried again by the next one.
pub async fn run(portal: Shared, stop: watch::Receiver<bool>) {
    tokio::join!(
        rounds(stop.clone(), EVENTS_EVERY, Some(&portal.work.events), async || {
            log("events", gateway_events::apply_due(&portal).await);
        }),
        rounds(stop.clone(), OUTBOX_EVERY, Some(&portal.work.outbox), async || {
            log("outbox", outbox::deliver_due(&portal).await);
        }),
        rounds(stop.clone(), SWEEP_EVERY, None, async || {
            log("sweep", gateway_events::sweep(&portal).await);
        }),
        rounds(stop, MISSED_EVENTS_EVERY, None, async || {
            log("missed events", gateway_events::fetch_missed(&portal).await);
        }),
    );
}

async fn rounds(
    mut stop: watch::Receiver<bool>,
    every: Duration,
    wake: Option<&tokio::sync::Notify>,
    round: impl AsyncFn(),
) {
    let woken = async || match wake {
        Some(wake) => wake.notified().await,
        None => std::future::pending().await,
    };
    while !*stop.borrow() {
        round().await;
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = woken() => {}
            _ = stop.changed() => {}
        }
    }
}

fn log<T: std::fmt::Debug, E: std::fmt::Display>(what: &str, outcome: Result<T, E>) {
    match outcome {
        Ok(count) => tracing::debug!(what, ?count, "a round of work"),
        Err(error) => tracing::error!(what, %error, "a round of work failed"),
    }
}
