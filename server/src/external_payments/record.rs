//! Recording one payment that reached the biller outside the portal: allocated by the order,
//! the rest on account, with a receipt like any other.

use receivables::account_balance::AccountBalance;
use receivables::allocation::{
    DirectedAmount, Direction, PaymentRules, Preview, PreviewLine, RestOfDirection, next_due,
};
use receivables::calendar::{CivilDate, Micros};
use receivables::ids::{AccountId, ApplicationId, BillId, PaymentId, PostingId};
use receivables::money::MinorUnits;
use receivables::open_item::Standing;
use receivables::payment::PaymentState;
use receivables::receipt::{Receipt, ReceiptLine};
use receivables::tender::Tender;
use sqlx::AnyConnection;
use thiserror::Error;

use crate::accounts::{self, LockedAccount};
use crate::bills;
use crate::clock::{Chance, ten_bytes, unix_ms};
use crate::db::DbError;
use crate::ledger::{
    self, Appended, BookAccount, NewApplication, NewEntry, NewPosting, PostingKind,
};
use crate::payments::{AccountView, PaymentRecord, record_posted, view_in};
use crate::receipts;

#[derive(Clone, Debug)]
pub struct ExternalPayment {
    pub id: PaymentId,
    pub account_id: AccountId,
    pub amount: MinorUnits,
    pub tender: Tender,
    pub received_on: CivilDate,
    /// An instant of that day in the biller's zone.
    pub received_at: Micros,
    /// Who says so, and by which reference of theirs: posts once.
    pub source: &'static str,
    pub source_ref: String,
}

/// What a receipt says beside the money.
#[derive(Clone, Copy, Debug)]
pub struct Recording<'a> {
    pub rules: PaymentRules,
    pub biller_name: &'a str,
    pub demo: bool,
    pub now: Micros,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ExternalPaymentRefusal {
    #[error("there is no such account")]
    UnknownAccount,
    #[error("the amount is not more than zero")]
    NotPositive,
}

/// Posts the payment. One whose source posted before fails the transaction.
pub async fn record_external_payment(
    tx: &mut AnyConnection,
    payment: &ExternalPayment,
    recording: Recording<'_>,
    chance: &dyn Chance,
) -> Result<Result<(), ExternalPaymentRefusal>, DbError> {
    record_for_bill(tx, payment, None, recording, chance).await
}

/// The same for a payment that came for one bill. What does not fit there follows the order.
pub(super) async fn record_for_bill(
    tx: &mut AnyConnection,
    payment: &ExternalPayment,
    for_bill: Option<BillId>,
    recording: Recording<'_>,
    chance: &dyn Chance,
) -> Result<Result<(), ExternalPaymentRefusal>, DbError> {
    if !payment.amount.is_positive() {
        return Ok(Err(ExternalPaymentRefusal::NotPositive));
    }
    let Some(account) = accounts::lock(tx, payment.account_id).await? else {
        return Ok(Err(ExternalPaymentRefusal::UnknownAccount));
    };
    let view = view_in(tx, &account, &recording.rules, payment.received_on).await?;
    let direction = direction(&view, for_bill, payment.amount);
    let split = view.preview_of_received(payment.amount, &direction);
    let split = split.map_err(|_| DbError::inconsistent("payment", "amount", payment.id))?;
    let by = ByWhom { started_by: payment.source, direction: &direction };
    let (account, view, split) = (&account, &view, &split);
    let to_post = ToPost { account, view, payment, split, by, recording };
    post(tx, to_post, chance).await.map(|_| Ok(()))
}

/// To the bill it came for, as much as it takes.
fn direction(view: &AccountView, for_bill: Option<BillId>, amount: MinorUnits) -> Direction {
    let named = view.items.iter().filter(|item| Some(item.bill_id) == for_bill);
    let bills = named
        .filter(|item| item.standing == Standing::Issued && item.available().is_positive())
        .map(|item| {
            let amount = item.available().min(amount);
            DirectedAmount { bill_id: item.bill_id, amount }
        });
    Direction { bills: bills.collect(), rest: RestOfDirection::FollowsOrder }
}

/// Who recorded it, and which bills the payer named.
#[derive(Clone, Copy, Debug)]
pub(super) struct ByWhom<'a> {
    pub started_by: &'a str,
    pub direction: &'a Direction,
}

/// A payment and its split, worked out under the account's lock.
#[derive(Clone, Copy)]
pub(super) struct ToPost<'a> {
    pub account: &'a LockedAccount,
    pub view: &'a AccountView,
    pub payment: &'a ExternalPayment,
    pub split: &'a Preview,
    pub by: ByWhom<'a>,
    pub recording: Recording<'a>,
}

/// Writes the payment, posts it and numbers its receipt.
pub(super) async fn post(
    tx: &mut AnyConnection,
    to_post: ToPost<'_>,
    chance: &dyn Chance,
) -> Result<Receipt, DbError> {
    let ToPost { account, view, payment, split, recording, .. } = to_post;
    record_posted(tx, &[record(&to_post)]).await?;
    let posting = posting(account, payment, split, recording.now, chance);
    if ledger::append(tx, &posting).await? == Appended::Before {
        return Err(DbError::inconsistent("posting", "source_ref", &payment.source_ref));
    }
    let (id, on) = (account.id, payment.received_on);
    bills::settle_applications(tx, id, posting.id, on, split.lines.len()).await?;
    let receipts_issued = accounts::count_receipt(tx, id, split.credit_added).await?;
    let number = format!("R-{}-{receipts_issued:04}", account.number);
    let receipt = receipt(number, account, payment, view, split, recording);
    receipts::issue(tx, &receipt, recording.now).await?;
    Ok(receipt)
}

fn record(to_post: &ToPost<'_>) -> PaymentRecord {
    let ToPost { account, payment, split, by, recording, .. } = *to_post;
    let now = recording.now;
    PaymentRecord {
        id: payment.id,
        account_id: account.id,
        started_by: by.started_by.to_owned(),
        session_hash: None,
        idempotency_key: payment.source_ref.clone(),
        request_hash: split.fingerprint.as_str().to_owned(),
        amount: payment.amount,
        currency: account.currency,
        tender: payment.tender,
        method: None,
        direction: by.direction.clone(),
        preview: split.clone(),
        state: PaymentState::Posted,
        decline: None,
        gateway: payment.source.to_owned(),
        gateway_ref: Some(payment.source_ref.clone()),
        received: payment.amount,
        refunded: MinorUnits::ZERO,
        refunding: MinorUnits::ZERO,
        withdrawn: MinorUnits::ZERO,
        started_at: payment.received_at,
        expires_at: payment.received_at,
        changed_at: now,
        look_at: None,
        looks: 0,
        asked_at: payment.received_at,
        version: 0,
    }
}

fn posting(
    account: &LockedAccount,
    payment: &ExternalPayment,
    split: &Preview,
    now: Micros,
    chance: &dyn Chance,
) -> NewPosting {
    let minus = |amount: MinorUnits| MinorUnits::new(amount.get().saturating_neg());
    let entry = |book_account, bill_id, amount| NewEntry { book_account, bill_id, amount };
    let clearing = BookAccount::Clearing(payment.tender.code().to_owned());
    let mut entries = vec![entry(clearing, None, payment.amount)];
    let lines = split.lines.iter();
    entries.extend(
        lines.map(|line| entry(BookAccount::Receivable, Some(line.bill_id), minus(line.amount))),
    );
    if split.credit_added.is_positive() {
        entries.push(entry(BookAccount::CreditOnAccount, None, minus(split.credit_added)));
    }
    let application = |line: &PreviewLine| NewApplication {
        id: ApplicationId::from_parts(unix_ms(now), &ten_bytes(chance)),
        bill_id: line.bill_id,
        amount: line.amount,
        reverses: None,
        reason: line.reason,
    };
    NewPosting {
        id: PostingId::from_parts(unix_ms(now), &ten_bytes(chance)),
        account_id: account.id,
        kind: PostingKind::PaymentReceived,
        source: payment.source.to_owned(),
        source_ref: payment.source_ref.clone(),
        payment_id: Some(payment.id),
        adjustment_id: None,
        effective_on: payment.received_on,
        recorded_at: now,
        currency: account.currency,
        entries,
        applications: split.lines.iter().map(application).collect(),
    }
}

fn receipt(
    number: String,
    account: &LockedAccount,
    payment: &ExternalPayment,
    view: &AccountView,
    split: &Preview,
    recording: Recording<'_>,
) -> Receipt {
    let mut after = view.items.clone();
    let mut lines = Vec::with_capacity(split.lines.len());
    for line in &split.lines {
        let item = after.iter_mut().find(|item| item.bill_id == line.bill_id);
        let Some(item) = item else { continue };
        let left_before = item.open;
        item.open = item.open.less(line.amount);
        lines.push(ReceiptLine {
            bill_id: line.bill_id,
            bill_number: line.bill_number.clone(),
            period: line.period,
            due_on: line.due_on,
            bill_total: item.total,
            left_before,
            amount: line.amount,
            left_to_pay: item.open,
            reason: line.reason,
        });
    }
    let balance = AccountBalance::of(&after, view.today);
    Receipt {
        number,
        payment_id: payment.id,
        account_id: account.id,
        account_number: account.number.clone(),
        account_name: account.name.clone(),
        biller_name: recording.biller_name.to_owned(),
        paid_on: payment.received_on,
        amount: payment.amount,
        currency: account.currency,
        tender: payment.tender,
        method: None,
        lines,
        credit_on_account: split.credit_added,
        left_to_pay: balance.owed,
        past_due: balance.past_due,
        next_due: next_due(&after, view.today),
        differs_from_preview: false,
        refunded: MinorUnits::ZERO,
        withdrawn: MinorUnits::ZERO,
        demo: recording.demo,
    }
}
