//! Delivers the sandbox's webhooks over HTTP to the portal's own public route: at least once,
//! again after any answer but a 2xx, with longer and longer waits.

use std::time::Duration;

use receivables::calendar::Micros;
use reqwest::header::CONTENT_TYPE;
use sqlx::AnyConnection;

use super::Core;
use super::store::{self, Claimed};
use crate::db::{Command, DbError};
use crate::gateway::signature;

/// How long a claimed event is kept from others; longer than a delivery may take.
const LEASE_SECONDS: i64 = 60;
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);
const WAITS_SECONDS: [i64; 8] = [2, 10, 60, 300, 1_800, 7_200, 21_600, 43_200];

struct Claim {
    now: Micros,
}

impl Command for Claim {
    type Reply = Vec<Claimed>;

    async fn apply<'c>(&'c self, tx: &'c mut AnyConnection) -> Result<Vec<Claimed>, DbError> {
        store::claim_events(tx, self.now, self.now.plus_seconds(LEASE_SECONDS)).await
    }
}

struct Report {
    id: String,
    delivered: bool,
    tries: i64,
    now: Micros,
}

impl Command for Report {
    type Reply = ();

    async fn apply<'c>(&'c self, tx: &'c mut AnyConnection) -> Result<(), DbError> {
        if self.delivered {
            return store::event_delivered(tx, &self.id, self.now).await;
        }
        let wait = usize::try_from(self.tries.saturating_sub(1)).unwrap_or(usize::MAX);
        let again_at = WAITS_SECONDS.get(wait).map(|seconds| self.now.plus_seconds(*seconds));
        store::event_failed(tx, &self.id, again_at).await
    }
}

/// Delivers what is due, until nothing is.
pub(super) async fn deliver_due(core: &Core) -> Result<(), DbError> {
    loop {
        let claimed = core.database.write(Claim { now: core.around.clock.now() }).await?;
        if claimed.is_empty() {
            return Ok(());
        }
        for event in claimed {
            let delivered = deliver(core, &event).await;
            let now = core.around.clock.now();
            let Claimed { id, tries, .. } = event;
            core.database.write(Report { id, delivered, tries, now }).await?;
        }
    }
}

async fn deliver(core: &Core, event: &Claimed) -> bool {
    let now = core.around.clock.now();
    let Some(header) = signature::sign(&core.webhook_secret, event.body.as_bytes(), now) else {
        return false;
    };
    let request = core
        .http
        .post(&core.webhook_url)
        .timeout(DELIVERY_TIMEOUT)
        .header(CONTENT_TYPE, "application/json; charset=utf-8")
        .header("stripe-signature", header)
        .body(event.body.clone());
    match request.send().await {
        Ok(response) if response.status().is_success() => true,
        Ok(response) => {
            let status = response.status().as_u16();
            tracing::info!(event = %event.id, status, "the sandbox's webhook was not taken");
            false
        }
        Err(error) => {
            let error = error.without_url();
            tracing::info!(event = %event.id, %error, "the sandbox's webhook did not arrive");
            false
        }
    }
}
