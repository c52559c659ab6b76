//! The sweep: every payment whose time has come is looked at, and events that never reached us
//! are fetched. Each look ends with the payment posted, cancelled, expired, or with a later
//! look; the last planned one puts it on the work list: never silent, never in a loop.

use futures_util::{StreamExt, stream};
use receivables::calendar::Micros;
use receivables::payment::PaymentState;

use super::apply::NotNow;
use super::store::{self, StoreEvent};
use crate::db::DbError;
use crate::gateway::{GatewayError, Intent};
use crate::payments::news::{self, Facts};
use crate::payments::{
    self, Asking, PaymentRecord, PutOff, create_at_gateway, create_may_be_asked,
};
use crate::state::Shared;

/// Read together.
const A_BATCH: i64 = 50;
/// Looked at side by side: a gateway that lets each wait must not let all wait.
const AT_ONCE: usize = 8;
/// How far back the list of events is read when no webhook has come for long.
const EVENTS_BACK_SECONDS: i64 = 3 * 24 * 3_600;

/// What one sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepCount {
    pub looked_at: u32,
    pub events_found: u32,
    /// More payments may be due than were looked at.
    pub is_more: bool,
}

pub async fn sweep(portal: &Shared) -> Result<SweepCount, DbError> {
    let mut count = SweepCount::default();
    if portal.book.is_halted() {
        return Ok(count);
    }
    let due = payments::to_look_at(portal.db.read(), portal.now(), A_BATCH).await?;
    count.is_more = i64::try_from(due.len()).is_ok_and(|found| found == A_BATCH);
    let looks = stream::iter(due).map(|payment| async move {
        match look_at(portal, &payment).await {
            Ok(()) => Ok(()),
            Err(error) => put_off(portal, &payment, &error).await,
        }
    });
    let looks: Vec<Result<(), DbError>> = looks.buffer_unordered(AT_ONCE).collect().await;
    for look in looks {
        look?;
        count.looked_at += 1;
    }
    count.looked_at += payments::sweep_refunds(portal).await?;
    Ok(count)
}

/// Looks at every payment in flight, whether its time has come or not.
pub async fn look_at_all(portal: &Shared) -> Result<u32, DbError> {
    let mut looked_at = 0;
    for payment in payments::to_look_at(portal.db.read(), Micros(i64::MAX), i64::MAX).await? {
        look_at(portal, &payment).await?;
        looked_at += 1;
    }
    Ok(looked_at)
}

/// Fetches what webhooks missed. Storing is by event id, so nothing is done twice.
pub async fn fetch_missed(portal: &Shared) -> Result<SweepCount, DbError> {
    let now = portal.now();
    let back = Micros(now.0).plus_seconds(-EVENTS_BACK_SECONDS);
    let after = store::last_webhook(portal.db.read()).await?.map_or(back, |at| at.max(back));
    // A webhook may have been lost while later ones arrived, so look back past the last one.
    let after = after.plus_seconds(-3_600);
    let mut count = SweepCount::default();
    match fetch_since(portal, after).await {
        Ok(events_found) => count.events_found = events_found,
        Err(NotNow::Database(error)) => return Err(error),
        Err(error) => tracing::warn!(%error, "the list of events could not be read"),
    }
    Ok(count)
}

/// Stores what the gateway's own list has since then; how much of it was new.
pub async fn fetch_since(portal: &Shared, after: Micros) -> Result<u32, NotNow> {
    let (mut found, now) = (0, portal.now());
    for hint in portal.gateway.events_after(None, after).await? {
        let set_aside = !portal.gateway.is_own_mode(hint.livemode);
        let event = StoreEvent { hint, body: String::new(), set_aside, now };
        if portal.db.write(event).await? {
            found += 1;
        }
    }
    Ok(found)
}

/// One payment that cannot be looked at must not keep the others waiting.
async fn put_off(portal: &Shared, payment: &PaymentRecord, why: &DbError) -> Result<(), DbError> {
    tracing::error!(payment = %payment.id, error = ?why, "a payment could not be looked at");
    let (item_id, now) = (portal.work_item_id(), portal.now());
    portal.db.write(PutOff { id: payment.id, item_id, now }).await
}

async fn look_at(portal: &Shared, payment: &PaymentRecord) -> Result<(), DbError> {
    let now = portal.now();
    match (&payment.gateway_ref, payment.state) {
        (Some(_), PaymentState::AwaitingPayer) if payment.expires_at <= now => {
            if payments::expire(portal, payment).await? == payments::Cancelled::InDoubt {
                note_no_answer(portal, payment).await?;
            }
        }
        (Some(gateway_ref), _) => retrieve(portal, payment, gateway_ref).await?,
        // The same request with the same key: the gateway answers with the intent it made, or
        // makes it now.
        (None, _) if create_may_be_asked(payment, now) => {
            create_at_gateway(portal, payment, Asking::Again).await?;
        }
        (None, _) => find_by_note(portal, payment).await?,
    }
    Ok(())
}

async fn retrieve(
    portal: &Shared,
    payment: &PaymentRecord,
    gateway_ref: &str,
) -> Result<(), DbError> {
    match portal.gateway.retrieve_intent(gateway_ref).await {
        Ok(intent) => {
            news::take(portal, payment, &intent, None).await?;
        }
        Err(error) => {
            tracing::warn!(payment = %payment.id, %error, "no answer about a payment");
            note_no_answer(portal, payment).await?;
        }
    }
    Ok(())
}

/// The key is too old to be used again. The note we leave on every intent tells whether one was
/// made; when none was, nothing can have been paid.
async fn find_by_note(portal: &Shared, payment: &PaymentRecord) -> Result<(), DbError> {
    match portal.gateway.find_intent_by_payment(payment.id, payment.started_at).await {
        Ok(Some(intent)) => {
            news::take(portal, payment, &intent, None).await?;
        }
        Ok(None) => {
            let event = receivables::payment::PaymentEvent::RefusedByGateway;
            news::happen(portal, payment.id, event, Facts::default(), None).await?;
        }
        Err(error) => {
            tracing::warn!(payment = %payment.id, %error, "no answer about a payment");
            note_no_answer(portal, payment).await?;
        }
    }
    Ok(())
}

/// Puts the next look off. A payment that waits for its payer stays so: nothing was asked of
/// the bank, only our question went unanswered.
async fn note_no_answer(portal: &Shared, payment: &PaymentRecord) -> Result<(), DbError> {
    use receivables::payment::PaymentEvent;
    let event = match payment.state {
        PaymentState::AwaitingPayer => PaymentEvent::CreatedAtGateway,
        PaymentState::Processing => PaymentEvent::BankIsConfirming,
        _ => PaymentEvent::NoClearAnswer,
    };
    news::happen(portal, payment.id, event, Facts::default(), None).await?;
    Ok(())
}

/// Asks the gateway for someone who waits for the answer, at most every few seconds a payment.
/// The intent, if it was asked for.
pub async fn ask_now(portal: &Shared, payment: &PaymentRecord) -> Result<Option<Intent>, DbError> {
    const SECONDS_BETWEEN: i64 = 3;
    let (Some(gateway_ref), true) = (&payment.gateway_ref, payment.state.is_in_flight()) else {
        return Ok(None);
    };
    let now = portal.now();
    let turn =
        payments::TakeTurn { id: payment.id, now, not_since: now.plus_seconds(-SECONDS_BETWEEN) };
    if !portal.db.write(turn).await? {
        return Ok(None);
    }
    match portal.gateway.retrieve_intent(gateway_ref).await {
        Ok(intent) => {
            news::take(portal, payment, &intent, None).await?;
            return Ok(Some(intent));
        }
        Err(GatewayError::NotThere) => {}
        Err(error) => tracing::info!(payment = %payment.id, %error, "the gateway did not answer"),
    }
    Ok(None)
}
