//! What happens to an issued bill besides being paid: on hold, released, cancelled.

use receivables::calendar::{CivilDate, Micros};
use receivables::ids::{AccountId, BillId, PostingId};
use receivables::money::{Currency, MinorUnits};
use receivables::open_item::Standing;
use sqlx::{AnyConnection, Row};
use thiserror::Error;

use crate::accounts;
use crate::db::{DbError, expect_rows};
use crate::ledger::{self, BookAccount, NewEntry, NewPosting, PostingKind};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HoldRefusal {
    #[error("there is no such bill")]
    UnknownBill,
    #[error("the bill is not one that is being asked for")]
    NotAskedFor,
    #[error("the bill is not on hold")]
    NotOnHold,
    #[error("a payment has been applied to the bill")]
    PartPaid,
    #[error("a payment of the bill is in progress")]
    PaymentInProgress,
}

const FIND_ACCOUNT: &str = "select account_id from bill where id = $1";

const FIND_BILL: &str = "
select bill.total, bill.open_amount, bill.standing,
  cast((select count(*) from reservation where reservation.bill_id = bill.id) as bigint)
    as reservations
from bill
where bill.id = $1";

const SET_STANDING: &str = "
update bill set standing = $2, hold_reason = $3 where id = $1 and standing = $4";

// What was asked for and is no longer: nothing of it is open.
const CANCEL: &str = "
update bill set standing = 'cancelled', hold_reason = $2, open_amount = 0
where id = $1 and open_amount = total";

// Only beside the posting that gave up what was left.
const GIVE_UP: &str = "
update bill set standing = 'written_off', hold_reason = null
where id = $1 and open_amount = 0 and standing in ('issued', 'in_dispute')";

pub const SQL: &[&str] = &[FIND_ACCOUNT, FIND_BILL, SET_STANDING, CANCEL, GIVE_UP];

struct LockedBill {
    account_id: AccountId,
    currency: Currency,
    total: MinorUnits,
    open: MinorUnits,
    standing: Standing,
    in_progress: bool,
}

/// Stops asking for a bill while the biller looks at it. It takes no new payment; one already
/// on its way is still applied.
pub async fn put_on_hold(
    tx: &mut AnyConnection,
    bill_id: BillId,
    reason: &str,
) -> Result<Result<(), HoldRefusal>, DbError> {
    let Some(bill) = lock_bill(tx, bill_id).await? else {
        return Ok(Err(HoldRefusal::UnknownBill));
    };
    if bill.standing != Standing::Issued || !bill.open.is_positive() {
        return Ok(Err(HoldRefusal::NotAskedFor));
    }
    set_standing(tx, bill_id, Standing::Issued, Standing::InDispute, Some(reason)).await.map(Ok)
}

/// Asks for a bill again that was on hold.
pub async fn release_hold(
    tx: &mut AnyConnection,
    bill_id: BillId,
) -> Result<Result<(), HoldRefusal>, DbError> {
    let Some(bill) = lock_bill(tx, bill_id).await? else {
        return Ok(Err(HoldRefusal::UnknownBill));
    };
    if bill.standing != Standing::InDispute {
        return Ok(Err(HoldRefusal::NotOnHold));
    }
    set_standing(tx, bill_id, Standing::InDispute, Standing::Issued, None).await.map(Ok)
}

/// Notes that what was left of a bill is given up. Only beside the posting that does it.
pub async fn give_up(tx: &mut AnyConnection, bill_id: BillId) -> Result<(), DbError> {
    let written = sqlx::query(GIVE_UP).bind(bill_id.to_string()).execute(tx).await?;
    expect_rows(&written, 1, "bill")
}

/// The posting that takes a bill back.
#[derive(Clone, Copy, Debug)]
pub struct Cancellation<'a> {
    pub bill_id: BillId,
    pub posting_id: PostingId,
    pub reason: &'a str,
    pub effective_on: CivilDate,
    pub recorded_at: Micros,
}

/// Takes a bill back that nothing has been paid on, by a posting the reverse of its first.
pub async fn cancel_bill(
    tx: &mut AnyConnection,
    cancellation: Cancellation<'_>,
) -> Result<Result<(), HoldRefusal>, DbError> {
    let bill_id = cancellation.bill_id;
    let Some(bill) = lock_bill(tx, bill_id).await? else {
        return Ok(Err(HoldRefusal::UnknownBill));
    };
    if !matches!(bill.standing, Standing::Issued | Standing::InDispute) {
        return Ok(Err(HoldRefusal::NotAskedFor));
    }
    if bill.open != bill.total {
        return Ok(Err(HoldRefusal::PartPaid));
    }
    if bill.in_progress {
        return Ok(Err(HoldRefusal::PaymentInProgress));
    }
    let written = sqlx::query(CANCEL)
        .bind(bill_id.to_string())
        .bind(cancellation.reason)
        .execute(&mut *tx)
        .await?;
    expect_rows(&written, 1, "bill")?;
    if let Some(posting) = reversal(&bill, cancellation) {
        ledger::append(tx, &posting).await?;
    }
    Ok(Ok(()))
}

fn reversal(bill: &LockedBill, cancellation: Cancellation<'_>) -> Option<NewPosting> {
    let bill_id = Some(cancellation.bill_id);
    let no_longer_owed = MinorUnits::ZERO.checked_sub(bill.total).ok()?;
    let entry = |book_account, amount| NewEntry { book_account, bill_id, amount };
    bill.total.is_positive().then(|| NewPosting {
        id: cancellation.posting_id,
        account_id: bill.account_id,
        kind: PostingKind::BillCancelled,
        source: "bill_cancelled".to_owned(),
        source_ref: cancellation.bill_id.to_string(),
        payment_id: None,
        adjustment_id: None,
        effective_on: cancellation.effective_on,
        recorded_at: cancellation.recorded_at,
        currency: bill.currency,
        entries: vec![
            entry(BookAccount::Receivable, no_longer_owed),
            entry(BookAccount::Income, bill.total),
        ],
        applications: Vec::new(),
    })
}

async fn lock_bill(tx: &mut AnyConnection, bill_id: BillId) -> Result<Option<LockedBill>, DbError> {
    let key = bill_id.to_string();
    let wrong = |column| DbError::inconsistent("bill", column, &key);
    let found = sqlx::query(FIND_ACCOUNT).bind(&key).fetch_optional(&mut *tx).await?;
    let Some(found) = found else { return Ok(None) };
    let account_id: String = found.try_get("account_id")?;
    let account_id = AccountId::parse(&account_id).map_err(|_| wrong("account_id"))?;
    // A bill never changes its account, so reading whose it is needs no lock.
    let locked = accounts::lock(tx, account_id).await?;
    let account = locked.ok_or_else(|| wrong("account_id"))?;
    let row = sqlx::query(FIND_BILL).bind(&key).fetch_one(&mut *tx).await?;
    let standing: String = row.try_get("standing")?;
    Ok(Some(LockedBill {
        account_id,
        currency: account.currency,
        total: MinorUnits::new(row.try_get("total")?),
        open: MinorUnits::new(row.try_get("open_amount")?),
        standing: Standing::parse(&standing).ok_or_else(|| wrong("standing"))?,
        in_progress: row.try_get::<i64, _>("reservations")? > 0,
    }))
}

async fn set_standing(
    tx: &mut AnyConnection,
    bill_id: BillId,
    from: Standing,
    to: Standing,
    reason: Option<&str>,
) -> Result<(), DbError> {
    let written = sqlx::query(SET_STANDING)
        .bind(bill_id.to_string())
        .bind(to.code())
        .bind(reason)
        .bind(from.code())
        .execute(&mut *tx)
        .await?;
    expect_rows(&written, 1, "bill")
}
