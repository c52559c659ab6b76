//! News about a refund: the one way its state changes, and the only place that posts it.
//!
//! Whoever brings the news (our own call, a webhook, the sweep) brings the refund as the gateway
//! shows it *now*. Late and repeated news change nothing.

use receivables::calendar::Micros;
use receivables::ids::{PaymentId, RefundId};
use receivables::payment::PaymentState;
use receivables::refund::{RefundEvent, RefundState};
use sqlx::AnyConnection;

use super::super::money_back::{Movement, Shift, post_back, post_return, shift};
use super::super::store::{self as payments, PaymentRecord};
use super::letter;
use super::store::{self, RefundRecord};
use super::trail;
use crate::accounts::{self, LockedAccount};
use crate::db::{Command, DbError};
use crate::gateway::{GatewayRefund, RefundStatus};
use crate::ledger::PostingKind;
use crate::state::{Portal, Shared};
use crate::work_list::{self, Matter, NewWorkItem, Thing, WorkKind};

/// What was done with a piece of news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundNews {
    /// The refund's state after it.
    Taken(RefundState),
    /// It is not ours, or says what cannot be: nothing was changed.
    SetAside(&'static str),
    /// The payment it is about is not posted yet: to be brought again.
    NotYet,
    /// The book is halted: to be brought again when it is well.
    Waits,
}

/// What came with an event.
#[derive(Clone, Debug, Default)]
pub(super) struct NewsFacts {
    pub gateway_ref: Option<String>,
    pub failure: Option<String>,
}

/// The names of what posts a refund, once each.
const PAID: &str = "refund";
const RETURNED: &str = "refund_returned";

/// Made in the gateway's own pages, by nobody we know.
const AT_THE_GATEWAY: &str = "gateway";

/// Takes what the gateway says of a refund now; one that was made in its own pages becomes ours.
pub async fn take(portal: &Shared, told: &GatewayRefund) -> Result<RefundNews, DbError> {
    if portal.book.is_halted() {
        return Ok(RefundNews::Waits);
    }
    let gateway = portal.gateway_name();
    let known = match told.refund_id {
        Some(id) => store::find_refund(portal.db.read(), id).await?,
        None => store::find_by_gateway_ref(portal.db.read(), gateway, &told.gateway_ref).await?,
    };
    let id = match known {
        Some(refund) => refund.id,
        None => match adopt(portal, told).await? {
            Ok(id) => id,
            Err(other) => return Ok(other),
        },
    };
    let event = match told.status {
        RefundStatus::Pending => RefundEvent::UnderWay,
        RefundStatus::Succeeded => RefundEvent::PaidBack,
        RefundStatus::Failed => RefundEvent::FailedAtBank,
        RefundStatus::Cancelled => RefundEvent::CancelledAtGateway,
    };
    let command =
        Happen { portal: portal.clone(), id, event, told: Some(told.clone()), facts: None };
    finish(portal, command).await
}

/// Something happened to a refund that the gateway does not show.
pub(super) async fn happen(
    portal: &Shared,
    id: RefundId,
    event: RefundEvent,
    facts: NewsFacts,
) -> Result<RefundNews, DbError> {
    let command = Happen { portal: portal.clone(), id, event, told: None, facts: Some(facts) };
    finish(portal, command).await
}

async fn finish(portal: &Shared, command: Happen) -> Result<RefundNews, DbError> {
    let id = command.id;
    let news = portal.db.write(command).await?;
    match &news {
        RefundNews::Taken(_) => portal.work.outbox.notify_one(),
        RefundNews::SetAside(why) => tracing::error!(refund = %id, why, "a refund is set aside"),
        RefundNews::NotYet | RefundNews::Waits => {}
    }
    Ok(news)
}

/// Takes over a refund that we did not ask for, where it is of a payment of ours.
async fn adopt(
    portal: &Shared,
    told: &GatewayRefund,
) -> Result<Result<RefundId, RefundNews>, DbError> {
    let Some(intent_ref) = &told.intent_ref else {
        return Ok(Err(RefundNews::SetAside("the refund names no intent")));
    };
    let gateway = portal.gateway_name();
    let payment = payments::find_by_gateway_ref(portal.db.read(), gateway, intent_ref).await?;
    let Some(payment) = payment else {
        return Ok(Err(RefundNews::SetAside("the refund is of no payment of ours")));
    };
    if payment.state != PaymentState::Posted {
        return Ok(Err(RefundNews::NotYet));
    }
    if payment.currency != told.currency {
        return Ok(Err(RefundNews::SetAside("the refund is in another currency")));
    }
    if matches!(told.status, RefundStatus::Failed | RefundStatus::Cancelled) {
        return Ok(Err(RefundNews::SetAside("it came to nothing before we heard of it")));
    }
    let command = Adopt { portal: portal.clone(), told: told.clone(), payment_id: payment.id };
    match portal.db.write(command).await {
        Ok(Some(id)) => Ok(Ok(id)),
        Ok(None) => Ok(Err(RefundNews::SetAside("more went back than the payment holds"))),
        // Another bearer of the same news adopted it meanwhile.
        Err(error) if error.is_unique_violation() => Ok(Err(RefundNews::NotYet)),
        Err(error) => Err(error),
    }
}

struct Adopt {
    portal: Shared,
    told: GatewayRefund,
    payment_id: PaymentId,
}

impl Command for Adopt {
    /// Its id here; none where the payment does not hold as much.
    type Reply = Option<RefundId>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Option<RefundId>, DbError> {
        let (portal, told) = (&self.portal, &self.told);
        let Some(payment) = locked(tx, self.payment_id).await?.map(|(_, payment)| payment) else {
            return Ok(None);
        };
        let gateway = payment.gateway.clone();
        let known = store::find_by_gateway_ref(&mut *tx, &gateway, &told.gateway_ref).await?;
        if let Some(known) = known {
            return Ok(Some(known.id));
        }
        let by = Shift { refunding: told.amount.get(), ..Shift::default() };
        if !shift(tx, payment.id, by).await? {
            return Ok(None);
        }
        let (ms, chance) = portal.id_parts();
        let id = RefundId::from_parts(ms, &chance);
        let now = portal.now();
        let refund = RefundRecord {
            id,
            payment_id: payment.id,
            account_id: payment.account_id,
            requested_by: AT_THE_GATEWAY.to_owned(),
            idempotency_key: told.gateway_ref.clone(),
            request_hash: String::new(),
            amount: told.amount,
            currency: told.currency,
            reason: None,
            state: RefundState::Created,
            gateway: Some(gateway),
            gateway_key: None,
            gateway_ref: Some(told.gateway_ref.clone()),
            failure: None,
            requested_at: told.created.min(now),
            changed_at: now,
            look_at: Some(now.plus_minutes(1)),
            looks: 0,
            version: 0,
        };
        store::insert(tx, &refund).await?;
        trail::record(tx, &refund, &refund.requested_by, None).await?;
        Ok(Some(id))
    }
}

/// The payment under its account's lock.
async fn locked(
    tx: &mut AnyConnection,
    payment_id: PaymentId,
) -> Result<Option<(LockedAccount, PaymentRecord)>, DbError> {
    let account = accounts::lock_for_payment(tx, payment_id).await?;
    let payment = payments::find(&mut *tx, payment_id).await?;
    Ok(account.zip(payment))
}

struct Happen {
    portal: Shared,
    id: RefundId,
    event: RefundEvent,
    told: Option<GatewayRefund>,
    facts: Option<NewsFacts>,
}

impl Command for Happen {
    type Reply = RefundNews;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<RefundNews, DbError> {
        let gone = RefundNews::SetAside("there is no such refund");
        let Some(refund) = store::find_refund(&mut *tx, self.id).await? else { return Ok(gone) };
        let Some(account) = accounts::lock(tx, refund.account_id).await? else { return Ok(gone) };
        // Read again under the lock: another bearer of the same news may have moved it.
        let Some(refund) = store::find_refund(&mut *tx, self.id).await? else { return Ok(gone) };
        if let Some(why) = self.told.as_ref().and_then(|told| foreign(&refund, told)) {
            return Ok(RefundNews::SetAside(why));
        }
        let Ok(next) = refund.state.on(self.event) else {
            tracing::info!(refund = %refund.id, state = refund.state.code(),
                event = ?self.event, "late news changes nothing");
            return Ok(RefundNews::Taken(refund.state));
        };
        if refund.state == RefundState::Refused && next != RefundState::Refused {
            // Made after all, though it was not to be found: its amount has to be held again.
            let by = Shift { refunding: refund.amount.get(), ..Shift::default() };
            if !shift(tx, refund.payment_id, by).await? {
                return Ok(RefundNews::SetAside("more went back than the payment holds"));
            }
        }
        let facts = self.facts.clone().or_else(|| {
            let told = self.told.as_ref()?;
            let gateway_ref = Some(told.gateway_ref.clone());
            Some(NewsFacts { gateway_ref, failure: told.failure.clone() })
        });
        let refund = apply_event(tx, &self.portal, &account, refund, self.event, facts).await?;
        Ok(RefundNews::Taken(refund.state))
    }
}

/// Why this cannot be this refund, if it cannot.
fn foreign(refund: &RefundRecord, told: &GatewayRefund) -> Option<&'static str> {
    if told.amount != refund.amount || told.currency != refund.currency {
        return Some("the gateway gives back another amount or currency");
    }
    if refund.gateway_ref.as_ref().is_some_and(|known| *known != told.gateway_ref) {
        return Some("the refund has another name at the gateway");
    }
    None
}

/// Moves a refund on, with its money, under the account's lock. Its amount is held by the
/// payment's `refunding` unless it is done or over.
pub(super) async fn apply_event(
    tx: &mut AnyConnection,
    portal: &Portal,
    account: &LockedAccount,
    mut refund: RefundRecord,
    event: RefundEvent,
    facts: Option<NewsFacts>,
) -> Result<RefundRecord, DbError> {
    let was = refund.state;
    let next = was.on(event).map_err(|_| DbError::inconsistent("refund", "state", refund.id))?;
    if next != was {
        move_money(tx, portal, account, &refund, next).await?;
    }
    let facts = facts.unwrap_or_default();
    let now = portal.now();
    let look_was_due = refund.look_at.is_some_and(|at| at <= now);
    let is_named = refund.gateway_ref.is_none() && facts.gateway_ref.is_some();
    if next == was && !look_was_due && !is_named {
        return Ok(refund);
    }
    if is_named {
        refund.gateway_ref = facts.gateway_ref;
    }
    if matches!(next, RefundState::Failed | RefundState::Refused | RefundState::Cancelled) {
        refund.failure = facts.failure.or(refund.failure);
    }
    refund.looks = if next == was { refund.looks + 1 } else { 0 };
    refund.state = next;
    refund.look_at = next_look(next, refund.looks, now);
    if next != was {
        refund.changed_at = now;
    }
    store::change(tx, &refund).await?;
    refund.version += 1;
    if next != was && !next.is_under_way() {
        let actor = refund.gateway.as_ref().unwrap_or(&refund.requested_by).clone();
        trail::record(tx, &refund, &actor, None).await?;
    }
    ask_a_person(tx, portal, &refund, was).await?;
    Ok(refund)
}

/// A refund whose planned looks brought no end, or that came back after the payer was told of
/// it, goes on the work list; one that ends by itself comes off.
async fn ask_a_person(
    tx: &mut AnyConnection,
    portal: &Portal,
    refund: &RefundRecord,
    was: RefundState,
) -> Result<(), DbError> {
    let now = portal.now();
    let unclear = Matter::new(WorkKind::RefundUnclear, Thing::Refund, refund.id);
    let (matter, why) = match (was, refund.state) {
        (RefundState::Done, RefundState::Failed) => (
            Matter::new(WorkKind::RefundReturned, Thing::Refund, refund.id),
            "A refund came back from the payer's bank. Its money is in the book again; the payer \
             has to get it another way.",
        ),
        (_, state) if state.is_under_way() && refund.looks >= PLANNED_LOOKS => (
            unclear,
            "The gateway has given no clear answer about this refund for a week. Look at it in \
             the gateway's dashboard.",
        ),
        (_, state) if was.is_under_way() && !state.is_under_way() => {
            work_list::close(tx, &unclear, state.code(), now).await?;
            return Ok(());
        }
        _ => return Ok(()),
    };
    let (id, account_id) = (portal.work_item_id(), Some(refund.account_id));
    let item = NewWorkItem { id, matter, account_id, why: why.to_owned(), now };
    work_list::open(tx, &item).await?;
    Ok(())
}

async fn move_money(
    tx: &mut AnyConnection,
    portal: &Portal,
    account: &LockedAccount,
    refund: &RefundRecord,
    next: RefundState,
) -> Result<(), DbError> {
    let amount = refund.amount.get();
    let was_held = refund.state.is_under_way() || refund.state == RefundState::Refused;
    let by = match (refund.state, next) {
        (_, RefundState::Done) => {
            Shift { refunding: amount.saturating_neg(), refunded: amount, ..Shift::default() }
        }
        (RefundState::Done, _) => Shift { refunded: amount.saturating_neg(), ..Shift::default() },
        (_, next) if was_held && !next.is_under_way() => {
            Shift { refunding: amount.saturating_neg(), ..Shift::default() }
        }
        _ => return Ok(()),
    };
    if !shift(tx, refund.payment_id, by).await? {
        return Err(DbError::inconsistent("payment", "refunding", refund.payment_id));
    }
    let found = payments::find_with_payer(&mut *tx, refund.payment_id).await?;
    let missing = || DbError::inconsistent("refund", "payment_id", refund.id);
    let (payment, payer) = found.ok_or_else(missing)?;
    let movement = |kind, source| Movement {
        kind,
        source,
        source_ref: refund.id.to_string(),
        payment: &payment,
        amount: refund.amount,
    };
    match (refund.state, next) {
        (_, RefundState::Done) => {
            let movement = movement(PostingKind::RefundPaid, PAID);
            let given = post_back(tx, portal, account, &movement).await?;
            letter::send(tx, portal, account, &payment, payer, refund, &given).await?;
        }
        (RefundState::Done, _) => {
            let movement = movement(PostingKind::RefundReturned, RETURNED);
            post_return(tx, portal, account, &movement, PAID).await?;
        }
        _ => {}
    }
    Ok(())
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// After as many a person is asked, and the looks become weekly.
const PLANNED_LOOKS: i64 = 7;
const LOOKS_AT_MOST: i64 = PLANNED_LOOKS + 12;

/// Unknown: after 5 minutes, an hour, then daily; pending after an hour, then daily. After a
/// week a person is asked; for a quarter of a year it is looked at weekly, and news is taken
/// even after that.
fn next_look(state: RefundState, looks: i64, now: Micros) -> Option<Micros> {
    let seconds = match (state, looks) {
        (state, LOOKS_AT_MOST..) if state.is_under_way() => return None,
        (state, PLANNED_LOOKS..) if state.is_under_way() => 7 * DAY,
        (RefundState::Created, _) => MINUTE,
        (RefundState::Unknown, 0) => 5 * MINUTE,
        (RefundState::Unknown, 1) | (RefundState::Pending, 0) => HOUR,
        (RefundState::Unknown | RefundState::Pending, _) => DAY,
        _ => return None,
    };
    Some(now.plus_seconds(seconds))
}
