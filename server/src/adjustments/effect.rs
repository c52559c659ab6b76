//! What an adjustment does to its bill and to the account's credit, and the posting that does it.

use receivables::api::corrections::AdjustmentKind;
use receivables::ids::{BillId, PostingId};
use receivables::money::MinorUnits;
use receivables::moves::BillChange;
use receivables::open_item::{OpenItem, Standing};
use sqlx::{AnyConnection, Row};

use super::store::AdjustmentRecord;
use crate::accounts::{self, LockedAccount};
use crate::bills;
use crate::clock::{ten_bytes, unix_ms};
use crate::db::DbError;
use crate::ledger::{self, BookAccount, NewEntry, NewPosting, PostingKind};
use crate::problem::Refusal;
use crate::state::Portal;

/// What credit notes took off a bill, less what was taken back.
const CREDITED: &str = "
select coalesce(cast(sum(amount) as bigint), 0) from adjustment
where bill_id = $1 and kind = 'credit_note' and state = 'posted'";

/// What the adjustment's posting did, per book account.
const POSTED: &str = "
select e.book_account, e.bill_id, e.amount
from posting x join entry e on e.posting_id = x.id
where x.adjustment_id = $1 and x.kind in ('credit_note', 'write_off')";

const CREDIT_LEFT: &str = "
select coalesce(cast(sum(-e.amount) as bigint), 0)
from posting x join entry e on e.posting_id = x.id
where x.adjustment_id = $1 and e.book_account = 'credit_on_account'";

pub(super) const SQL: &[&str] = &[CREDITED, POSTED, CREDIT_LEFT];

/// Signed: a reversal does the opposite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    pub bill: Option<BillChange>,
    /// What is added to the account's credit.
    pub credit_added: MinorUnits,
}

fn minus(amount: MinorUnits) -> MinorUnits {
    MinorUnits::new(amount.get().saturating_neg())
}

/// What posting it would do now, under the account's lock.
pub async fn effect_of(
    tx: &mut AnyConnection,
    adjustment: &AdjustmentRecord,
) -> Result<Result<Effect, Refusal>, DbError> {
    let Some(bill_id) = adjustment.bill_id else {
        let credit_added = adjustment.amount;
        return Ok(match adjustment.kind {
            AdjustmentKind::CreditNote => Ok(Effect { bill: None, credit_added }),
            AdjustmentKind::WriteOff => Err(not_of_a_bill()),
        });
    };
    let Some(stored) = bills::find_item(&mut *tx, adjustment.account_id, bill_id).await? else {
        return Ok(Err(unknown_bill()));
    };
    let item = stored.item;
    let open = still_open(&item);
    match adjustment.kind {
        AdjustmentKind::WriteOff if adjustment.amount > open => Ok(Err(more_than(open))),
        AdjustmentKind::WriteOff => Ok(Ok(effect(&item, adjustment.amount, adjustment.amount))),
        AdjustmentKind::CreditNote => {
            let query = sqlx::query(CREDITED).bind(bill_id.to_string());
            let credited = MinorUnits::new(query.fetch_one(&mut *tx).await?.try_get(0)?);
            let can_be_credited = item.total.less(credited);
            if adjustment.amount > can_be_credited || item.standing == Standing::Cancelled {
                return Ok(Err(more_than(can_be_credited)));
            }
            Ok(Ok(effect(&item, adjustment.amount, adjustment.amount.min(open))))
        }
    }
}

/// What nobody is paying just now; a bill on hold can be credited or given up as well.
fn still_open(item: &OpenItem) -> MinorUnits {
    match item.standing {
        Standing::Issued | Standing::InDispute => item.open.less(item.in_flight),
        Standing::Cancelled | Standing::WrittenOff | Standing::Draft => MinorUnits::ZERO,
    }
}

fn effect(item: &OpenItem, amount: MinorUnits, off_the_bill: MinorUnits) -> Effect {
    let bill = BillChange {
        bill_id: item.bill_id,
        bill_number: item.bill_number.clone(),
        before: item.open,
        change: minus(off_the_bill),
        after: item.open.less(off_the_bill),
    };
    Effect { bill: Some(bill), credit_added: amount.less(off_the_bill) }
}

/// What taking it back would do now. Credit that was spent since cannot be taken back.
pub async fn reversal_of(
    tx: &mut AnyConnection,
    adjustment: &AdjustmentRecord,
) -> Result<Result<Effect, Refusal>, DbError> {
    let key = adjustment.id.to_string();
    let mut undone = Effect { bill: None, credit_added: MinorUnits::ZERO };
    for row in sqlx::query(POSTED).bind(&key).fetch_all(&mut *tx).await? {
        let amount = MinorUnits::new(row.try_get("amount")?);
        match row.try_get::<String, _>("book_account")?.as_str() {
            "receivable" => undone.bill = bill_change(tx, adjustment, minus(amount)).await?,
            "credit_on_account" => undone.credit_added = amount,
            _ => {}
        }
    }
    let query = sqlx::query(CREDIT_LEFT).bind(&key);
    let left = MinorUnits::new(query.fetch_one(&mut *tx).await?.try_get(0)?);
    if left < minus(undone.credit_added) {
        let words = "Its credit has settled other bills since. Credit or charge those instead.";
        return Ok(Err(Refusal::conflict("credit-spent", words)));
    }
    Ok(Ok(undone))
}

async fn bill_change(
    tx: &mut AnyConnection,
    adjustment: &AdjustmentRecord,
    change: MinorUnits,
) -> Result<Option<BillChange>, DbError> {
    let Some(bill_id) = adjustment.bill_id else { return Ok(None) };
    let stored = bills::find_item(&mut *tx, adjustment.account_id, bill_id).await?;
    let item = stored.ok_or_else(|| DbError::inconsistent("bill", "id", bill_id))?.item;
    Ok(Some(BillChange {
        bill_id,
        bill_number: item.bill_number,
        before: item.open,
        change,
        after: item.open.plus_at_most_max(change),
    }))
}

/// Posts an effect, or the reversal of one.
pub async fn post(
    tx: &mut AnyConnection,
    portal: &Portal,
    account: &LockedAccount,
    adjustment: &AdjustmentRecord,
    kind: PostingKind,
    effect: &Effect,
) -> Result<(), DbError> {
    let (now, today) = (portal.now(), portal.today());
    let id = PostingId::from_parts(unix_ms(now), &ten_bytes(portal.chance.as_ref()));
    let entries = entries(adjustment.kind, effect);
    let posting = NewPosting {
        id,
        account_id: account.id,
        kind,
        source: kind.code().to_owned(),
        source_ref: adjustment.id.to_string(),
        payment_id: None,
        adjustment_id: Some(adjustment.id),
        effective_on: today,
        recorded_at: now,
        currency: account.currency,
        entries,
        applications: Vec::new(),
    };
    if ledger::append(tx, &posting).await? == ledger::Appended::Before {
        return Err(DbError::inconsistent("posting", "source_ref", adjustment.id));
    }
    let touched = usize::from(effect.bill.as_ref().is_some_and(|bill| !bill.change.is_zero()));
    bills::settle_applications(tx, account.id, id, today, touched).await?;
    if !effect.credit_added.is_zero() {
        accounts::change_credit(tx, account.id, effect.credit_added).await?;
    }
    note_given_up(tx, kind, effect).await
}

/// A bill whose rest is given up says so; one that was paid in part stays as it is otherwise.
async fn note_given_up(
    tx: &mut AnyConnection,
    kind: PostingKind,
    effect: &Effect,
) -> Result<(), DbError> {
    let given_up: Option<BillId> = effect
        .bill
        .as_ref()
        .filter(|bill| kind == PostingKind::WriteOff && bill.after.is_zero())
        .map(|bill| bill.bill_id);
    match given_up {
        Some(bill_id) => bills::give_up(tx, bill_id).await,
        None => Ok(()),
    }
}

fn entries(kind: AdjustmentKind, effect: &Effect) -> Vec<NewEntry> {
    let against = match kind {
        AdjustmentKind::CreditNote => BookAccount::CreditNotes,
        AdjustmentKind::WriteOff => BookAccount::WriteOffs,
    };
    let change = effect.bill.as_ref().map_or(MinorUnits::ZERO, |bill| bill.change);
    let receivable = NewEntry {
        book_account: BookAccount::Receivable,
        bill_id: effect.bill.as_ref().map(|bill| bill.bill_id),
        amount: change,
    };
    let credit = NewEntry {
        book_account: BookAccount::CreditOnAccount,
        bill_id: None,
        amount: minus(effect.credit_added),
    };
    let sum = change.plus_at_most_max(credit.amount);
    let against = NewEntry { book_account: against, bill_id: None, amount: minus(sum) };
    [against, receivable, credit].into_iter().filter(|entry| !entry.amount.is_zero()).collect()
}

fn not_of_a_bill() -> Refusal {
    let words = "Say which bill is written off.";
    Refusal::unprocessable("bill-unknown", words).at("#/bill_id")
}

fn unknown_bill() -> Refusal {
    let words = "This account has no such bill.";
    Refusal::unprocessable("bill-unknown", words).at("#/bill_id")
}

fn more_than(at_most: MinorUnits) -> Refusal {
    let words = if at_most.is_positive() {
        "That is more than can be taken off this bill now."
    } else {
        "Nothing can be taken off this bill now."
    };
    Refusal::unprocessable("more-than-available", words).at("#/amount")
}
