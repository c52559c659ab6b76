//! Moving a payment: staff take back what it settled and settle other bills with it, by one
//! posting of reversing entries. Nothing is edited; a dry run works out the same and writes
//! nothing.

use receivables::allocation::{DirectedAmount, Reason};
use receivables::api::corrections::MoveDocument;
use receivables::ids::{AccountId, ApplicationId, BillId, PaymentId, PostingId};
use receivables::money::MinorUnits;
use receivables::moves::{MovableBill, MoveRefusal, MoveView, WorkedOutMove, work_out_move};
use receivables::payment::PaymentState;
use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, Row};

use super::store;
use crate::accounts::{self, LockedAccount};
use crate::audit::{self, NewAct};
use crate::bills;
use crate::clock::{ten_bytes, unix_ms};
use crate::db::{Command, DbError, expect_rows};
use crate::ledger::{self, BookAccount, NewApplication, NewEntry, NewPosting, PostingKind};
use crate::problem::Refusal;
use crate::state::Shared;

/// What a payment still settles, the newest application first.
const STILL_APPLIED: &str = "
select a.id, a.bill_id, a.reason, a.amount + coalesce(
    (select cast(sum(r.amount) as bigint) from application r where r.reverses = a.id), 0
  ) as left_applied
from application a
where a.payment_id = $1 and a.reverses is null
order by a.applied_on desc, a.id desc";

const ON_ACCOUNT: &str = "
select coalesce(cast(sum(-e.amount) as bigint), 0)
from posting x join entry e on e.posting_id = x.id
where x.payment_id = $1 and e.book_account = 'credit_on_account'";

const FIND_CORRECTION: &str = "
select request_hash, answer from correction where operator = $1 and idempotency_key = $2";

const INSERT_CORRECTION: &str = "
insert into correction (operator, idempotency_key, request_hash, account_id, answer, done_at)
values ($1, $2, $3, $4, $5, $6)";

pub(super) const SQL: &[&str] = &[STILL_APPLIED, ON_ACCOUNT, FIND_CORRECTION, INSERT_CORRECTION];

/// Who wants what moved.
#[derive(Clone, Debug)]
pub struct Moving {
    pub operator: String,
    /// None for a dry run, which can be repeated as often as one likes.
    pub idempotency_key: Option<String>,
    pub payment_id: PaymentId,
    pub take_back: Vec<DirectedAmount>,
    pub settle: Vec<DirectedAmount>,
}

/// Moves a payment, or says what moving it would do.
pub async fn move_payment(portal: &Shared, moving: Moving) -> Result<MoveDocument, Refusal> {
    let command = MovePayment { portal: portal.clone(), moving };
    match portal.db.write(command).await {
        Ok(answer) => answer,
        // Two requests with the same key at once: the other one did it.
        Err(error) if error.is_unique_violation() => Err(key_reused()),
        Err(error) => Err(error.into()),
    }
}

/// One application of a payment with what is left of it.
pub(super) struct StillApplied {
    pub id: ApplicationId,
    pub bill_id: BillId,
    pub left: MinorUnits,
    pub reason: Reason,
}

/// What a payment still settles, the newest first.
pub(super) async fn still_applied(
    tx: &mut AnyConnection,
    payment_id: PaymentId,
) -> Result<Vec<StillApplied>, DbError> {
    let rows = sqlx::query(STILL_APPLIED).bind(payment_id.to_string()).fetch_all(tx).await?;
    let mut applied = Vec::with_capacity(rows.len());
    for row in rows {
        let id: String = row.try_get("id")?;
        let wrong = |column| DbError::inconsistent("application", column, &id);
        let left = MinorUnits::new(row.try_get("left_applied")?);
        if left.is_positive() {
            let bill_id: String = row.try_get("bill_id")?;
            let reason: String = row.try_get("reason")?;
            applied.push(StillApplied {
                id: ApplicationId::parse(&id).map_err(|_| wrong("id"))?,
                bill_id: BillId::parse(&bill_id).map_err(|_| wrong("bill_id"))?,
                left,
                reason: Reason::parse(&reason).ok_or_else(|| wrong("reason"))?,
            });
        }
    }
    Ok(applied)
}

/// What of a payment is on account.
pub(super) async fn on_account_of(
    tx: &mut AnyConnection,
    payment_id: PaymentId,
) -> Result<MinorUnits, DbError> {
    let query = sqlx::query(ON_ACCOUNT).bind(payment_id.to_string());
    Ok(MinorUnits::new(query.fetch_one(tx).await?.try_get(0)?))
}

struct MovePayment {
    portal: Shared,
    moving: Moving,
}

impl Command for MovePayment {
    type Reply = Result<MoveDocument, Refusal>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Self::Reply, DbError> {
        let payment_id = self.moving.payment_id;
        let Some(account) = accounts::lock_for_payment(tx, payment_id).await? else {
            return Ok(Err(Refusal::not_found()));
        };
        let account_id = account.id;
        if let Some(before) = self.done_before(tx).await? {
            return Ok(before);
        }
        if self.portal.book.is_halted() {
            return Ok(Err(Refusal::books_halted()));
        }
        let Some(payment) = store::find(&mut *tx, payment_id).await? else {
            return Ok(Err(Refusal::not_found()));
        };
        if payment.state != PaymentState::Posted {
            let words = "Only a payment that was received can be moved.";
            return Ok(Err(Refusal::conflict("invalid-state", words).with_payment(payment_id)));
        }
        let applied = still_applied(tx, payment_id).await?;
        let bills = self.movable(tx, account_id, &applied).await?;
        let on_account = on_account_of(tx, payment_id).await?;
        let view = MoveView { bills: &bills, on_account };
        let worked_out = work_out_move(&view, &self.moving.take_back, &self.moving.settle);
        let worked_out = match worked_out {
            Ok(worked_out) => worked_out,
            Err(refusal) => return Ok(Err(refusal_of(refusal))),
        };
        let moved = worked_out.on_account_after.get().saturating_sub(on_account.get());
        let document = self.document(&account, &worked_out, MinorUnits::new(moved));
        if !document.dry_run {
            self.post(tx, &account, &applied, &worked_out, MinorUnits::new(moved)).await?;
            self.remember(tx, account_id, &document).await?;
        }
        Ok(Ok(document))
    }
}

impl MovePayment {
    /// The bills that are named, and what the payment settled of each.
    async fn movable(
        &self,
        tx: &mut AnyConnection,
        account_id: AccountId,
        applied: &[StillApplied],
    ) -> Result<Vec<MovableBill>, DbError> {
        let mut found = Vec::new();
        for line in self.moving.take_back.iter().chain(&self.moving.settle) {
            let stored = bills::find_item(&mut *tx, account_id, line.bill_id).await?;
            let of_bill = applied.iter().filter(|applied| applied.bill_id == line.bill_id);
            let settled_by_payment =
                of_bill.fold(MinorUnits::ZERO, |sum, applied| sum.plus_at_most_max(applied.left));
            found
                .extend(stored.map(|stored| MovableBill { item: stored.item, settled_by_payment }));
        }
        Ok(found)
    }

    fn document(
        &self,
        account: &LockedAccount,
        worked_out: &WorkedOutMove,
        moved: MinorUnits,
    ) -> MoveDocument {
        MoveDocument {
            payment_id: self.moving.payment_id,
            account_id: account.id,
            currency: account.currency,
            dry_run: self.moving.idempotency_key.is_none(),
            bills: worked_out.changes.clone(),
            credit_before: account.credit,
            credit_after: account.credit.plus_at_most_max(moved),
        }
    }

    async fn post(
        &self,
        tx: &mut AnyConnection,
        account: &LockedAccount,
        applied: &[StillApplied],
        worked_out: &WorkedOutMove,
        moved: MinorUnits,
    ) -> Result<(), DbError> {
        let (portal, now) = (&self.portal, self.portal.now());
        let id = PostingId::from_parts(unix_ms(now), &ten_bytes(portal.chance.as_ref()));
        let mut entries: Vec<NewEntry> = worked_out
            .changes
            .iter()
            .map(|line| NewEntry {
                book_account: BookAccount::Receivable,
                bill_id: Some(line.bill_id),
                amount: line.change,
            })
            .collect();
        if !moved.is_zero() {
            let amount = MinorUnits::new(moved.get().saturating_neg());
            let book_account = BookAccount::CreditOnAccount;
            entries.push(NewEntry { book_account, bill_id: None, amount });
        }
        let posting = NewPosting {
            id,
            account_id: account.id,
            kind: PostingKind::PaymentMoved,
            source: "payment_moved".to_owned(),
            source_ref: id.to_string(),
            payment_id: Some(self.moving.payment_id),
            adjustment_id: None,
            effective_on: portal.today(),
            recorded_at: now,
            currency: account.currency,
            entries,
            applications: self.applications(applied),
        };
        ledger::append(tx, &posting).await?;
        let act = NewAct {
            id: format!("{id}_by"),
            kind: "payment_moved_by".to_owned(),
            actor: self.moving.operator.clone(),
            about: self.moving.payment_id.to_string(),
            account_id: Some(account.id),
            at: now,
            request: None,
            digest: None,
        };
        audit::record(tx, &act).await?;
        let touched = worked_out.changes.len();
        bills::settle_applications(tx, account.id, id, portal.today(), touched).await?;
        accounts::change_credit(tx, account.id, moved).await
    }

    /// What is taken back reverses the newest applications first; what is settled is new.
    fn applications(&self, applied: &[StillApplied]) -> Vec<NewApplication> {
        let (chance, ms) = (self.portal.chance.as_ref(), unix_ms(self.portal.now()));
        let new_id = || ApplicationId::from_parts(ms, &ten_bytes(chance));
        let mut lines = Vec::new();
        for asked in &self.moving.take_back {
            let of_bill = applied.iter().filter(|applied| applied.bill_id == asked.bill_id);
            lines.extend(take_back(of_bill, asked.amount).into_iter().map(|(reversed, amount)| {
                NewApplication {
                    id: new_id(),
                    bill_id: asked.bill_id,
                    amount: MinorUnits::new(amount.get().saturating_neg()),
                    reverses: Some(reversed.id),
                    reason: reversed.reason,
                }
            }));
        }
        lines.extend(self.moving.settle.iter().map(|asked| NewApplication {
            id: new_id(),
            bill_id: asked.bill_id,
            amount: asked.amount,
            reverses: None,
            reason: Reason::YourCredit,
        }));
        lines
    }

    /// The answer to the same request before, or a refusal of another under its key.
    async fn done_before(
        &self,
        tx: &mut AnyConnection,
    ) -> Result<Option<Result<MoveDocument, Refusal>>, DbError> {
        let Some(key) = &self.moving.idempotency_key else { return Ok(None) };
        let query = sqlx::query(FIND_CORRECTION).bind(&self.moving.operator).bind(key);
        let Some(row) = query.fetch_optional(tx).await? else { return Ok(None) };
        if row.try_get::<String, _>("request_hash")? != self.request_hash() {
            return Ok(Some(Err(key_reused())));
        }
        let answer: String = row.try_get("answer")?;
        let answer = serde_json::from_str(&answer);
        answer
            .map(|answer| Some(Ok(answer)))
            .map_err(|_| DbError::inconsistent("correction", "answer", self.moving.payment_id))
    }

    async fn remember(
        &self,
        tx: &mut AnyConnection,
        account_id: AccountId,
        document: &MoveDocument,
    ) -> Result<(), DbError> {
        let answer = serde_json::to_string(document)
            .map_err(|_| DbError::inconsistent("correction", "answer", account_id))?;
        let written = sqlx::query(INSERT_CORRECTION)
            .bind(&self.moving.operator)
            .bind(self.moving.idempotency_key.as_deref())
            .bind(self.request_hash())
            .bind(account_id.to_string())
            .bind(answer)
            .bind(self.portal.now().0)
            .execute(tx)
            .await?;
        expect_rows(&written, 1, "correction")
    }

    fn request_hash(&self) -> String {
        let Moving { payment_id, take_back, settle, .. } = &self.moving;
        hex::encode(Sha256::digest(format!("{payment_id} {take_back:?} {settle:?}")))
    }
}

/// How much to take back of each application, in the order given.
pub(super) fn take_back<'a>(
    applied: impl Iterator<Item = &'a StillApplied>,
    amount: MinorUnits,
) -> Vec<(&'a StillApplied, MinorUnits)> {
    let mut left = amount;
    let mut taken = Vec::new();
    for line in applied {
        let part = line.left.min(left);
        if part.is_positive() {
            left = left.less(part);
            taken.push((line, part));
        }
    }
    taken
}

fn refusal_of(refusal: MoveRefusal) -> Refusal {
    let words = match refusal {
        MoveRefusal::Nothing => "Say what to move.".to_owned(),
        MoveRefusal::NamedTwice { .. } => "Name each bill once.".to_owned(),
        MoveRefusal::UnknownBill { .. } => "This account has no such bill.".to_owned(),
        MoveRefusal::NotPositive { .. } => "An amount to move is more than zero.".to_owned(),
        MoveRefusal::MoreThanSettled { .. } => {
            "The payment settles less of this bill than would be taken back.".to_owned()
        }
        MoveRefusal::MoreThanAvailable { .. } => {
            "Less can be settled of this bill than that; it may be paid, on hold, or another \
             payment of it may be in progress."
                .to_owned()
        }
        MoveRefusal::MoreThanThereIs { .. } => {
            "More would be settled than there is of this payment.".to_owned()
        }
    };
    Refusal::unprocessable(refusal.code(), words).at("#/bills")
}

fn key_reused() -> Refusal {
    let words = "This key was used before for another request.";
    Refusal::unprocessable("idempotency-key-reused", words).at("header:Idempotency-Key")
}
