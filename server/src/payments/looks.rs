//! When the sweep looks at a payment again, and when a person is asked to.
//!
//! Each state in flight has a plan. After its last look the payment is put on the work list;
//! from then on it is looked at weekly, for a quarter of a year, and then no more by the sweep.
//! A webhook, a waiting payer or a person still resolves it, and that takes it off the list.

use receivables::calendar::Micros;
use receivables::ids::{AccountId, PaymentId, WorkItemId};
use receivables::payment::PaymentState;
use sqlx::{AnyConnection, Row};

use super::store::PaymentRecord;
use crate::db::{Command, DbError};
use crate::work_list::{self, Matter, NewWorkItem, Thing, WorkKind};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

const UNKNOWN: &[i64] = &[5 * MINUTE, HOUR, DAY, DAY, DAY, DAY, DAY];
/// A week of days: a bank debit may take five working days.
const PROCESSING: &[i64] = &[HOUR, DAY, DAY, DAY, DAY, DAY, DAY, DAY];
/// The first look is when time is up; more follow only while the gateway does not confirm.
const AWAITING_PAYER: &[i64] = &[MINUTE, MINUTE, 5 * MINUTE, HOUR, DAY, DAY, DAY, DAY, DAY];
/// Should we have stopped between the commit and the gateway's answer.
const CREATED: &[i64] = &[MINUTE, 5 * MINUTE, HOUR, DAY, DAY, DAY, DAY, DAY];

/// When a payment is looked at again that could not be looked at now.
const PUT_OFF: i64 = 10 * MINUTE;

const PUT_OFF_LOOK: &str = "
update payment set looks = looks + 1, look_at = $2 where id = $1 and look_at is not null
returning account_id, state, looks";

const PUT_OFF_FOR_LONG: &str = "
update payment set look_at = $2 where id = $1";

pub(super) const SQL: &[&str] = &[PUT_OFF_LOOK, PUT_OFF_FOR_LONG];

const WEEK: i64 = 7 * DAY;
const WEEKLY_LOOKS: usize = 12;

/// The waits before each planned look.
const fn plan(state: PaymentState) -> &'static [i64] {
    match state {
        PaymentState::Unknown => UNKNOWN,
        PaymentState::Processing => PROCESSING,
        PaymentState::AwaitingPayer => AWAITING_PAYER,
        PaymentState::Created => CREATED,
        PaymentState::Posted
        | PaymentState::Failed
        | PaymentState::Cancelled
        | PaymentState::Expired => &[],
    }
}

/// The next look at a payment that has had `looks` in this state; none when the sweep is done.
pub(super) fn next_look(payment: &PaymentRecord, now: Micros) -> Option<Micros> {
    if payment.state.is_final() {
        return None;
    }
    let plan = plan(payment.state);
    let done = usize::try_from(payment.looks).unwrap_or(usize::MAX);
    let at = match plan.get(done) {
        Some(wait) => now.plus_seconds(*wait),
        None if done < plan.len() + WEEKLY_LOOKS => now.plus_seconds(WEEK),
        None => return None,
    };
    let waits_for_payer = payment.state == PaymentState::AwaitingPayer && done == 0;
    Some(if waits_for_payer { at.max(payment.expires_at) } else { at })
}

/// How often a payment was looked at in which state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Looked {
    state: PaymentState,
    looks: i64,
}

impl Looked {
    pub const fn at(payment: &PaymentRecord) -> Self {
        Self { state: payment.state, looks: payment.looks }
    }

    /// Has the last planned look been taken without a clear end?
    pub fn waits_for_a_person(self) -> bool {
        let planned = i64::try_from(plan(self.state).len()).unwrap_or(i64::MAX);
        self.state.is_in_flight() && self.looks >= planned
    }

    async fn ask_a_person(
        self,
        tx: &mut AnyConnection,
        payment_id: PaymentId,
        account_id: AccountId,
        item_id: WorkItemId,
        now: Micros,
    ) -> Result<(), DbError> {
        if self.waits_for_a_person() {
            let matter = Matter::new(self.kind(), Thing::Payment, payment_id);
            let (account_id, why) = (Some(account_id), self.why().to_owned());
            work_list::open(tx, &NewWorkItem { id: item_id, matter, account_id, why, now }).await?;
        }
        Ok(())
    }

    const fn kind(self) -> WorkKind {
        match self.state {
            PaymentState::Processing => WorkKind::PaymentSlow,
            _ => WorkKind::PaymentUnclear,
        }
    }

    const fn why(self) -> &'static str {
        match self.state {
            PaymentState::Processing => {
                "The bank has been confirming this payment for over a week. Look at it in the \
                 gateway's dashboard."
            }
            PaymentState::AwaitingPayer => {
                "This payment's time is up and the gateway does not confirm that it is \
                 cancelled. Look at it in the gateway's dashboard."
            }
            _ => {
                "The gateway gives no clear answer about this payment, so its bills stay \
                 reserved. Look for it in the gateway's dashboard."
            }
        }
    }
}

/// Puts a payment on the work list when its planned looks are over, and takes it off when it has
/// moved on. Call it in the transaction that changed the payment.
pub(super) async fn keep_list(
    tx: &mut AnyConnection,
    payment: &PaymentRecord,
    was: Looked,
    item_id: WorkItemId,
    now: Micros,
) -> Result<(), DbError> {
    take_off(tx, payment, was, now).await?;
    Looked::at(payment).ask_a_person(tx, payment.id, payment.account_id, item_id, now).await
}

/// Takes a payment off the work list that has moved on from where it was listed.
pub(super) async fn take_off(
    tx: &mut AnyConnection,
    payment: &PaymentRecord,
    was: Looked,
    now: Micros,
) -> Result<(), DbError> {
    if was.waits_for_a_person() && was.state != payment.state {
        let matter = Matter::new(was.kind(), Thing::Payment, payment.id);
        let ending = format!("resolved: the payment is {}", payment.state.code());
        work_list::close(tx, &matter, &ending, now).await?;
    }
    Ok(())
}

/// Puts the next look at a payment off, whatever it was that went wrong with this one. The
/// payment itself is not read: it may be what cannot be read.
pub struct PutOff {
    pub id: PaymentId,
    pub item_id: WorkItemId,
    pub now: Micros,
}

impl Command for PutOff {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        let id = self.id.to_string();
        let soon = self.now.plus_seconds(PUT_OFF);
        let query = sqlx::query(PUT_OFF_LOOK).bind(&id).bind(soon.0);
        let Some(row) = query.fetch_optional(&mut *tx).await? else { return Ok(()) };
        let wrong = |column| DbError::inconsistent("payment", column, &id);
        let account_id = AccountId::parse(row.try_get("account_id")?);
        let account_id = account_id.map_err(|_| wrong("account_id"))?;
        let state = PaymentState::parse(row.try_get("state")?).ok_or_else(|| wrong("state"))?;
        let looked = Looked { state, looks: row.try_get("looks")? };
        if looked.waits_for_a_person() {
            let in_a_week = self.now.plus_seconds(WEEK);
            sqlx::query(PUT_OFF_FOR_LONG).bind(&id).bind(in_a_week.0).execute(&mut *tx).await?;
        }
        looked.ask_a_person(tx, self.id, account_id, self.item_id, self.now).await
    }
}
