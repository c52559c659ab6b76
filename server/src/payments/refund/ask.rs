//! Asking the gateway for a refund that is committed, and looking at those in doubt.

use receivables::calendar::Micros;
use receivables::money::Money;
use receivables::refund::RefundEvent;

use super::super::store as payments;
use super::news::{NewsFacts, happen, take};
use super::store::{self, RefundRecord};
use crate::db::DbError;
use crate::gateway::{GatewayError, RefundOrder};
use crate::state::Shared;

const AT_ONCE: i64 = 50;
/// The gateway keeps an idempotency key for at least a day; after this long it is never reused.
const KEY_LIVES_SECONDS: i64 = 23 * 3_600;

/// The create call with the key that is already committed: a repeat is the same refund.
pub(super) async fn ask_gateway(
    portal: &Shared,
    refund: &RefundRecord,
    repeated: bool,
) -> Result<(), DbError> {
    if !may_be_created(refund, portal.now()) {
        return Ok(());
    }
    let Some(order) = order_of(portal, refund).await? else { return Ok(()) };
    match portal.gateway.create_refund(&order).await {
        Ok(told) => {
            take(portal, &told).await?;
        }
        // A first, clear no did nothing. A no to a repeated key clears an earlier doubt only
        // where the gateway looked the key up.
        Err(error) if is_clear_no(&error, repeated) => {
            tracing::warn!(refund = %refund.id, %error, "the gateway refused a refund");
            let failure = Some(error.to_string());
            let facts = NewsFacts { failure, ..NewsFacts::default() };
            happen(portal, refund.id, RefundEvent::RefusedByGateway, facts).await?;
        }
        Err(error) => {
            tracing::warn!(refund = %refund.id, %error, "no clear answer about a refund");
            no_answer(portal, refund).await?;
        }
    }
    Ok(())
}

fn is_clear_no(error: &GatewayError, repeated: bool) -> bool {
    if repeated { error.settles_doubt() } else { !matches!(error, GatewayError::Unclear(_)) }
}

/// Not once the gateway has named it, and not with a key that it may have forgotten.
fn may_be_created(refund: &RefundRecord, now: Micros) -> bool {
    refund.gateway_key.is_some()
        && refund.gateway_ref.is_none()
        && refund.requested_at.plus_seconds(KEY_LIVES_SECONDS) > now
}

async fn order_of(portal: &Shared, refund: &RefundRecord) -> Result<Option<RefundOrder>, DbError> {
    let payment = payments::find(portal.db.read(), refund.payment_id).await?;
    let intent_ref = payment.and_then(|payment| payment.gateway_ref);
    Ok(refund.gateway_key.clone().zip(intent_ref).map(|(idempotency_key, intent_ref)| {
        let amount = Money::new(refund.amount, refund.currency);
        RefundOrder { refund_id: refund.id, intent_ref, amount, idempotency_key }
    }))
}

/// Looks at every refund whose time has come; how many there were.
pub async fn sweep_refunds(portal: &Shared) -> Result<u32, DbError> {
    let mut looked_at = 0;
    for refund in store::to_look_at(portal.db.read(), portal.now(), AT_ONCE).await? {
        if let Err(error) = look_at(portal, &refund).await {
            tracing::error!(refund = %refund.id, ?error, "a refund could not be looked at");
        }
        looked_at += 1;
    }
    Ok(looked_at)
}

async fn look_at(portal: &Shared, refund: &RefundRecord) -> Result<(), DbError> {
    if let Some(gateway_ref) = &refund.gateway_ref {
        return match portal.gateway.retrieve_refund(gateway_ref).await {
            Ok(told) => take(portal, &told).await.map(drop),
            Err(error) => {
                tracing::warn!(refund = %refund.id, %error, "no answer about a refund");
                no_answer(portal, refund).await
            }
        };
    }
    if may_be_created(refund, portal.now()) {
        return ask_gateway(portal, refund, true).await;
    }
    find_by_note(portal, refund).await
}

/// The key is too old to be used again. The note on every refund tells whether it was made.
async fn find_by_note(portal: &Shared, refund: &RefundRecord) -> Result<(), DbError> {
    let Some(order) = order_of(portal, refund).await? else { return Ok(()) };
    match portal.gateway.find_refund(refund.id, &order.intent_ref).await {
        Ok(Some(told)) => take(portal, &told).await.map(drop),
        Ok(None) => {
            let facts = NewsFacts::default();
            happen(portal, refund.id, RefundEvent::RefusedByGateway, facts).await.map(drop)
        }
        Err(error) => {
            tracing::warn!(refund = %refund.id, %error, "no answer about a refund");
            no_answer(portal, refund).await
        }
    }
}

async fn no_answer(portal: &Shared, refund: &RefundRecord) -> Result<(), DbError> {
    let event = RefundEvent::NoClearAnswer;
    happen(portal, refund.id, event, NewsFacts::default()).await.map(drop)
}
