//! News from the gateway about a payment: the one way its state changes.
//!
//! Whoever brings the news (webhook, sweep, a waiting payer, our own call) brings an [`Intent`]
//! as the gateway shows it *now*, or the lack of a clear answer. Late and repeated news change
//! nothing; money received goes to [`super::post`].

use receivables::calendar::Micros;
use receivables::ids::{PaymentId, WorkItemId};
use receivables::payment::{PaymentEvent, PaymentState};
use receivables::tender::Tender;
use sqlx::AnyConnection;

use super::looks::{self, Looked};
use super::post::{PostOutcome, Received, post};
use super::reservations;
use super::store::{self, PaymentRecord};
use super::trail;
use crate::accounts;
use crate::db::{Command, DbError};
use crate::gateway::{Intent, IntentStatus, MethodSummary};
use crate::state::{Portal, Shared};
use crate::work_list::{self, Matter, NewWorkItem, Thing, WorkKind};

/// What was done with a piece of news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewsOutcome {
    /// The payment's state after it.
    Taken(PaymentState),
    /// Money has arrived and nothing may be posted now: it is to be taken again later.
    Waits,
    /// The intent is not ours, or says what cannot be: nothing was changed.
    SetAside(&'static str),
}

/// Takes what the gateway says of a payment now.
pub async fn take(
    portal: &Shared,
    payment: &PaymentRecord,
    intent: &Intent,
    answered: Option<&Answered>,
) -> Result<NewsOutcome, DbError> {
    if let Some(why) = foreign(payment, intent) {
        return set_aside(portal, payment, intent, why).await;
    }
    let event = match intent.status {
        IntentStatus::Succeeded => return take_money(portal, payment, intent).await,
        IntentStatus::AwaitingPayer if intent.last_decline.is_some() => {
            PaymentEvent::DeclinedByBank
        }
        IntentStatus::AwaitingPayer => PaymentEvent::CreatedAtGateway,
        IntentStatus::Processing | IntentStatus::AwaitingCapture => PaymentEvent::BankIsConfirming,
        IntentStatus::Cancelled if payment.expires_at <= portal.now() => {
            PaymentEvent::ExpiryConfirmed
        }
        IntentStatus::Cancelled => PaymentEvent::CancelConfirmed,
    };
    let decline = intent.last_decline.as_ref().map(|decline| decline.message.clone());
    let gateway_ref = Some(intent.gateway_ref.clone());
    let facts = Facts { gateway_ref, decline, method: intent.method.clone() };
    happen(portal, payment.id, event, facts, answered.cloned()).await
}

/// The answer of one of our own calls, so that its attempt is closed with it.
#[derive(Clone, Debug)]
pub struct Answered {
    pub gateway_key: String,
    pub outcome: String,
}

/// What cannot be posted changes nothing, but where it is this payment's own intent nobody may
/// be told that no money was taken: a person has to say.
async fn set_aside(
    portal: &Shared,
    payment: &PaymentRecord,
    intent: &Intent,
    why: &'static str,
) -> Result<NewsOutcome, DbError> {
    let matter = Matter::new(WorkKind::IntentDiffers, Thing::GatewayIntent, &intent.gateway_ref);
    let why_in_words = format!("It was brought as news of {} and set aside: {why}.", payment.id);
    let item = NewWorkItem {
        id: portal.work_item_id(),
        matter,
        account_id: Some(payment.account_id),
        why: why_in_words,
        now: portal.now(),
    };
    portal.db.write(work_list::Open(item)).await?;
    if payment.gateway_ref.as_ref().is_none_or(|known| *known == intent.gateway_ref) {
        let event = PaymentEvent::NoClearAnswer;
        happen(portal, payment.id, event, Facts::default(), None).await?;
    }
    Ok(NewsOutcome::SetAside(why))
}

#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub gateway_ref: Option<String>,
    pub decline: Option<String>,
    pub method: Option<MethodSummary>,
}

async fn take_money(
    portal: &Shared,
    payment: &PaymentRecord,
    intent: &Intent,
) -> Result<NewsOutcome, DbError> {
    let received = received(portal, payment.id, payment.started_at, intent);
    let tender = intent.method.as_ref().map_or(payment.tender, |method| method.kind);
    let received = Received { tender, ..received };
    match post(portal, received).await? {
        PostOutcome::Posted | PostOutcome::PostedBefore => {
            Ok(NewsOutcome::Taken(PaymentState::Posted))
        }
        PostOutcome::Halted => {
            // Nobody is shown a card form, or told that nothing was taken, for what is paid.
            let event = PaymentEvent::BankIsConfirming;
            let facts = Facts {
                gateway_ref: Some(intent.gateway_ref.clone()),
                method: intent.method.clone(),
                ..Facts::default()
            };
            happen(portal, payment.id, event, facts, None).await?;
            Ok(NewsOutcome::Waits)
        }
        PostOutcome::Mismatch(why) => set_aside(portal, payment, intent, why).await,
    }
}

/// What an intent says was received, for a payment that began at this time.
pub fn received(
    portal: &Portal,
    payment_id: PaymentId,
    started_at: Micros,
    intent: &Intent,
) -> Received {
    Received {
        payment_id,
        gateway_ref: intent.gateway_ref.clone(),
        amount: intent.amount_received,
        currency: intent.currency,
        tender: intent.method.as_ref().map_or(Tender::Card, |method| method.kind),
        method: intent.method.as_ref().map(method_words),
        effective_on: portal.zone.day(received_at(portal.now(), started_at, intent)),
    }
}

/// A card's money is received when the card is charged, so news that come after midnight, or
/// days late, keep the day. A debit is received when the bank confirms it, which is now.
fn received_at(now: Micros, started_at: Micros, intent: &Intent) -> Micros {
    let by_card = intent.method.as_ref().is_some_and(|method| method.kind == Tender::Card);
    let charged_at = intent.charged_at.filter(|_| by_card);
    charged_at.map_or(now, |at| at.max(started_at).min(now))
}

/// `Visa 4242`, `Bank account 6789`.
fn method_words(method: &MethodSummary) -> String {
    let brand = method.brand.as_deref().unwrap_or(match method.kind {
        Tender::BankDebit => "Bank account",
        _ => "Card",
    });
    let mut words = brand.to_owned();
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    match &method.last4 {
        Some(last4) => format!("{words} {last4}"),
        None => words,
    }
}

/// Why this intent cannot be this payment's, if it cannot.
fn foreign(payment: &PaymentRecord, intent: &Intent) -> Option<&'static str> {
    if intent.payment_id.is_some_and(|id| id != payment.id) {
        return Some("the intent carries another payment's note");
    }
    if payment.gateway_ref.as_ref().is_some_and(|known| *known != intent.gateway_ref) {
        return Some("the payment has another intent");
    }
    if payment.gateway_ref.is_none() && intent.payment_id.is_none() {
        return Some("the intent carries no note of ours");
    }
    if intent.amount != payment.amount || intent.currency != payment.currency {
        return Some("the intent has another amount or currency");
    }
    None
}

/// Something happened to a payment that moves no money.
pub async fn happen(
    portal: &Shared,
    payment_id: PaymentId,
    event: PaymentEvent,
    facts: Facts,
    answered: Option<Answered>,
) -> Result<NewsOutcome, DbError> {
    let now = portal.now();
    let item_id = portal.work_item_id();
    portal.db.write(Happen { payment_id, event, facts, answered, item_id, now }).await
}

struct Happen {
    payment_id: PaymentId,
    event: PaymentEvent,
    facts: Facts,
    answered: Option<Answered>,
    /// For the work list, should a person have to look.
    item_id: WorkItemId,
    now: Micros,
}

impl Command for Happen {
    type Reply = NewsOutcome;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<NewsOutcome, DbError> {
        accounts::lock_for_payment(tx, self.payment_id).await?;
        let Some(mut payment) = store::find(&mut *tx, self.payment_id).await? else {
            return Ok(NewsOutcome::SetAside("there is no such payment"));
        };
        if let (Some(known), Some(told)) = (&payment.gateway_ref, &self.facts.gateway_ref)
            && known != told
        {
            return Ok(NewsOutcome::SetAside("the payment has another intent"));
        }
        if let Some(Answered { gateway_key, outcome }) = &self.answered {
            store::answer_attempt(tx, payment.id, gateway_key, outcome, self.now).await?;
        }
        let event = self.event_for(payment.state);
        let Ok(next) = payment.state.on(event) else {
            tracing::info!(payment = %payment.id, state = payment.state.code(),
                event = event.code(), "late news changes nothing");
            let look_was_due = payment.look_at.is_some_and(|at| at <= self.now);
            if look_was_due && payment.state.is_in_flight() {
                let was = Looked::at(&payment);
                payment.looks += 1;
                payment.look_at = looks::next_look(&payment, self.now);
                store::change(tx, &payment, event).await?;
                looks::keep_list(tx, &payment, was, self.item_id, self.now).await?;
            }
            return Ok(NewsOutcome::Taken(payment.state));
        };
        self.move_on(tx, payment, event, next).await?;
        Ok(NewsOutcome::Taken(next))
    }
}

impl Happen {
    async fn move_on(
        &self,
        tx: &mut AnyConnection,
        mut payment: PaymentRecord,
        event: PaymentEvent,
        next: PaymentState,
    ) -> Result<(), DbError> {
        let look_was_due = payment.look_at.is_some_and(|at| at <= self.now);
        let was = (payment.state, payment.decline.clone(), payment.gateway_ref.clone());
        let had_looked = Looked::at(&payment);
        let was_in_flight = payment.state.is_in_flight();
        payment.state = next;
        if self.facts.gateway_ref.is_some() && payment.gateway_ref.is_none() {
            payment.gateway_ref.clone_from(&self.facts.gateway_ref);
        }
        if let (PaymentEvent::BankIsConfirming, Some(method)) = (event, &self.facts.method) {
            // A debit takes days, and the payer is told so while it does.
            payment.tender = method.kind;
            payment.method = Some(method_words(method));
        }
        payment.decline = match event {
            PaymentEvent::DeclinedByBank => self.facts.decline.clone(),
            // Still the same try, seen again: the bank's words stay until something else happens.
            PaymentEvent::NoClearAnswer | PaymentEvent::CancelConfirmed => payment.decline,
            _ => None,
        };
        let is = (payment.state, payment.decline.clone(), payment.gateway_ref.clone());
        if is != was || look_was_due {
            if next != was.0 {
                payment.looks = 0;
                payment.look_at = looks::next_look(&payment, self.now);
            } else if look_was_due {
                payment.looks += 1;
                payment.look_at = looks::next_look(&payment, self.now);
            }
            payment.changed_at = if is == was { payment.changed_at } else { self.now };
            store::change(tx, &payment, event).await?;
            looks::keep_list(tx, &payment, had_looked, self.item_id, self.now).await?;
        }
        if was_in_flight && next.is_final() {
            reservations::release(tx, payment.id).await?;
            let (n, actor) = (payment.version + 1, payment.gateway.clone());
            trail::record(tx, &payment, n, &actor, None).await?;
        }
        Ok(())
    }

    /// Time does not end a payment that a bank is confirming; where the gateway says it is
    /// cancelled, somebody cancelled it there.
    const fn event_for(&self, state: PaymentState) -> PaymentEvent {
        match (state, self.event) {
            (PaymentState::Processing, PaymentEvent::ExpiryConfirmed) => {
                PaymentEvent::CancelConfirmed
            }
            (_, event) => event,
        }
    }
}
