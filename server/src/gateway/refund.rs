//! The gateway's refund, read narrowly, and the requests about it.

use std::collections::HashMap;

use miniserde::Deserialize;
use receivables::calendar::Micros;
use receivables::ids::RefundId;
use receivables::money::{Currency, MinorUnits, Money};
use stripe_client_core::StripeRequest;
use stripe_core::refund::{CreateRefund, ListRefund, RetrieveRefund};

use super::error::{Doubt, GatewayError};
use super::intent::is_object_ref;
use super::reference::{Reference, name_of};
use super::requests::{MOST_PAGES, PAGE_SIZE, Page, checked_ref, keyed};
use super::transport::Transport;

/// The note we leave on a refund: enough to find our way back.
const REFUND_NOTE: &str = "refund";

/// One refund at the gateway, as the gateway sees it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayRefund {
    pub gateway_ref: String,
    pub status: RefundStatus,
    pub amount: MinorUnits,
    pub currency: Currency,
    /// The intent whose money goes back.
    pub intent_ref: Option<String>,
    /// Our own refund; absent where it was made in the gateway's own pages.
    pub refund_id: Option<RefundId>,
    pub failure: Option<String>,
    pub created: Micros,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundStatus {
    Pending,
    Succeeded,
    Failed,
    Cancelled,
}

/// What to give back. The key is committed before it is asked, as for intents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundOrder {
    pub refund_id: RefundId,
    pub intent_ref: String,
    pub amount: Money,
    pub idempotency_key: String,
}

#[derive(Deserialize)]
struct RefundAnswer {
    id: String,
    status: Option<String>,
    amount: i64,
    currency: String,
    payment_intent: Option<Reference>,
    metadata: Option<HashMap<String, String>>,
    failure_reason: Option<String>,
    created: i64,
}

pub(super) async fn create_refund(
    transport: &Transport,
    order: &RefundOrder,
) -> Result<GatewayRefund, GatewayError> {
    let notes = HashMap::from([(REFUND_NOTE.to_owned(), order.refund_id.to_string())]);
    let answer = CreateRefund::new()
        .payment_intent(checked_ref(&order.intent_ref, "pi_")?)
        .amount(order.amount.amount.get())
        .metadata(notes)
        .build()
        .customize::<RefundAnswer>()
        .request_strategy(keyed(&order.idempotency_key)?)
        .send(transport)
        .await?;
    let refund = read(answer)?;
    let as_asked = refund.amount == order.amount.amount
        && refund.currency == order.amount.currency
        && refund.refund_id == Some(order.refund_id);
    if as_asked { Ok(refund) } else { Err(GatewayError::unclear(Doubt::AnswerDiffers, None)) }
}

pub(super) async fn retrieve_refund(
    transport: &Transport,
    gateway_ref: &str,
) -> Result<GatewayRefund, GatewayError> {
    // Refunds of cards and of bank accounts are named differently.
    let known = is_object_ref(gateway_ref).then_some(gateway_ref).ok_or(GatewayError::NotThere)?;
    let request = RetrieveRefund::new(known).build().customize::<RefundAnswer>();
    let refund = read(request.send(transport).await?)?;
    if refund.gateway_ref == gateway_ref {
        Ok(refund)
    } else {
        Err(GatewayError::unclear(Doubt::AnswerDiffers, None))
    }
}

/// The refund of an intent that carries our refund's note. `None` means that there is none.
pub(super) async fn find_refund(
    transport: &Transport,
    refund_id: RefundId,
    intent_ref: &str,
) -> Result<Option<GatewayRefund>, GatewayError> {
    let intent_ref = checked_ref(intent_ref, "pi_")?;
    let mut last_seen: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let mut request = ListRefund::new().payment_intent(intent_ref).limit(PAGE_SIZE);
        if let Some(id) = &last_seen {
            request = request.starting_after(id.clone());
        }
        let request = request.build().customize::<Page<RefundAnswer>>();
        let page = request.send(transport).await?;
        for answer in page.data {
            let refund = read(answer)?;
            if refund.refund_id == Some(refund_id) {
                return Ok(Some(refund));
            }
            last_seen = Some(refund.gateway_ref);
        }
        if !page.has_more || last_seen.is_none() {
            return Ok(None);
        }
    }
    Err(GatewayError::unclear(Doubt::ListTooLong, None))
}

fn read(answer: RefundAnswer) -> Result<GatewayRefund, GatewayError> {
    let unreadable = || GatewayError::unclear(Doubt::Unreadable { status: 200 }, None);
    let status = match answer.status.as_deref() {
        Some("succeeded") => RefundStatus::Succeeded,
        Some("failed") => RefundStatus::Failed,
        Some("canceled") => RefundStatus::Cancelled,
        // Nothing said is nothing done yet.
        Some("pending" | "requires_action") | None => RefundStatus::Pending,
        Some(_) => return Err(unreadable()),
    };
    let currency = Currency::parse(&answer.currency.to_ascii_uppercase());
    if answer.amount <= 0 || !is_object_ref(&answer.id) {
        return Err(unreadable());
    }
    let note = answer.metadata.as_ref().and_then(|notes| notes.get(REFUND_NOTE));
    Ok(GatewayRefund {
        gateway_ref: answer.id,
        status,
        amount: MinorUnits::new(answer.amount),
        currency: currency.map_err(|_| unreadable())?,
        intent_ref: answer.payment_intent.as_ref().and_then(name_of),
        refund_id: note.and_then(|text| RefundId::parse(text).ok()),
        failure: answer.failure_reason,
        created: Micros(0).plus_seconds(answer.created),
    })
}
