//! News about a dispute: the book is brought to what the gateway says now.

use receivables::dispute::DisputeState;
use receivables::ids::{DisputeId, PaymentId};
use receivables::money::MinorUnits;
use receivables::payment::PaymentState;
use sqlx::AnyConnection;

use super::super::money_back::{Movement, Shift, post_back, post_return, shift};
use super::super::store::{self as payments, PaymentRecord};
use super::store::{self, DisputeRecord};
use super::trail;
use crate::accounts::{self, LockedAccount};
use crate::db::{Command, DbError};
use crate::gateway::{Funds, GatewayDispute};
use crate::ledger::PostingKind;
use crate::state::Shared;
use crate::work_list::{self, Matter, NewWorkItem, Thing, WorkKind};

/// What was done with a piece of news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DisputeNews {
    /// The dispute's state after it.
    Taken(DisputeState),
    /// It is not ours, or says what cannot be: nothing was changed.
    SetAside(&'static str),
    /// The payment it is about is not posted yet: to be brought again.
    NotYet,
    /// The book is halted: to be brought again when it is well.
    Waits,
}

/// The names of what posts a dispute, once each.
const WITHDRAWN: &str = "dispute_withdrawn";
const REINSTATED: &str = "dispute_reinstated";

/// Takes what the gateway says of a dispute now.
pub async fn take_dispute(portal: &Shared, told: &GatewayDispute) -> Result<DisputeNews, DbError> {
    if portal.book.is_halted() {
        return Ok(DisputeNews::Waits);
    }
    let Some(intent_ref) = &told.intent_ref else {
        return Ok(DisputeNews::SetAside("the dispute names no intent"));
    };
    let gateway = portal.gateway_name();
    let payment = payments::find_by_gateway_ref(portal.db.read(), gateway, intent_ref).await?;
    let Some(payment) = payment else {
        return Ok(DisputeNews::SetAside("the dispute is of no payment of ours"));
    };
    if payment.currency != told.currency {
        return Ok(DisputeNews::SetAside("the dispute is in another currency"));
    }
    let command = Take { portal: portal.clone(), payment_id: payment.id, told: told.clone() };
    portal.db.write(command).await
}

struct Take {
    portal: Shared,
    payment_id: PaymentId,
    told: GatewayDispute,
}

impl Command for Take {
    type Reply = DisputeNews;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<DisputeNews, DbError> {
        let gone = DisputeNews::SetAside("there is no such payment");
        let locked = accounts::lock_for_payment(tx, self.payment_id).await?;
        let Some(account) = locked else { return Ok(gone) };
        let Some(payment) = payments::find(&mut *tx, self.payment_id).await? else {
            return Ok(gone);
        };
        if payment.state != PaymentState::Posted {
            return Ok(DisputeNews::NotYet);
        }
        let dispute = self.known_or_new(tx, &payment).await?;
        if dispute.payment_id != payment.id {
            return Ok(DisputeNews::SetAside("the dispute is known of another payment"));
        }
        let Ok(next) = dispute.state.told(self.told.state) else {
            return Ok(DisputeNews::SetAside("the bank's decision was turned round"));
        };
        self.converge(tx, &account, &payment, dispute, next).await?;
        Ok(DisputeNews::Taken(next))
    }
}

impl Take {
    async fn known_or_new(
        &self,
        tx: &mut AnyConnection,
        payment: &PaymentRecord,
    ) -> Result<DisputeRecord, DbError> {
        let told = &self.told;
        let known = store::find_by_gateway_ref(&mut *tx, &payment.gateway, &told.gateway_ref);
        if let Some(known) = known.await? {
            return Ok(known);
        }
        let now = self.portal.now();
        let (ms, chance) = self.portal.id_parts();
        let dispute = DisputeRecord {
            id: DisputeId::from_parts(ms, &chance),
            payment_id: payment.id,
            account_id: payment.account_id,
            gateway: payment.gateway.clone(),
            gateway_ref: told.gateway_ref.clone(),
            state: DisputeState::Open,
            reason: told.reason.clone(),
            amount: told.amount,
            withdrawn: MinorUnits::ZERO,
            reinstated: MinorUnits::ZERO,
            opened_at: told.created.min(now),
            changed_at: now,
            version: 0,
        };
        store::insert(tx, &dispute).await?;
        trail::record(tx, &dispute, dispute.version).await?;
        Ok(dispute)
    }

    /// Money first by where the gateway says it is, each way once; then the bank's decision.
    async fn converge(
        &self,
        tx: &mut AnyConnection,
        account: &LockedAccount,
        payment: &PaymentRecord,
        mut dispute: DisputeRecord,
        next: DisputeState,
    ) -> Result<(), DbError> {
        let before = dispute.clone();
        if dispute.withdrawn.is_zero() {
            // What was never taken out of the book may still be corrected by the bank.
            dispute.amount = self.told.amount;
        }
        let portal = &self.portal;
        let movement = |kind, source, amount| Movement {
            kind,
            source,
            source_ref: dispute.id.to_string(),
            payment,
            amount,
        };
        let (mut withdrawn, mut reinstated) = (dispute.withdrawn, dispute.reinstated);
        // Also where it is back already: the book tells what happened, whatever was heard of it.
        if self.told.funds != Funds::NeverLeft && withdrawn.is_zero() {
            withdrawn = dispute.amount.min(payment.refundable());
            if withdrawn < dispute.amount {
                self.ask_about_the_rest(tx, &dispute).await?;
            }
            if withdrawn.is_positive() {
                let by = Shift { withdrawn: withdrawn.get(), ..Shift::default() };
                self.shift(tx, by).await?;
                let movement = movement(PostingKind::DisputeWithdrawn, WITHDRAWN, withdrawn);
                post_back(tx, portal, account, &movement).await?;
            }
        }
        let back = withdrawn.is_positive() && reinstated.is_zero();
        if self.told.funds == Funds::Reinstated && back {
            reinstated = withdrawn;
            let by = Shift { withdrawn: withdrawn.get().saturating_neg(), ..Shift::default() };
            self.shift(tx, by).await?;
            let movement = movement(PostingKind::DisputeReinstated, REINSTATED, reinstated);
            post_return(tx, portal, account, &movement, WITHDRAWN).await?;
        }
        (dispute.withdrawn, dispute.reinstated) = (withdrawn, reinstated);
        dispute.state = next;
        if dispute != before {
            dispute.changed_at = portal.now();
            store::change(tx, &dispute).await?;
            if dispute.state != before.state {
                trail::record(tx, &dispute, dispute.version + 1).await?;
            }
        }
        self.ask_a_person(tx, &dispute).await
    }

    /// An open dispute has to be answered in time; one that is decided needs nobody.
    async fn ask_a_person(
        &self,
        tx: &mut AnyConnection,
        dispute: &DisputeRecord,
    ) -> Result<(), DbError> {
        let matter = Matter::new(WorkKind::Disputed, Thing::GatewayDispute, &dispute.gateway_ref);
        let now = self.portal.now();
        if dispute.state != DisputeState::Open {
            work_list::close(tx, &matter, dispute.state.code(), now).await?;
            return Ok(());
        }
        let why = "The payer's bank disputes a payment. Answer it in the gateway's dashboard \
                   before its day is over."
            .to_owned();
        let (id, account_id) = (self.portal.work_item_id(), Some(dispute.account_id));
        work_list::open(tx, &NewWorkItem { id, matter, account_id, why, now }).await?;
        Ok(())
    }

    async fn ask_about_the_rest(
        &self,
        tx: &mut AnyConnection,
        dispute: &DisputeRecord,
    ) -> Result<(), DbError> {
        let thing = Thing::GatewayDispute;
        let matter = Matter::new(WorkKind::MoneyWentBack, thing, &dispute.gateway_ref);
        let why = "The payer's bank took more than this payment still holds; the rest is not in \
                   the book."
            .to_owned();
        let (id, now) = (self.portal.work_item_id(), self.portal.now());
        let account_id = Some(dispute.account_id);
        work_list::open(tx, &NewWorkItem { id, matter, account_id, why, now }).await?;
        Ok(())
    }

    async fn shift(&self, tx: &mut AnyConnection, by: Shift) -> Result<(), DbError> {
        if shift(tx, self.payment_id, by).await? {
            return Ok(());
        }
        Err(DbError::inconsistent("payment", "withdrawn", self.payment_id))
    }
}
