//! Money of a posted payment that goes back, and money that returns: the postings of refunds
//! and disputes, and what they do to bills and credit. Called under the account's lock.

use receivables::allocation::Reason;
use receivables::calendar::{CivilDate, Micros};
use receivables::give_back::{Applied, GivenBack, WasReopened, give_back, put_back};
use receivables::ids::{ApplicationId, BillId, PaymentId, PostingId};
use receivables::money::MinorUnits;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::store::PaymentRecord;
use crate::accounts::{self, LockedAccount};
use crate::bills;
use crate::clock::{ten_bytes, unix_ms};
use crate::db::DbError;
use crate::ledger::{
    self, Appended, BookAccount, NewApplication, NewEntry, NewPosting, PostingKind,
};
use crate::state::Portal;

/// What a payment's applications still settle.
const APPLIED: &str = "
select a.id, a.bill_id, a.amount, a.reason, x.recorded_at, b.number, b.issued_on, b.due_on,
  b.open_amount, b.period_from, b.period_to,
  (select coalesce(cast(sum(r.amount) as bigint), 0) from application r where r.reverses = a.id)
    as taken_back
from application a
join posting x on x.id = a.posting_id
join bill b on b.id = a.bill_id
where a.payment_id = $1 and a.reverses is null";

const CREDIT_OF: &str = "
select coalesce(cast(sum(-e.amount) as bigint), 0) as credit
from entry e join posting x on x.id = e.posting_id
where x.account_id = $1 and x.payment_id = $2 and e.book_account = 'credit_on_account'";

/// What a posting re-opened, with what of each bill can take money now.
const REOPENED: &str = "
select a.bill_id, -a.amount as amount, a.reason,
  case when b.standing = 'issued' then b.open_amount
    - (select coalesce(cast(sum(r.amount) as bigint), 0) from reservation r where r.bill_id = b.id)
    else 0 end as available
from application a
join posting x on x.id = a.posting_id
join bill b on b.id = a.bill_id
where x.source = $1 and x.source_ref = $2
order by a.id";

/// Conditional, so that even without the lock and the table's own check no more than was
/// received can go back.
const SHIFT: &str = "
update payment
set refunded = refunded + $2, refunding = refunding + $3, withdrawn = withdrawn + $4
where id = $1 and state = 'posted'
  and refunded + $2 >= 0 and refunding + $3 >= 0 and withdrawn + $4 >= 0
  and refunded + $2 + refunding + $3 + withdrawn + $4 <= received";

pub(super) const SQL: &[&str] = &[APPLIED, CREDIT_OF, REOPENED, SHIFT];

/// An application as stored, with what its bill is called.
#[derive(Clone, Debug)]
pub(super) struct StoredApplied {
    pub applied: Applied,
    pub reason: Reason,
    pub period: Option<receivables::bill::BillingPeriod>,
}

/// What a payment holds: its applications and its credit on account.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub applied: Vec<StoredApplied>,
    pub credit: MinorUnits,
}

impl Held {
    pub async fn of(
        connection: &mut AnyConnection,
        payment: &PaymentRecord,
    ) -> Result<Self, DbError> {
        let id = payment.id.to_string();
        let rows = sqlx::query(APPLIED).bind(&id).fetch_all(&mut *connection).await?;
        let applied = rows.iter().map(stored_applied).collect::<Result<_, _>>()?;
        let query = sqlx::query(CREDIT_OF).bind(payment.account_id.to_string()).bind(&id);
        let credit = query.fetch_one(&mut *connection).await?.try_get("credit")?;
        Ok(Self { applied, credit: MinorUnits::new(credit) })
    }

    pub fn give_back(&self, amount: MinorUnits) -> GivenBack {
        let applied: Vec<Applied> =
            self.applied.iter().map(|stored| stored.applied.clone()).collect();
        give_back(&applied, self.credit, amount)
    }

    pub fn stored(&self, bill_id: BillId) -> Option<&StoredApplied> {
        self.applied.iter().find(|stored| stored.applied.bill_id == bill_id)
    }
}

fn stored_applied(row: &AnyRow) -> Result<StoredApplied, DbError> {
    let id: String = row.try_get("id")?;
    let wrong = |column| DbError::inconsistent("application", column, &id);
    let text = |column| row.try_get::<String, _>(column);
    let day = |column| {
        let text: Option<String> = row.try_get(column)?;
        text.map(|day| CivilDate::parse(&day)).transpose().map_err(|_| wrong(column))
    };
    let (amount, taken_back): (i64, i64) = (row.try_get("amount")?, row.try_get("taken_back")?);
    let period = match (day("period_from")?, day("period_to")?) {
        (Some(from), Some(to)) => Some(receivables::bill::BillingPeriod { from, to }),
        _ => None,
    };
    Ok(StoredApplied {
        applied: Applied {
            application_id: ApplicationId::parse(&id).map_err(|_| wrong("id"))?,
            bill_id: BillId::parse(&text("bill_id")?).map_err(|_| wrong("bill_id"))?,
            bill_number: text("number")?,
            issued_on: day("issued_on")?.ok_or_else(|| wrong("issued_on"))?,
            due_on: day("due_on")?,
            recorded_at: Micros(row.try_get("recorded_at")?),
            amount: MinorUnits::new(amount.saturating_add(taken_back)),
            open: MinorUnits::new(row.try_get("open_amount")?),
        },
        reason: Reason::parse(&text("reason")?).ok_or_else(|| wrong("reason"))?,
        period,
    })
}

/// One movement of money back to the payer, or from there: what caused it, and what it is.
#[derive(Clone, Debug)]
pub(super) struct Movement<'m> {
    pub kind: PostingKind,
    /// `refund`, and the refund's id: posts once.
    pub source: &'static str,
    pub source_ref: String,
    pub payment: &'m PaymentRecord,
    pub amount: MinorUnits,
}

/// Posts money that goes back: credit on account first, then the newest application.
pub(super) async fn post_back(
    tx: &mut AnyConnection,
    portal: &Portal,
    account: &LockedAccount,
    movement: &Movement<'_>,
) -> Result<GivenBack, DbError> {
    let held = Held::of(tx, movement.payment).await?;
    let given = held.give_back(movement.amount);
    if !given.not_covered.is_zero() {
        // The columns of the payment said that it holds as much.
        return Err(DbError::inconsistent("payment", "received", movement.payment.id));
    }
    let bills = given.bills().iter().map(|bill| (bill.bill_id, bill.amount)).collect();
    let sides = Sides { credit: given.from_credit, bills };
    let reason = |id| {
        let stored = held.applied.iter().find(|stored| stored.applied.application_id == id);
        stored.map_or(Reason::YouChoseIt, |stored| stored.reason)
    };
    let applications = given.lines.iter().map(|line| NewApplication {
        id: application_id(portal),
        bill_id: line.bill_id,
        amount: negative(line.amount),
        reverses: Some(line.application_id),
        reason: reason(line.application_id),
    });
    let applications = applications.collect();
    append(tx, portal, account, movement, &sides, applications).await?;
    Ok(given)
}

/// Posts money that returns: each bill it re-opened is settled again as far as nobody paid it
/// meanwhile, and the rest is credit on account.
pub(super) async fn post_return(
    tx: &mut AnyConnection,
    portal: &Portal,
    account: &LockedAccount,
    movement: &Movement<'_>,
    gone_by: &'static str,
) -> Result<(), DbError> {
    let query = sqlx::query(REOPENED).bind(gone_by).bind(&movement.source_ref);
    let rows = query.fetch_all(&mut *tx).await?;
    let reopened = rows.iter().map(was_reopened).collect::<Result<Vec<_>, _>>()?;
    let bills: Vec<WasReopened> = reopened.iter().map(|(bill, _)| *bill).collect();
    let put = put_back(&bills, movement.amount);
    let mut sides = Sides { credit: negative(put.credit_on_account), bills: Vec::new() };
    for (bill_id, amount) in &put.lines {
        match sides.bills.iter_mut().find(|(id, _)| id == bill_id) {
            Some((_, sum)) => *sum = negative(negative(*sum).plus_at_most_max(*amount)),
            None => sides.bills.push((*bill_id, negative(*amount))),
        }
    }
    let reason = |id| reopened.iter().find(|(bill, _)| bill.bill_id == id);
    let applications = put.lines.iter().map(|(bill_id, amount)| NewApplication {
        id: application_id(portal),
        bill_id: *bill_id,
        amount: *amount,
        reverses: None,
        reason: reason(*bill_id).map_or(Reason::YouChoseIt, |(_, reason)| *reason),
    });
    let applications = applications.collect();
    append(tx, portal, account, movement, &sides, applications).await
}

fn was_reopened(row: &AnyRow) -> Result<(WasReopened, Reason), DbError> {
    let id: String = row.try_get("bill_id")?;
    let wrong = |column| DbError::inconsistent("application", column, &id);
    let reason: String = row.try_get("reason")?;
    let bill = WasReopened {
        bill_id: BillId::parse(&id).map_err(|_| wrong("bill_id"))?,
        amount: MinorUnits::new(row.try_get("amount")?),
        available: MinorUnits::new(row.try_get("available")?),
    };
    Ok((bill, Reason::parse(&reason).ok_or_else(|| wrong("reason"))?))
}

/// The other sides of a movement: positive where credit or an open amount makes room for money
/// that goes back, negative where it returns.
struct Sides {
    credit: MinorUnits,
    bills: Vec<(BillId, MinorUnits)>,
}

async fn append(
    tx: &mut AnyConnection,
    portal: &Portal,
    account: &LockedAccount,
    movement: &Movement<'_>,
    sides: &Sides,
    applications: Vec<NewApplication>,
) -> Result<(), DbError> {
    let clearing = BookAccount::Clearing(movement.payment.gateway.clone());
    let entry = |book_account, bill_id, amount| NewEntry { book_account, bill_id, amount };
    let sum = sides.bills.iter().try_fold(sides.credit, |sum, (_, some)| sum.checked_add(*some));
    let sum = sum.map_err(|_| DbError::inconsistent("entry", "amount", movement.payment.id))?;
    let mut entries = vec![entry(clearing, None, negative(sum))];
    for (bill_id, amount) in &sides.bills {
        entries.push(entry(BookAccount::Receivable, Some(*bill_id), *amount));
    }
    if !sides.credit.is_zero() {
        entries.push(entry(BookAccount::CreditOnAccount, None, sides.credit));
    }
    let (now, today) = (portal.now(), portal.today());
    let (ms, chance) = portal.id_parts();
    let posting = NewPosting {
        id: PostingId::from_parts(ms, &chance),
        account_id: account.id,
        kind: movement.kind,
        source: movement.source.to_owned(),
        source_ref: movement.source_ref.clone(),
        payment_id: Some(movement.payment.id),
        adjustment_id: None,
        effective_on: today,
        recorded_at: now,
        currency: account.currency,
        entries,
        applications,
    };
    if ledger::append(tx, &posting).await? == Appended::Before {
        // Whoever moves money back has read under the lock that it had not moved.
        return Err(DbError::inconsistent("posting", "source_ref", &posting.source_ref));
    }
    bills::settle_applications(tx, account.id, posting.id, today, sides.bills.len()).await?;
    if !sides.credit.is_zero() {
        accounts::change_credit(tx, account.id, negative(sides.credit)).await?;
    }
    Ok(())
}

fn application_id(portal: &Portal) -> ApplicationId {
    let now = portal.now();
    ApplicationId::from_parts(unix_ms(now), &ten_bytes(portal.chance.as_ref()))
}

const fn negative(amount: MinorUnits) -> MinorUnits {
    MinorUnits::new(amount.get().saturating_neg())
}

/// What a change of a payment's money columns adds to each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shift {
    pub refunded: i64,
    pub refunding: i64,
    pub withdrawn: i64,
}

/// Whether the payment holds as much.
pub(super) async fn shift(
    tx: &mut AnyConnection,
    payment_id: PaymentId,
    by: Shift,
) -> Result<bool, DbError> {
    let written = sqlx::query(SHIFT)
        .bind(payment_id.to_string())
        .bind(by.refunded)
        .bind(by.refunding)
        .bind(by.withdrawn)
        .execute(tx)
        .await?;
    Ok(written.rows_affected() == 1)
}
