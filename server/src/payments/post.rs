//! Posting: the one place where money is posted, for every tender.
//!
//! One transaction: lock the account, allocate what was *received* (as previewed where that
//! still fits, else by the order), append the entries and applications, number the receipt,
//! write the outbox rows. Exactly once, by the unique key on (source, source_ref).

use receivables::account_balance::AccountBalance;
use receivables::allocation::{Allocation, AllocationLine, allocate, next_due};
use receivables::calendar::{CivilDate, Micros};
use receivables::ids::{ApplicationId, PaymentId, PostingId};
use receivables::money::{Currency, MinorUnits};
use receivables::open_item::OpenItem;
use receivables::payment::{PaymentEvent, PaymentState};
use receivables::receipt::{Receipt, ReceiptLine};
use receivables::tender::Tender;
use sqlx::AnyConnection;

use super::looks::{self, Looked};
use super::preview::{AccountView, view_in};
use super::reservations;
use super::store::{self, PaymentRecord};
use crate::accounts::{self, LockedAccount};
use crate::backend;
use crate::bills;
use crate::db::{Command, DbError};
use crate::ledger::{
    self, Appended, BookAccount, NewApplication, NewEntry, NewPosting, PostingKind,
};
use crate::outbox;
use crate::receipts;
use crate::state::Shared;

/// Money that has arrived, as whoever received it says. Never a bill's total.
#[derive(Clone, Debug)]
pub struct Received {
    pub payment_id: PaymentId,
    /// The gateway's own reference: posts once, whatever brings the news.
    pub gateway_ref: String,
    pub amount: MinorUnits,
    pub currency: Currency,
    pub tender: Tender,
    /// `Visa 4242`.
    pub method: Option<String>,
    pub effective_on: CivilDate,
}

/// What became of received money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostOutcome {
    Posted,
    PostedBefore,
    /// The book is broken: nothing was posted, and the same may be asked again when it is well.
    Halted,
    /// Not ours, or not what was agreed: nothing was posted, a person has to look.
    Mismatch(&'static str),
}

/// The command behind [`post`].
pub(super) struct Post {
    pub portal: Shared,
    pub received: Received,
}

/// Posts money that was received for a payment.
pub async fn post(portal: &Shared, received: Received) -> Result<PostOutcome, DbError> {
    if portal.book.is_halted() {
        return Ok(PostOutcome::Halted);
    }
    let outcome = portal.db.write(Post { portal: portal.clone(), received }).await?;
    if outcome == PostOutcome::Posted {
        portal.work.outbox.notify_one();
    }
    Ok(outcome)
}

impl Command for Post {
    type Reply = PostOutcome;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<PostOutcome, DbError> {
        let payment_id = self.received.payment_id;
        let Some(account) = accounts::lock_for_payment(tx, payment_id).await? else {
            return Ok(PostOutcome::Mismatch("there is no such payment"));
        };
        // Read under the lock: another bearer of the same news may have posted it.
        let Some((payment, payer)) = store::find_with_payer(&mut *tx, payment_id).await? else {
            return Ok(PostOutcome::Mismatch("there is no such payment"));
        };
        if payment.state == PaymentState::Posted {
            return Ok(PostOutcome::PostedBefore);
        }
        if let Some(difference) = self.received.differs_from(&payment) {
            return Ok(PostOutcome::Mismatch(difference));
        }
        if payment.gateway_ref.is_none() {
            let (gateway, gateway_ref) = (&payment.gateway, &self.received.gateway_ref);
            if store::find_by_gateway_ref(&mut *tx, gateway, gateway_ref).await?.is_some() {
                return Ok(PostOutcome::Mismatch("received for another payment"));
            }
        }
        self.post(tx, account, payment, payer).await
    }
}

impl Received {
    fn differs_from(&self, payment: &PaymentRecord) -> Option<&'static str> {
        if self.currency != payment.currency {
            return Some("received in another currency");
        }
        if !self.amount.is_positive() {
            return Some("nothing was received");
        }
        if payment.gateway_ref.as_ref().is_some_and(|known| *known != self.gateway_ref) {
            return Some("received under another reference");
        }
        None
    }
}

impl Post {
    async fn post(
        &self,
        tx: &mut AnyConnection,
        account: LockedAccount,
        mut payment: PaymentRecord,
        payer: Option<String>,
    ) -> Result<PostOutcome, DbError> {
        let received = &self.received;
        let now = self.portal.now();
        let event = PaymentEvent::MoneyReceived;
        let Ok(state) = payment.state.on(event) else {
            return Ok(PostOutcome::Mismatch("the payment takes no money in its state"));
        };
        reservations::release(tx, payment.id).await?;
        let rules = self.portal.settings.payment_rules(account.currency);
        let view = view_in(tx, &account, &rules, self.portal.today()).await?;
        let allocation = split(&view, &payment, received.amount);

        let posting = self.posting(&payment, &account, &allocation, now);
        if ledger::append(tx, &posting).await? == Appended::Before {
            // The reference is no other payment's, and this one is not posted: a broken book.
            return Err(DbError::inconsistent("posting", "source_ref", &posting.source_ref));
        }
        let bills = allocation.lines.len();
        let on = received.effective_on;
        bills::settle_applications(tx, account.id, posting.id, on, bills).await?;
        let receipts_issued =
            accounts::count_receipt(tx, account.id, allocation.credit_on_account).await?;
        let receipt = self.receipt(&payment, &account, &view, &allocation, receipts_issued);
        receipts::issue(tx, &receipt, now).await?;

        let had_looked = Looked::at(&payment);
        payment.state = state;
        payment.received = received.amount;
        payment.gateway_ref = Some(received.gateway_ref.clone());
        payment.tender = received.tender;
        payment.method = received.method.clone();
        payment.decline = None;
        payment.changed_at = now;
        payment.look_at = None;
        store::change(tx, &payment, event).await?;
        looks::take_off(tx, &payment, had_looked, now).await?;
        let mut messages = receipts::letters(tx, &self.portal, &receipt, payer, now).await?;
        messages.push(backend::write_back(&self.portal, &receipt, now));
        outbox::enqueue_all(tx, &messages, now).await?;
        Ok(PostOutcome::Posted)
    }

    fn posting(
        &self,
        payment: &PaymentRecord,
        account: &LockedAccount,
        allocation: &Allocation,
        now: Micros,
    ) -> NewPosting {
        let mut entries = vec![NewEntry {
            book_account: BookAccount::Clearing(payment.gateway.clone()),
            bill_id: None,
            amount: self.received.amount,
        }];
        let credit = |amount: MinorUnits| MinorUnits::new(amount.get().saturating_neg());
        for line in &allocation.lines {
            entries.push(NewEntry {
                book_account: BookAccount::Receivable,
                bill_id: Some(line.bill_id),
                amount: credit(line.amount),
            });
        }
        if allocation.credit_on_account.is_positive() {
            entries.push(NewEntry {
                book_account: BookAccount::CreditOnAccount,
                bill_id: None,
                amount: credit(allocation.credit_on_account),
            });
        }
        let id = |parts: (u64, [u8; 10])| ApplicationId::from_parts(parts.0, &parts.1);
        let applications = allocation.lines.iter().map(|line| NewApplication {
            id: id(self.portal.id_parts()),
            bill_id: line.bill_id,
            amount: line.amount,
            reverses: None,
            reason: line.reason,
        });
        let (ms, chance) = self.portal.id_parts();
        NewPosting {
            id: PostingId::from_parts(ms, &chance),
            account_id: account.id,
            kind: PostingKind::PaymentReceived,
            source: payment.gateway.clone(),
            source_ref: self.received.gateway_ref.clone(),
            payment_id: Some(payment.id),
            adjustment_id: None,
            effective_on: self.received.effective_on,
            recorded_at: now,
            currency: account.currency,
            entries,
            applications: applications.collect(),
        }
    }

    fn receipt(
        &self,
        payment: &PaymentRecord,
        account: &LockedAccount,
        view: &AccountView,
        allocation: &Allocation,
        receipts_issued: i64,
    ) -> Receipt {
        let received = &self.received;
        let after = items_after(&view.items, &allocation.lines);
        let balance = AccountBalance::of(&after, view.today);
        let line = |line: &AllocationLine| {
            let item = view.items.iter().find(|item| item.bill_id == line.bill_id)?;
            Some(ReceiptLine {
                bill_id: line.bill_id,
                bill_number: item.bill_number.clone(),
                period: view.period_of(line.bill_id),
                due_on: item.due_on,
                bill_total: item.total,
                left_before: item.open,
                amount: line.amount,
                left_to_pay: item.open.less(line.amount),
                reason: line.reason,
            })
        };
        Receipt {
            number: format!("R-{}-{receipts_issued:04}", account.number),
            payment_id: payment.id,
            account_id: account.id,
            account_number: account.number.clone(),
            account_name: account.name.clone(),
            biller_name: self.portal.settings.biller.name.clone(),
            paid_on: received.effective_on,
            amount: received.amount,
            currency: received.currency,
            tender: received.tender,
            method: received.method.clone(),
            lines: allocation.lines.iter().filter_map(line).collect(),
            credit_on_account: allocation.credit_on_account,
            left_to_pay: balance.owed,
            past_due: balance.past_due,
            next_due: next_due(&after, view.today),
            differs_from_preview: !same_split(allocation, payment),
            refunded: MinorUnits::ZERO,
            withdrawn: MinorUnits::ZERO,
            demo: self.portal.is_demo(),
        }
    }
}

/// As previewed where that still fits, else by the payer's direction and the order.
fn split(view: &AccountView, payment: &PaymentRecord, received: MinorUnits) -> Allocation {
    let preview = &payment.preview;
    if received == preview.amount {
        let lines: Option<Vec<AllocationLine>> = preview
            .lines
            .iter()
            .map(|line| {
                let item = view.items.iter().find(|item| item.bill_id == line.bill_id)?;
                let (bill_id, before, amount) = (line.bill_id, item.available(), line.amount);
                (amount <= before).then(|| {
                    let (after, reason) = (before.less(amount), line.reason);
                    AllocationLine { bill_id, before, amount, after, reason }
                })
            })
            .collect();
        if let Some(lines) = lines {
            return Allocation { lines, credit_on_account: preview.credit_added };
        }
    }
    allocate(view.rules.order, &view.items, received, &payment.direction, view.today)
}

fn same_split(allocation: &Allocation, payment: &PaymentRecord) -> bool {
    let preview = &payment.preview;
    let previewed = preview.lines.iter().map(|line| (line.bill_id, line.amount));
    let posted = allocation.lines.iter().map(|line| (line.bill_id, line.amount));
    previewed.eq(posted) && allocation.credit_on_account == preview.credit_added
}

fn items_after(items: &[OpenItem], lines: &[AllocationLine]) -> Vec<OpenItem> {
    let mut after = items.to_vec();
    for item in &mut after {
        if let Some(line) = lines.iter().find(|line| line.bill_id == item.bill_id) {
            item.open = item.open.less(line.amount);
        }
    }
    after
}
