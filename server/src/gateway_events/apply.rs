//! Acting on stored events: the intent, refund or dispute is retrieved, and its state now is what
//! counts.

use futures_util::{StreamExt, TryStreamExt, stream};
use receivables::calendar::Micros;

use super::store::{self, DueEvent, SettleEvent};
use crate::db::DbError;
use crate::external_payments::{self, Taken};
use crate::gateway::{CheckoutSession, GatewayError, Intent, IntentStatus};
use crate::payments::{self, DisputeNews, PaymentRecord, RefundNews, news};
use crate::state::Shared;
use crate::work_list::{Matter, NewWorkItem, Open, Thing, WorkKind};

/// Read together.
const A_BATCH: usize = 50;
/// Asked about side by side: each waits for the gateway, and a busy minute brings more events
/// than it answers one after another.
const AT_ONCE: usize = 8;

/// What one pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ApplyCount {
    pub applied: u32,
    pub again_later: u32,
}

/// Applies the events that are due. Each is settled by itself, so that one that cannot be
/// applied now does not hold up the others.
pub async fn apply_due(portal: &Shared) -> Result<ApplyCount, DbError> {
    let mut count = ApplyCount::default();
    // While the book is halted everything stays stored, and is due at once when it is well.
    if portal.book.is_halted() {
        return Ok(count);
    }
    loop {
        let due = store::due(portal.db.read(), portal.now(), A_BATCH as i64).await?;
        let is_last = due.len() < A_BATCH;
        let settled = stream::iter(due).map(|event| settle(portal, event));
        let applied: Vec<bool> = settled.buffer_unordered(AT_ONCE).try_collect().await?;
        for is_applied in applied {
            match is_applied {
                true => count.applied += 1,
                false => count.again_later += 1,
            }
        }
        if is_last {
            return Ok(count);
        }
    }
}

/// Whether it could be applied; if not, it is due again later.
async fn settle(portal: &Shared, event: DueEvent) -> Result<bool, DbError> {
    let now = portal.now();
    let (outcome, again_at) = match apply(portal, &event).await {
        Ok(outcome) => (outcome, None),
        Err(why) => (why.to_string(), Some(back_off(now, event.tries))),
    };
    if again_at.is_some() {
        tracing::warn!(event = %event.event_id, %outcome, "an event waits");
    }
    let DueEvent { event_id, tries, .. } = event;
    let item_id = portal.work_item_id();
    portal.db.write(SettleEvent { event_id, tries, outcome, again_at, item_id, now }).await?;
    Ok(again_at.is_none())
}

/// 2 s, 4 s, … up to an hour: never given up, for the money may be there.
fn back_off(now: Micros, tries: i64) -> Micros {
    let doubled = u32::try_from(tries.clamp(0, 11)).unwrap_or(11);
    now.plus_seconds(2_i64.saturating_mul(1 << doubled).min(3_600))
}

/// Why something cannot be acted upon now; the same may work later.
#[derive(Debug, thiserror::Error)]
pub enum NotNow {
    #[error("the payment it is about is not posted yet")]
    PaymentFirst,
    #[error("the gateway: {0}")]
    Gateway(#[from] GatewayError),
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("the book is halted")]
    BooksHalted,
}

async fn apply(portal: &Shared, event: &DueEvent) -> Result<String, NotNow> {
    match (event.object_id.as_deref(), event.kind.as_str()) {
        (Some(gateway_ref), kind) if is_about_refunds(kind) => {
            apply_refund(portal, gateway_ref).await
        }
        (Some(gateway_ref), kind) if kind.starts_with("charge.dispute.") => {
            apply_dispute(portal, gateway_ref).await
        }
        (Some(gateway_ref), kind) if kind.starts_with("payment_intent.") => {
            apply_intent(portal, gateway_ref, None).await
        }
        (Some(session_ref), kind) if kind.starts_with("checkout.session.") => {
            apply_session(portal, session_ref).await
        }
        // A charge that was refunded: the refund itself tells.
        _ => Ok("not about a payment of ours".to_owned()),
    }
}

/// By the refund itself, not by its charge, which says only that there were some.
fn is_about_refunds(kind: &str) -> bool {
    kind.starts_with("refund.") || kind.starts_with("charge.refund.")
}

async fn apply_refund(portal: &Shared, gateway_ref: &str) -> Result<String, NotNow> {
    let told = match portal.gateway.retrieve_refund(gateway_ref).await {
        Ok(told) => told,
        Err(GatewayError::NotThere) => return Ok("the gateway knows no such refund".to_owned()),
        Err(error) => return Err(error.into()),
    };
    match payments::take_refund(portal, &told).await? {
        RefundNews::Taken(state) => Ok(format!("taken: refund {}", state.code())),
        RefundNews::SetAside(why) => {
            wait_for_a_person(portal, Thing::GatewayRefund, gateway_ref, why).await
        }
        RefundNews::Waits => Err(NotNow::BooksHalted),
        RefundNews::NotYet => Err(NotNow::PaymentFirst),
    }
}

async fn apply_dispute(portal: &Shared, gateway_ref: &str) -> Result<String, NotNow> {
    let told = match portal.gateway.retrieve_dispute(gateway_ref).await {
        Ok(told) => told,
        Err(GatewayError::NotThere) => return Ok("the gateway knows no such dispute".to_owned()),
        Err(error) => return Err(error.into()),
    };
    match payments::take_dispute(portal, &told).await? {
        DisputeNews::Taken(state) => Ok(format!("taken: dispute {}", state.code())),
        DisputeNews::SetAside(why) => {
            wait_for_a_person(portal, Thing::GatewayDispute, gateway_ref, why).await
        }
        DisputeNews::Waits => Err(NotNow::BooksHalted),
        DisputeNews::NotYet => Err(NotNow::PaymentFirst),
    }
}

/// Money moved at the gateway and the book cannot say so.
async fn wait_for_a_person(
    portal: &Shared,
    thing: Thing,
    gateway_ref: &str,
    why: &str,
) -> Result<String, NotNow> {
    let matter = Matter::new(WorkKind::MoneyWentBack, thing, gateway_ref);
    let words = format!("Money moved at the gateway that is not in the book: {why}.");
    open(portal, matter, words).await?;
    Ok(format!("set aside: {why}"))
}

pub(super) async fn apply_intent(
    portal: &Shared,
    gateway_ref: &str,
    session: Option<&CheckoutSession>,
) -> Result<String, NotNow> {
    let intent = match portal.gateway.retrieve_intent(gateway_ref).await {
        Ok(intent) => intent,
        Err(GatewayError::NotThere) => return Ok("the gateway knows no such intent".to_owned()),
        Err(error) => return Err(error.into()),
    };
    let Some(payment) = payment_of(portal, &intent).await? else {
        return started_elsewhere(portal, &intent, session).await;
    };
    Ok(match news::take(portal, &payment, &intent, None).await? {
        news::NewsOutcome::Taken(state) => format!("taken: {}", state.code()),
        news::NewsOutcome::SetAside(why) => format!("set aside: {why}"),
        news::NewsOutcome::Waits => return Err(NotNow::BooksHalted),
    })
}

/// A payment link or a checkout: its session says whose the money is, its intent how much came.
async fn apply_session(portal: &Shared, session_ref: &str) -> Result<String, NotNow> {
    let session = match portal.gateway.retrieve_session(session_ref).await {
        Ok(session) => session,
        Err(GatewayError::NotThere) => return Ok("the gateway knows no such session".to_owned()),
        Err(error) => return Err(error.into()),
    };
    if !session.is_paid {
        return Ok("the session is not paid".to_owned());
    }
    let Some(gateway_ref) = &session.intent_ref else {
        let kind = WorkKind::UnmatchedMoney;
        let matter = Matter::new(kind, Thing::GatewaySession, session_ref);
        let why = "A checkout was paid without a payment of its own, as a subscription is. It is \
                   not booked here.";
        open(portal, matter, why.to_owned()).await?;
        return Ok("set aside: the session has no intent".to_owned());
    };
    apply_intent(portal, gateway_ref, Some(&session)).await
}

/// Money that no payment here asked for. The intent's own event may come before its session's.
async fn started_elsewhere(
    portal: &Shared,
    intent: &Intent,
    session: Option<&CheckoutSession>,
) -> Result<String, NotNow> {
    if intent.status != IntentStatus::Succeeded || !intent.amount_received.is_positive() {
        return Ok("the intent is not ours".to_owned());
    }
    let found = match session {
        None => portal.gateway.find_session_by_intent(&intent.gateway_ref).await?,
        Some(_) => None,
    };
    let session = session.or(found.as_ref());
    Ok(match external_payments::take(portal, intent, session).await? {
        Taken::Posted(id) => format!("matched: posted as {id}"),
        Taken::PostedBefore => "matched: posted before".to_owned(),
        Taken::Unmatched(why) => format!("unmatched: {why}"),
        Taken::Halted => return Err(NotNow::BooksHalted),
    })
}

async fn open(portal: &Shared, matter: Matter, why: String) -> Result<(), DbError> {
    let (id, now) = (portal.work_item_id(), portal.now());
    portal.db.write(Open(NewWorkItem { id, matter, account_id: None, why, now })).await?;
    Ok(())
}

/// By the reference we stored, else by the note we left on the intent before the answer came.
async fn payment_of(portal: &Shared, intent: &Intent) -> Result<Option<PaymentRecord>, DbError> {
    let gateway = portal.gateway_name();
    let pool = portal.db.read();
    let by_ref = payments::find_by_gateway_ref(pool, gateway, &intent.gateway_ref).await?;
    match (by_ref, intent.payment_id) {
        (Some(payment), _) => Ok(Some(payment)),
        (None, Some(id)) => payments::find(pool, id).await,
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_that_wait_are_tried_ever_later_and_at_least_every_hour() {
        let waits = |tries| back_off(Micros(5_000_000), tries).unix_seconds() - 5;
        assert_eq!([0, 1, 2, 10, 11, 1_000].map(waits), [2, 4, 8, 2_048, 3_600, 3_600]);
        assert_eq!(waits(-1), 2);
    }
}
