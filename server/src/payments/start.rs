//! Starting a payment (paymentForAccount): lock, allocate again, commit payment + key +
//! reservation, and only then ask the gateway.

use receivables::allocation::{Direction, Fingerprint, Preview, preview};
use receivables::api::payments::PaymentRequest;
use receivables::calendar::Micros;
use receivables::ids::{AccountId, CustomerId, PaymentId};
use receivables::money::{Currency, MinorUnits, Money};
use receivables::payment::{PaymentEvent, PaymentState};
use receivables::tender::Tender;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;

use super::news::{self, Answered, Facts};
use super::preview::{AccountView, refusal_of, view_in};
use super::store::{self, PaymentRecord};
use crate::accounts;
use crate::db::{Command, DbError};
use crate::gateway::{GatewayError, Intent, IntentRequest};
use crate::problem::Refusal;
use crate::state::{Portal, Shared};

/// Who wants to start what.
#[derive(Clone, Debug)]
pub struct Starting {
    pub account_id: AccountId,
    pub customer_id: CustomerId,
    pub session_hash: String,
    pub idempotency_key: String,
    pub request: PaymentRequest,
}

/// A started payment and, while the payer has to act, the gateway's intent for the card form.
#[derive(Debug)]
pub struct StartOutcome {
    pub payment: PaymentRecord,
    pub intent: Option<Intent>,
    /// The same request came before; this is its payment as it is now.
    pub repeated: bool,
}

/// What the transaction decided.
enum Decision {
    Started(Box<PaymentRecord>),
    Repeated(Box<PaymentRecord>),
    Refused(Refusal),
}

/// Starts a payment, or repeats the answer to the same request.
pub async fn start(portal: &Shared, starting: Starting) -> Result<StartOutcome, Refusal> {
    let command = Start { portal: portal.clone(), starting: starting.clone() };
    let (payment, repeated) = match portal.db.write(command).await {
        Ok(Decision::Started(payment)) => (*payment, false),
        Ok(Decision::Repeated(payment)) => (*payment, true),
        Ok(Decision::Refused(refusal)) => return Err(refusal),
        // Two requests made the same payment id at once; the other one has it.
        Err(error) if error.is_unique_violation() => return Err(key_reused()),
        Err(error) => return Err(error.into()),
    };
    match payment.state {
        PaymentState::Created | PaymentState::Unknown => {
            ask_gateway(portal, payment, repeated).await
        }
        PaymentState::AwaitingPayer => {
            let intent = match &payment.gateway_ref {
                Some(gateway_ref) => portal.gateway.retrieve_intent(gateway_ref).await.ok(),
                None => None,
            };
            Ok(StartOutcome { payment, intent, repeated })
        }
        _ => Ok(StartOutcome { payment, intent: None, repeated }),
    }
}

/// Asks with the key that is already committed: a repeat is the same intent, never a second.
async fn ask_gateway(
    portal: &Shared,
    payment: PaymentRecord,
    repeated: bool,
) -> Result<StartOutcome, Refusal> {
    let outcome = create_at_gateway(portal, &payment).await?;
    let id = payment.id;
    let payment = store::find(portal.db.read(), id).await?.ok_or_else(Refusal::not_found)?;
    match outcome {
        AskOutcome::Intent(intent) => Ok(StartOutcome { payment, intent: Some(intent), repeated }),
        AskOutcome::InDoubt => Ok(StartOutcome { payment, intent: None, repeated }),
        AskOutcome::Refused(code) => {
            tracing::error!(payment = %id, code, "the gateway refused a payment");
            Err(Refusal::unprocessable(
                "gateway-refused",
                "The card service did not accept this payment. No money has been taken.",
            )
            .with_payment(id))
        }
    }
}

/// What the gateway said to a create call.
#[derive(Debug)]
pub enum AskOutcome {
    Intent(Intent),
    InDoubt,
    Refused(String),
}

/// The create call of a committed payment, with what came of it written down. Used when
/// starting and by the sweep; the caller makes sure that the key is young enough.
pub async fn create_at_gateway(
    portal: &Shared,
    payment: &PaymentRecord,
) -> Result<AskOutcome, DbError> {
    let key = create_key(payment.id);
    let request = IntentRequest {
        payment_id: payment.id,
        account_id: payment.account_id,
        amount: Money::new(payment.amount, payment.currency),
        // Fixed words: a repeated key must come with the same request, whatever was renamed since.
        description: "Payment of bills".to_owned(),
        preview_fingerprint: payment.preview.fingerprint.as_str().to_owned(),
        idempotency_key: key.clone(),
    };
    let answered = |outcome: &str| Answered { gateway_key: key.clone(), outcome: outcome.into() };
    match portal.gateway.create_intent(&request).await {
        Ok(intent) => {
            news::take(portal, payment, &intent, Some(&answered("intent"))).await?;
            Ok(AskOutcome::Intent(intent))
        }
        // A first, clear no did nothing. A no to a repeated key clears an earlier doubt only
        // where the gateway looked the key up.
        Err(error) if is_clear_no(&error, payment.state) => {
            let event = PaymentEvent::RefusedByGateway;
            let answer = Some(answered("refused"));
            news::happen(portal, payment.id, event, Facts::default(), answer).await?;
            Ok(AskOutcome::Refused(error.to_string()))
        }
        Err(error) => {
            tracing::warn!(payment = %payment.id, %error, "no clear answer from the gateway");
            let event = PaymentEvent::NoClearAnswer;
            news::happen(portal, payment.id, event, Facts::default(), None).await?;
            Ok(AskOutcome::InDoubt)
        }
    }
}

fn is_clear_no(error: &GatewayError, state: PaymentState) -> bool {
    match state {
        PaymentState::Created => !matches!(error, GatewayError::Unclear(_)),
        _ => error.settles_doubt(),
    }
}

/// The key of the one create call a payment may make.
pub fn create_key(payment_id: PaymentId) -> String {
    format!("pd_{payment_id}_create")
}

struct Start {
    portal: Shared,
    starting: Starting,
}

impl Command for Start {
    type Reply = Decision;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Decision, DbError> {
        let Starting { account_id, customer_id, idempotency_key, request, .. } = &self.starting;
        let Some(account) = accounts::lock(tx, *account_id).await? else {
            return Ok(Decision::Refused(Refusal::not_found()));
        };
        let started_by = customer_id.to_string();
        let before = store::find_by_key(&mut *tx, *account_id, &started_by, idempotency_key);
        if let Some(payment) = before.await? {
            return Ok(if payment.request_hash == request_hash(request) {
                Decision::Repeated(Box::new(payment))
            } else {
                Decision::Refused(key_reused())
            });
        }
        if store::find(&mut *tx, request.id).await?.is_some() {
            return Ok(Decision::Refused(key_reused()));
        }
        if request.currency != account.currency {
            return Ok(Decision::Refused(currency_mismatch(account.currency)));
        }
        let rules = self.portal.settings.payment_rules();
        let view = view_in(tx, &account, &rules, self.portal.today()).await?;
        let preview = match agreed(tx, &view, request).await? {
            Ok(preview) => view.with_periods(preview),
            Err(refusal) => return Ok(Decision::Refused(refusal)),
        };
        let payment = self.record(preview);
        store::insert(tx, &payment).await?;
        store::reserve(tx, &payment).await?;
        store::write_history(tx, &payment, 0, "started").await?;
        let key = create_key(payment.id);
        store::write_attempt(tx, payment.id, "create", &key, payment.started_at).await?;
        Ok(Decision::Started(Box::new(payment)))
    }
}

impl Start {
    fn record(&self, preview: Preview) -> PaymentRecord {
        let Starting { account_id, customer_id, session_hash, idempotency_key, request } =
            self.starting.clone();
        let now = self.portal.now();
        let minutes = self.portal.settings.payments.expires_after_minutes;
        PaymentRecord {
            id: request.id,
            account_id,
            started_by: customer_id.to_string(),
            session_hash: Some(session_hash),
            idempotency_key,
            request_hash: request_hash(&request),
            amount: request.amount,
            currency: request.currency,
            tender: Tender::Card,
            method: None,
            direction: request.direction,
            preview,
            state: PaymentState::Created,
            decline: None,
            gateway: self.portal.gateway_name().to_owned(),
            gateway_ref: None,
            received: MinorUnits::ZERO,
            started_at: now,
            expires_at: now.plus_minutes(minutes),
            changed_at: now,
            // Should we stop between this commit and the gateway's answer.
            look_at: Some(now.plus_minutes(1)),
            looks: 0,
            asked_at: Micros(0),
            version: 0,
        }
    }
}

/// The preview the payer confirmed, if it still holds; else what to tell them instead.
async fn agreed(
    tx: &mut AnyConnection,
    view: &AccountView,
    request: &PaymentRequest,
) -> Result<Result<Preview, Refusal>, DbError> {
    let PaymentRequest { amount, direction, fingerprint, .. } = request;
    let now = preview(&view.snapshot(), *amount, direction);
    if let Ok(preview) = &now
        && preview.fingerprint == *fingerprint
    {
        return Ok(Ok(preview.clone()));
    }
    for other in store::in_flight(&mut *tx, view.id).await? {
        if was_agreed_without(view, &other, *amount, direction, fingerprint) {
            return Ok(Err(Refusal::conflict(
                "balance-reserved",
                "A payment for these bills is already in progress.",
            )
            .with_payment(other.id)));
        }
    }
    Ok(Err(match now {
        Ok(preview) => Refusal::conflict(
            "allocation-changed",
            "Your balance changed while you were here. We worked it out again.",
        )
        .with_preview(view.with_periods(preview)),
        Err(refusal) => refusal_of(&refusal, view),
    }))
}

/// Did the payer see the bills as they were before this other payment reserved its part?
fn was_agreed_without(
    view: &AccountView,
    other: &PaymentRecord,
    amount: MinorUnits,
    direction: &Direction,
    fingerprint: &Fingerprint,
) -> bool {
    let mut before = view.clone();
    for item in &mut before.items {
        let reserved = other.preview.lines.iter().find(|line| line.bill_id == item.bill_id);
        if let Some(line) = reserved {
            item.in_flight = item.in_flight.less(line.amount);
        }
    }
    preview(&before.snapshot(), amount, direction)
        .is_ok_and(|preview| preview.fingerprint == *fingerprint)
}

pub(super) fn currency_mismatch(currency: Currency) -> Refusal {
    let words = format!("This account is in {currency}. Pay it in {currency}.");
    Refusal::unprocessable("currency-mismatch", words).at("#/currency")
}

fn key_reused() -> Refusal {
    Refusal::unprocessable(
        "idempotency-key-reused",
        "This key or payment id was used before for another request.",
    )
    .at("header:Idempotency-Key")
}

/// The whole request, so that the same key with anything else in it is noticed.
fn request_hash(request: &PaymentRequest) -> String {
    let mut direction = request.direction.clone();
    direction.bills.sort_by_key(|bill| bill.bill_id);
    let text = format!(
        "{} {} {} {:?} {}",
        request.id,
        request.amount.get(),
        request.currency,
        direction,
        request.fingerprint.as_str(),
    );
    hex::encode(Sha256::digest(text.as_bytes()))
}

impl Portal {
    /// What stands beside every payment and posting that came through the gateway.
    pub fn gateway_name(&self) -> &'static str {
        if self.is_demo() { "sandbox" } else { "stripe" }
    }
}
