//! Asking for a refund: what it would do, and the commit of row, keys and amount before the
//! gateway is asked.

use receivables::api::refunds::{RefundPreview, RefundRequest, ReopenedLine};
use receivables::ids::{PaymentId, RefundId};
use receivables::money::{MinorUnits, Money};
use receivables::payment::PaymentState;
use receivables::refund::{RefundEvent, RefundState};
use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, Row};

use super::super::dispute;
use super::super::money_back::{Held, Shift, shift};
use super::super::store::{self as payments, PaymentRecord};
use super::ask::ask_gateway;
use super::news::apply_event;
use super::store::{self, RefundRecord};
use super::trail;
use crate::accounts::{self, LockedAccount};
use crate::db::{Command, DbError};
use crate::gateway::{NotAskable, askable};
use crate::problem::{Refusal, request_name};
use crate::sign_in::{Action, Caller, Resource, StaffMember};
use crate::state::{Portal, Shared};
use crate::web::without_card_number;

/// Who wants to give back what.
#[derive(Clone, Debug)]
pub struct Refunding {
    pub operator: String,
    pub payment_id: PaymentId,
    pub idempotency_key: String,
    pub request: RefundRequest,
}

/// A refund that was asked for; `repeated` when the same request came before.
#[derive(Clone, Debug)]
pub struct RefundOutcome {
    pub refund: RefundRecord,
    pub repeated: bool,
}

const CREDIT: &str = "select credit from account where id = $1";

pub const SQL: &[&str] = &[CREDIT];

const LONGEST_REASON: usize = 500;

/// The member of staff who may give this much back.
pub fn may_refund(
    portal: &Portal,
    caller: Caller,
    amount: MinorUnits,
) -> Result<StaffMember, Refusal> {
    let clerks = amount <= portal.settings.staff.clerks_limit;
    caller.staff(Action::Refund, Resource::Sum { clerks })
}

/// Which bills would open again, and by how much. Nothing is stored.
pub async fn preview_refund(
    portal: &Shared,
    payment_id: PaymentId,
    request: &RefundRequest,
) -> Result<RefundPreview, Refusal> {
    let mut tx = portal.db.read().begin().await?;
    let payment = payments::find(&mut *tx, payment_id).await?.ok_or_else(Refusal::not_found)?;
    may_be_asked_for(portal, &payment, request)?;
    if dispute::is_open(&mut tx, payment_id).await? {
        return Err(disputed(payment_id));
    }
    let refundable = payment.refundable();
    if request.amount > refundable {
        return Err(exceeds(&payment));
    }
    let held = Held::of(&mut tx, &payment).await?;
    let query = sqlx::query(CREDIT).bind(payment.account_id.to_string());
    let credit_before = MinorUnits::new(query.fetch_one(&mut *tx).await?.try_get("credit")?);
    let given = held.give_back(request.amount);
    let lines = given.bills().into_iter().filter_map(|bill| {
        let stored = held.stored(bill.bill_id)?;
        Some(ReopenedLine {
            bill_id: bill.bill_id,
            bill_number: stored.applied.bill_number.clone(),
            period: stored.period,
            due_on: stored.applied.due_on,
            left_before: bill.before,
            amount: bill.amount,
            left_after: bill.after,
        })
    });
    Ok(RefundPreview {
        payment_id,
        amount: request.amount,
        currency: payment.currency,
        lines: lines.collect(),
        from_credit: given.from_credit,
        credit_before,
        credit_after: credit_before.less(given.from_credit),
        refundable_before: refundable,
        refundable_after: refundable.less(request.amount),
        by_hand: !is_by_gateway(portal, &payment),
    })
}

/// Gives back, or repeats the answer to the same request.
pub async fn refund(portal: &Shared, refunding: Refunding) -> Result<RefundOutcome, Refusal> {
    let command = Request { portal: portal.clone(), refunding, request: request_name() };
    let (refund, repeated) = match portal.db.write(command).await {
        Ok(Decision::Requested(refund)) => (*refund, false),
        Ok(Decision::Repeated(refund)) => (*refund, true),
        Ok(Decision::Refused(refusal)) => return Err(refusal),
        // Two requests with one key at once, for payments of two accounts.
        Err(error) if error.is_unique_violation() => return Err(key_reused()),
        Err(error) => return Err(error.into()),
    };
    portal.work.outbox.notify_one();
    if matches!(refund.state, RefundState::Created | RefundState::Unknown) {
        ask_gateway(portal, &refund, repeated).await?;
    }
    let refund = store::find_refund(portal.db.read(), refund.id).await?;
    Ok(RefundOutcome { refund: refund.ok_or_else(Refusal::not_found)?, repeated })
}

enum Decision {
    Requested(Box<RefundRecord>),
    Repeated(Box<RefundRecord>),
    Refused(Refusal),
}

struct Request {
    portal: Shared,
    refunding: Refunding,
    /// As the log names it.
    request: Option<String>,
}

impl Command for Request {
    type Reply = Decision;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Decision, DbError> {
        let Refunding { operator, payment_id, idempotency_key, request } = &self.refunding;
        let Some(account) = accounts::lock_for_payment(tx, *payment_id).await? else {
            return Ok(Decision::Refused(Refusal::not_found()));
        };
        if let Some(refund) = store::find_by_key(&mut *tx, operator, idempotency_key).await? {
            return Ok(if refund.request_hash == self.refunding.hash() {
                Decision::Repeated(Box::new(refund))
            } else {
                Decision::Refused(key_reused())
            });
        }
        let Some(payment) = payments::find(&mut *tx, *payment_id).await? else {
            return Ok(Decision::Refused(Refusal::not_found()));
        };
        if self.portal.book.is_halted() {
            return Ok(Decision::Refused(Refusal::books_halted()));
        }
        if let Err(refusal) = may_be_asked_for(&self.portal, &payment, request) {
            return Ok(Decision::Refused(refusal));
        }
        if dispute::is_open(tx, *payment_id).await? {
            return Ok(Decision::Refused(disputed(*payment_id)));
        }
        let by = Shift { refunding: request.amount.get(), ..Shift::default() };
        if !shift(tx, *payment_id, by).await? {
            return Ok(Decision::Refused(exceeds(&payment)));
        }
        let refund = self.insert(tx, &account, &payment).await?;
        Ok(Decision::Requested(Box::new(refund)))
    }
}

impl Request {
    async fn insert(
        &self,
        tx: &mut AnyConnection,
        account: &LockedAccount,
        payment: &PaymentRecord,
    ) -> Result<RefundRecord, DbError> {
        let portal = &self.portal;
        let now = portal.now();
        let (ms, chance) = portal.id_parts();
        let id = RefundId::from_parts(ms, &chance);
        let by_gateway = is_by_gateway(portal, payment);
        let refund = RefundRecord {
            id,
            payment_id: payment.id,
            account_id: account.id,
            requested_by: self.refunding.operator.clone(),
            idempotency_key: self.refunding.idempotency_key.clone(),
            request_hash: self.refunding.hash(),
            amount: self.refunding.request.amount,
            currency: payment.currency,
            reason: self.refunding.request.reason.clone(),
            state: RefundState::Created,
            gateway: by_gateway.then(|| payment.gateway.clone()),
            gateway_key: by_gateway.then(|| format!("pd_{id}_create")),
            gateway_ref: None,
            failure: None,
            requested_at: now,
            changed_at: now,
            // Should we stop between this commit and the gateway's answer.
            look_at: by_gateway.then(|| now.plus_minutes(1)),
            looks: 0,
            version: 0,
        };
        store::insert(tx, &refund).await?;
        trail::record(tx, &refund, &refund.requested_by, self.request.clone()).await?;
        if by_gateway {
            return Ok(refund);
        }
        // Staff have given it back themselves: it is done as soon as it is recorded.
        apply_event(tx, portal, account, refund, RefundEvent::PaidBack, None).await
    }
}

impl Refunding {
    /// The whole request, so that the same key with anything else in it is noticed.
    fn hash(&self) -> String {
        let RefundRequest { amount, currency, reason } = &self.request;
        let text = format!("{} {} {currency} {reason:?}", self.payment_id, amount.get());
        hex::encode(Sha256::digest(text.as_bytes()))
    }
}

/// Only what a gateway took can go back through it.
fn is_by_gateway(portal: &Portal, payment: &PaymentRecord) -> bool {
    payment.gateway == portal.gateway_name() && payment.gateway_ref.is_some()
}

fn may_be_asked_for(
    portal: &Portal,
    payment: &PaymentRecord,
    request: &RefundRequest,
) -> Result<(), Refusal> {
    if request.currency != payment.currency {
        let words = format!("This payment was in {0}. Give it back in {0}.", payment.currency);
        return Err(Refusal::unprocessable("currency-mismatch", words).at("#/currency"));
    }
    if !request.amount.is_positive() {
        let words = "A refund is an amount above zero.";
        return Err(Refusal::unprocessable("amount-invalid", words).at("#/amount"));
    }
    let reason = request.reason.as_deref().unwrap_or_default();
    if reason.chars().count() > LONGEST_REASON || reason.chars().any(char::is_control) {
        let words = "A reason is one line of at most 500 characters.";
        return Err(Refusal::unprocessable("text-invalid", words).at("#/reason"));
    }
    without_card_number(reason, "#/reason")?;
    if payment.state != PaymentState::Posted {
        let words = "This payment was not received, so there is nothing to give back.";
        return Err(Refusal::conflict("invalid-state", words).with_payment(payment.id));
    }
    if !is_by_gateway(portal, payment) {
        return Ok(());
    }
    askable(Money::new(request.amount, request.currency)).map_err(|why| {
        let words = match why {
            NotAskable::Currency => "The gateway counts this currency by other units.".to_owned(),
            NotAskable::LastDigit { lower, upper } => {
                let [lower, upper] =
                    [lower, upper].map(|amount| Money::new(amount, request.currency));
                format!("Refunds in {} end in a zero: {lower} or {upper}.", request.currency)
            }
        };
        Refusal::unprocessable("amount-invalid", words).at("#/amount")
    })
}

fn exceeds(payment: &PaymentRecord) -> Refusal {
    let most = Money::new(payment.refundable(), payment.currency);
    let words = match most.amount {
        MinorUnits::ZERO => "All of this payment went back already, or is on its way.".to_owned(),
        _ => format!("At most {most} of this payment can still go back."),
    };
    Refusal::unprocessable("exceeds-refundable", words).at("#/amount")
}

fn disputed(payment_id: PaymentId) -> Refusal {
    let words = "The payer's bank disputes this payment. Nothing of it can be refunded until the \
                 bank has decided.";
    Refusal::conflict("disputed", words).with_payment(payment_id)
}

fn key_reused() -> Refusal {
    let words = "This key was used before for another request.";
    Refusal::unprocessable("idempotency-key-reused", words).at("header:Idempotency-Key")
}
