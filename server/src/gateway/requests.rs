//! The requests we make, built with the published builders and read into our own narrow types.

use std::collections::HashMap;

use miniserde::Deserialize;
use receivables::calendar::Micros;
use receivables::ids::{AccountId, PaymentId};
use receivables::money::Money;
use stripe_client_core::{IdempotencyKey, RequestStrategy, StripeRequest};
use stripe_core::event::ListEvent;
use stripe_core::payment_intent::{
    CancelPaymentIntent, CreatePaymentIntent, CreatePaymentIntentAutomaticPaymentMethods,
    ListPaymentIntent, RetrievePaymentIntent,
};
use stripe_types::{RangeBoundsTs, RangeQueryTs};

use super::askable::askable;
use super::error::{Doubt, GatewayError};
use super::event::{EventAnswer, EventHint, KINDS_OF_INTEREST};
use super::intent::{
    ACCOUNT_NOTE, Intent, IntentAnswer, IntentStatus, PAYMENT_NOTE, PREVIEW_NOTE, is_object_ref,
};
use super::transport::Transport;

/// What to collect. The caller commits the key beside its payment before it asks, in the form
/// `pd_{payment_id}_{op}`, and sends the same request for the same key ever after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntentRequest {
    pub payment_id: PaymentId,
    pub account_id: AccountId,
    pub amount: Money,
    pub description: String,
    pub preview_fingerprint: String,
    pub idempotency_key: String,
}

#[derive(Deserialize)]
pub(super) struct Page<T> {
    pub data: Vec<T>,
    pub has_more: bool,
}

pub(super) const PAGE_SIZE: i64 = 100;
/// Longer lists are an error rather than half an answer: "not found" must mean not there.
pub(super) const MOST_PAGES: usize = 100;
/// The gateway's clock stamps what ours filters by.
const CLOCK_MARGIN_SECONDS: i64 = 300;
const LONGEST_TEXT: usize = 500;

pub(super) async fn create_intent(
    transport: &Transport,
    request: &IntentRequest,
) -> Result<Intent, GatewayError> {
    askable(request.amount).map_err(|why| GatewayError::Refused {
        code: "amount_not_askable".into(),
        message: why.to_string(),
        request_id: None,
    })?;
    let code = request.amount.currency.code().to_ascii_lowercase();
    let currency: stripe_types::Currency = match code.parse() {
        Ok(currency) => currency,
        Err(never) => match never {},
    };
    let notes = HashMap::from([
        (PAYMENT_NOTE.to_owned(), request.payment_id.to_string()),
        (ACCOUNT_NOTE.to_owned(), request.account_id.to_string()),
        (PREVIEW_NOTE.to_owned(), shortened(&request.preview_fingerprint)),
    ]);
    // No `receipt_email`: the gateway would send its own mail beside our receipt.
    let answer = CreatePaymentIntent::new(request.amount.amount.get(), currency)
        .automatic_payment_methods(CreatePaymentIntentAutomaticPaymentMethods::new(true))
        .description(shortened(&request.description))
        .metadata(notes)
        .build()
        .customize::<IntentAnswer>()
        .request_strategy(keyed(&request.idempotency_key)?)
        .send(transport)
        .await?;
    let intent = read(answer)?;
    let as_asked = intent.amount == request.amount.amount
        && intent.currency == request.amount.currency
        && intent.payment_id == Some(request.payment_id);
    if as_asked { Ok(intent) } else { Err(GatewayError::unclear(Doubt::AnswerDiffers, None)) }
}

pub(super) async fn retrieve_intent(
    transport: &Transport,
    gateway_ref: &str,
) -> Result<Intent, GatewayError> {
    let request = RetrievePaymentIntent::new(checked_ref(gateway_ref, "pi_")?)
        .expand(vec!["latest_charge".to_owned()]);
    let intent = read(request.build().customize::<IntentAnswer>().send(transport).await?)?;
    same_ref(intent, gateway_ref)
}

pub(super) async fn cancel_intent(
    transport: &Transport,
    gateway_ref: &str,
    idempotency_key: &str,
) -> Result<Intent, GatewayError> {
    let request = CancelPaymentIntent::new(checked_ref(gateway_ref, "pi_")?)
        .build()
        .customize::<IntentAnswer>()
        .request_strategy(keyed(idempotency_key)?);
    match request.send(transport).await {
        Ok(answer) => same_ref(read(answer)?, gateway_ref),
        // Too late to cancel, or cancelled before: what it is now is the answer.
        Err(GatewayError::Refused { code, .. }) if code == "payment_intent_unexpected_state" => {
            retrieve_intent(transport, gateway_ref).await
        }
        Err(error) => Err(error),
    }
}

pub(super) async fn find_intent_by_payment(
    transport: &Transport,
    payment_id: PaymentId,
    created_after: Micros,
) -> Result<Option<Intent>, GatewayError> {
    let intents = intents_after(transport, created_after).await?;
    let of_payment = intents.into_iter().filter(|intent| intent.payment_id == Some(payment_id));
    // One key makes one intent; should there be more, the one furthest on is the truth.
    Ok(of_payment
        .reduce(|best, intent| if how_far(&intent) > how_far(&best) { intent } else { best }))
}

/// Every intent created since then, newest first.
pub(super) async fn intents_after(
    transport: &Transport,
    created_after: Micros,
) -> Result<Vec<Intent>, GatewayError> {
    let mut intents = Vec::<Intent>::new();
    for _ in 0..MOST_PAGES {
        let mut request =
            ListPaymentIntent::new().created(not_before(created_after)).limit(PAGE_SIZE);
        if let Some(last) = intents.last() {
            request = request.starting_after(last.gateway_ref.clone());
        }
        let request = request.build().customize::<Page<IntentAnswer>>();
        let page = request.send(transport).await?;
        for answer in page.data {
            intents.push(read(answer)?);
        }
        if !page.has_more || intents.is_empty() {
            return Ok(intents);
        }
    }
    Err(GatewayError::unclear(Doubt::ListTooLong, None))
}

/// The events since the last one seen, oldest first. Where none was seen, or the gateway has
/// forgotten it (it keeps 30 days), those created after the given time.
pub(super) async fn events_after(
    transport: &Transport,
    last_seen: Option<&str>,
    created_after: Micros,
) -> Result<Vec<EventHint>, GatewayError> {
    if let Some(last_seen) = last_seen.filter(|id| is_object_ref(id)) {
        match newer_events(transport, last_seen).await {
            Err(GatewayError::NotThere | GatewayError::Refused { .. }) => {}
            answer => return answer,
        }
    }
    let mut events = Vec::new();
    for _ in 0..MOST_PAGES {
        let mut request = list_events().created(not_before(created_after));
        if let Some(EventHint { event_id, .. }) = events.last() {
            request = request.starting_after(event_id.clone());
        }
        let request = request.build().customize::<Page<EventAnswer>>();
        let page = request.send(transport).await?;
        let empty = page.data.is_empty();
        events.extend(page.data.into_iter().map(EventHint::from));
        if !page.has_more || empty {
            events.reverse();
            return Ok(events);
        }
    }
    Err(GatewayError::unclear(Doubt::ListTooLong, None))
}

/// Each page lies just before the cursor and is itself newest first, so pages are walked
/// towards the present and each is turned round.
async fn newer_events(
    transport: &Transport,
    last_seen: &str,
) -> Result<Vec<EventHint>, GatewayError> {
    let mut events = Vec::<EventHint>::new();
    for _ in 0..MOST_PAGES {
        let newest = events.last().map_or(last_seen, |event| event.event_id.as_str());
        let request = list_events().ending_before(newest);
        let request = request.build().customize::<Page<EventAnswer>>();
        let page = request.send(transport).await?;
        let empty = page.data.is_empty();
        events.extend(page.data.into_iter().rev().map(EventHint::from));
        if !page.has_more || empty {
            return Ok(events);
        }
    }
    Err(GatewayError::unclear(Doubt::ListTooLong, None))
}

fn list_events() -> ListEvent {
    let kinds: Vec<String> = KINDS_OF_INTEREST.iter().map(ToString::to_string).collect();
    ListEvent::new().types(kinds).limit(PAGE_SIZE)
}

fn not_before(time: Micros) -> RangeQueryTs {
    let seconds = time.unix_seconds().saturating_sub(CLOCK_MARGIN_SECONDS).max(0);
    RangeQueryTs::Bounds(RangeBoundsTs { gte: Some(seconds), ..RangeBoundsTs::default() })
}

fn how_far(intent: &Intent) -> u8 {
    match intent.status {
        IntentStatus::Cancelled => 0,
        IntentStatus::AwaitingPayer => 1,
        IntentStatus::AwaitingCapture => 2,
        IntentStatus::Processing => 3,
        IntentStatus::Succeeded => 4,
    }
}

fn read(answer: IntentAnswer) -> Result<Intent, GatewayError> {
    Intent::try_from(answer)
        .map_err(|_| GatewayError::unclear(Doubt::Unreadable { status: 200 }, None))
}

fn same_ref(intent: Intent, asked: &str) -> Result<Intent, GatewayError> {
    if intent.gateway_ref == asked {
        Ok(intent)
    } else {
        Err(GatewayError::unclear(Doubt::AnswerDiffers, None))
    }
}

/// The builders put an id into the path as it is, so it must not be able to be a path.
pub(super) fn checked_ref<'r>(gateway_ref: &'r str, prefix: &str) -> Result<&'r str, GatewayError> {
    let is_one = gateway_ref.starts_with(prefix) && is_object_ref(gateway_ref);
    is_one.then_some(gateway_ref).ok_or(GatewayError::NotThere)
}

pub(super) fn keyed(key: &str) -> Result<RequestStrategy, GatewayError> {
    let refused = |message: &str| GatewayError::Refused {
        code: "idempotency_key_malformed".into(),
        message: message.into(),
        request_id: None,
    };
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refused("an idempotency key is printable ASCII"));
    }
    IdempotencyKey::new(key)
        .map(RequestStrategy::Idempotent)
        .map_err(|_| refused("an idempotency key has 1 to 255 characters"))
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}
