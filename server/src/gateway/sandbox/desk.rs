//! Where a change to the sandbox is written down: the objects, then the events about them, in
//! the caller's transaction.

use receivables::calendar::Micros;
use serde_json::Value;
use sqlx::AnyConnection;

use super::cards::{Post, TestCard};
use super::intents::{Happened, Names, SandboxIntent};
use super::{render, store};
use crate::db::DbError;
use crate::gateway::event::KINDS_OF_INTEREST;

/// What a change is given: when it happens, what its names are drawn from, and who asked.
#[derive(Clone)]
pub(super) struct Occasion {
    pub now: Micros,
    pub seed: [u8; 16],
    pub request_id: Option<String>,
}

pub(super) struct Desk<'d> {
    pub tx: &'d mut AnyConnection,
    pub names: Names,
    pub now: Micros,
    request_id: Option<&'d str>,
    idempotency_key: Option<&'d str>,
}

impl<'d> Desk<'d> {
    /// Takes the sandbox's lock, so that everything read at this desk stays as it was read.
    pub async fn open(
        tx: &'d mut AnyConnection,
        occasion: &'d Occasion,
        idempotency_key: Option<&'d str>,
    ) -> Result<Self, DbError> {
        store::next_sequence(tx).await?;
        let names = Names::new(occasion.seed);
        let request_id = occasion.request_id.as_deref();
        Ok(Self { tx, names, now: occasion.now, request_id, idempotency_key })
    }

    pub async fn record(
        &mut self,
        intent: &SandboxIntent,
        happened: &Happened,
    ) -> Result<(), DbError> {
        store::put(self.tx, intent).await?;
        let post = intent.card.map_or(Post::PROMPT, TestCard::post);
        if let Some(charge) = &happened.charge {
            store::put(self.tx, charge).await?;
            if let Some(kind) = happened.charge_event {
                self.announce(kind, render::charge(charge), post).await?;
            }
        }
        if let Some(kind) = happened.intent_event {
            self.announce(kind, render::intent(intent, None), post).await?;
        }
        Ok(())
    }

    pub async fn announce(
        &mut self,
        kind: &'static str,
        object: Value,
        post: Post,
    ) -> Result<(), DbError> {
        let id = self.names.draw("evt");
        let created = self.now.unix_seconds();
        let cause =
            render::Cause { request_id: self.request_id, idempotency_key: self.idempotency_key };
        let document = render::event(&id, kind, created, &cause, object);
        let deliveries = if KINDS_OF_INTEREST.contains(&kind) { post.times } else { 0 };
        let first_try_at = (deliveries > 0).then(|| self.now.plus_seconds(post.delay_seconds));
        let event = store::NewEvent { id, kind, created, document, deliveries, first_try_at };
        store::put_event(self.tx, event).await
    }
}
