//! Starting a payment (paymentForAccount): lock, allocate again, commit payment + key +
//! reservation, and only then ask the gateway.

use receivables::allocation::{Preview, preview};
use receivables::api::payments::PaymentRequest;
use receivables::calendar::Micros;
use receivables::ids::{AccountId, CustomerId, PaymentId};
use receivables::money::{Currency, MinorUnits, Money};
use receivables::payment::{PaymentEvent, PaymentState};
use receivables::tender::Tender;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;

use super::credit::{Occasion, apply_credit};
use super::news::{self, Answered, Facts, NewsOutcome};
use super::not_taken_up::not_taken_up;
use super::preview::{AccountView, refusal_of, view_in};
use super::reservations;
use super::store::{self, PaymentRecord};
use super::{trail, tries};
use crate::accounts;
use crate::db::{Command, DbError};
use crate::gateway::{GatewayError, Intent, IntentRequest, NotAskable, askable};
use crate::problem::{Refusal, request_name};
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
    let (portal_too, starting_too) = (portal.clone(), starting.clone());
    let command = Start { portal: portal_too, starting: starting_too, request: request_name() };
    let (payment, repeated) = match portal.db.write(command).await {
        Ok(Decision::Started(payment)) => (*payment, false),
        Ok(Decision::Repeated(payment)) => (*payment, true),
        Ok(Decision::Refused(refusal)) => return Err(refusal),
        // Two requests made the same payment id at once; the other one has it.
        Err(error) if error.is_unique_violation() => return Err(key_reused()),
        Err(error) => return Err(error.into()),
    };
    let own_session = payment.session_hash.as_deref() == Some(starting.session_hash.as_str());
    let outcome = match payment.state {
        PaymentState::Created | PaymentState::Unknown
            if create_may_be_asked(&payment, portal.now()) =>
        {
            ask_gateway(portal, payment, repeated).await?
        }
        PaymentState::AwaitingPayer => look_again(portal, payment).await?,
        _ => StartOutcome { payment, intent: None, repeated },
    };
    // The intent's secret belongs to the session that made it.
    Ok(StartOutcome { intent: outcome.intent.filter(|_| own_session), ..outcome })
}

/// A repeated request for a payment that waits for its payer: as the gateway shows it now, so
/// that nobody is handed a form for what is paid.
async fn look_again(portal: &Shared, payment: PaymentRecord) -> Result<StartOutcome, Refusal> {
    let repeated = true;
    let Some(gateway_ref) = &payment.gateway_ref else {
        return Ok(StartOutcome { payment, intent: None, repeated });
    };
    let Ok(intent) = portal.gateway.retrieve_intent(gateway_ref).await else {
        return Ok(StartOutcome { payment, intent: None, repeated });
    };
    news::take(portal, &payment, &intent, None).await?;
    let payment = store::find(portal.db.read(), payment.id).await?;
    let payment = payment.ok_or_else(Refusal::not_found)?;
    Ok(StartOutcome { payment, intent: Some(intent), repeated })
}

/// Asks with the key that is already committed: a repeat is the same intent, never a second.
async fn ask_gateway(
    portal: &Shared,
    payment: PaymentRecord,
    repeated: bool,
) -> Result<StartOutcome, Refusal> {
    let asking = if repeated { Asking::Again } else { Asking::First };
    let outcome = create_at_gateway(portal, &payment, asking).await?;
    let id = payment.id;
    let payment = store::find(portal.db.read(), id).await?.ok_or_else(Refusal::not_found)?;
    match outcome {
        AskOutcome::Intent(intent) => Ok(StartOutcome { payment, intent: Some(*intent), repeated }),
        AskOutcome::InDoubt => Ok(StartOutcome { payment, intent: None, repeated }),
        AskOutcome::Refused(error) => Err(not_taken_up(&error, id)),
    }
}

/// What the gateway said to a create call.
#[derive(Debug)]
pub enum AskOutcome {
    Intent(Box<Intent>),
    InDoubt,
    Refused(GatewayError),
}

/// Whether the create call of this payment may have been made before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    First,
    Again,
}

/// The gateway keeps an idempotency key for at least a day; after this long it is never reused.
const KEY_LIVES_SECONDS: i64 = 23 * 3_600;

/// May the create call be made, or made again? Not once there is an intent, and not with a key
/// that the gateway may have forgotten: it would make a second one.
pub fn create_may_be_asked(payment: &PaymentRecord, now: Micros) -> bool {
    payment.gateway_ref.is_none() && payment.started_at.plus_seconds(KEY_LIVES_SECONDS) > now
}

/// The create call of a committed payment, with what came of it written down. Used when
/// starting and by the sweep; the caller asks [`create_may_be_asked`] first.
pub async fn create_at_gateway(
    portal: &Shared,
    payment: &PaymentRecord,
    asking: Asking,
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
            match news::take(portal, payment, &intent, Some(&answered("intent"))).await? {
                NewsOutcome::Taken(_) => Ok(AskOutcome::Intent(Box::new(intent))),
                NewsOutcome::SetAside(_) | NewsOutcome::Waits => Ok(AskOutcome::InDoubt),
            }
        }
        // A first, clear no did nothing. A no to a repeated key clears an earlier doubt only
        // where the gateway looked the key up.
        Err(error) if is_clear_no(&error, asking) => {
            let event = PaymentEvent::RefusedByGateway;
            let answer = Some(answered("refused"));
            news::happen(portal, payment.id, event, Facts::default(), answer).await?;
            Ok(AskOutcome::Refused(error))
        }
        Err(error) => {
            tracing::warn!(payment = %payment.id, %error, "no clear answer from the gateway");
            let event = PaymentEvent::NoClearAnswer;
            news::happen(portal, payment.id, event, Facts::default(), None).await?;
            Ok(AskOutcome::InDoubt)
        }
    }
}

fn is_clear_no(error: &GatewayError, asking: Asking) -> bool {
    match asking {
        Asking::First => !matches!(error, GatewayError::Unclear(_)),
        Asking::Again => error.settles_doubt(),
    }
}

/// The key of the one create call a payment may make.
pub fn create_key(payment_id: PaymentId) -> String {
    format!("pd_{payment_id}_create")
}

struct Start {
    portal: Shared,
    starting: Starting,
    /// As the log names it.
    request: Option<String>,
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
        if self.portal.book.is_halted() {
            return Ok(Decision::Refused(Refusal::books_halted()));
        }
        if let Some(refusal) = tries::too_many(tx, &self.portal, *account_id).await? {
            return Ok(Decision::Refused(refusal));
        }
        if request.currency != account.currency {
            return Ok(Decision::Refused(currency_mismatch(account.currency)));
        }
        if let Err(refusal) = can_be_asked_for(Money::new(request.amount, request.currency)) {
            return Ok(Decision::Refused(refusal));
        }
        let rules = self.portal.settings.payment_rules(account.currency);
        let view = view_in(tx, &account, &rules, self.portal.today()).await?;
        let view = if request.use_credit { view.with_credit_used().0 } else { view };
        let preview = match agreed(tx, &view, request).await? {
            Ok(preview) => view.with_periods(preview),
            Err(refusal) => return Ok(Decision::Refused(refusal)),
        };
        if request.use_credit {
            apply_credit(tx, *account_id, &Occasion::of(&self.portal)).await?;
        }
        let payment = self.record(preview);
        store::insert(tx, &payment).await?;
        reservations::reserve(tx, &payment).await?;
        store::write_history(tx, &payment, 0, "started").await?;
        trail::record(tx, &payment, 0, &payment.started_by, self.request.clone()).await?;
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
            refunded: MinorUnits::ZERO,
            refunding: MinorUnits::ZERO,
            withdrawn: MinorUnits::ZERO,
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
    let now = preview(&view.snapshot(), request.amount, &request.direction);
    if let Ok(preview) = &now
        && preview.fingerprint == request.fingerprint
    {
        return Ok(Ok(preview.clone()));
    }
    let others = store::in_flight(&mut *tx, view.id).await?;
    if let Some(other) = in_the_way(view, &others, request, now.is_ok()) {
        return Ok(Err(Refusal::conflict(
            "balance-reserved",
            "A payment for these bills is already in progress.",
        )
        .with_payment(other.id)));
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

/// The payment in flight that stands in the way of this one: the payer saw the bills as they
/// were before it (and those after it) reserved a part, or could pay now but for them.
fn in_the_way<'p>(
    view: &AccountView,
    others: &'p [PaymentRecord],
    request: &PaymentRequest,
    can_be_paid_now: bool,
) -> Option<&'p PaymentRecord> {
    let fits = |before: &AccountView| {
        preview(&before.snapshot(), request.amount, &request.direction)
            .is_ok_and(|then| then.fingerprint == request.fingerprint || !can_be_paid_now)
    };
    let mut before_all = view.clone();
    others.iter().rev().find(|other| {
        let mut before_it = view.clone();
        give_back(&mut before_it, other);
        give_back(&mut before_all, other);
        fits(&before_it) || fits(&before_all)
    })
}

/// Takes what a payment reserved off what is in flight.
fn give_back(view: &mut AccountView, payment: &PaymentRecord) {
    for item in &mut view.items {
        let reserved = payment.preview.lines.iter().find(|line| line.bill_id == item.bill_id);
        if let Some(line) = reserved {
            item.in_flight = item.in_flight.less(line.amount);
        }
    }
}

/// Whether the gateway can be asked for this amount at all, in words for the payer.
pub(super) fn can_be_asked_for(money: Money) -> Result<(), Refusal> {
    askable(money).map_err(|why| match why {
        NotAskable::Currency => {
            let words = format!("Payments in {} cannot be taken online.", money.currency);
            Refusal::unprocessable("currency-invalid", words).at("#/currency")
        }
        NotAskable::LastDigit { lower, upper } => {
            let [lower, upper] = [lower, upper].map(|amount| Money::new(amount, money.currency));
            let words = format!(
                "Online payments in {} end in a zero. Pay {lower} or {upper}.",
                money.currency
            );
            Refusal::unprocessable("amount-invalid", words).at("#/amount")
        }
    })
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
    ) + if request.use_credit { " with credit" } else { "" };
    hex::encode(Sha256::digest(text.as_bytes()))
}

impl Portal {
    /// What stands beside every payment and posting that came through the gateway.
    pub fn gateway_name(&self) -> &'static str {
        if self.is_demo() { "sandbox" } else { "stripe" }
    }
}
