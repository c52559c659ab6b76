//! Staff put a bill on hold with a reason the customer reads, and release it.

use receivables::account_balance::AccountBalance;
use receivables::api::bills::HoldDocument;
use receivables::calendar::Micros;
use receivables::ids::{AccountId, BillId};
use receivables::open_item::{OpenItem, Standing};
use sqlx::{AnyConnection, Row};

use super::hold::{HoldRefusal, put_on_hold, release_hold};
use super::open_items::{find_item, open_items};
use crate::accounts::{self, LockedAccount};
use crate::audit::{self, NewAct};
use crate::db::{Command, DbError, expect_rows};
use crate::problem::{Refusal, request_name};
use crate::state::Shared;

const FIND_ACCOUNT: &str = "select account_id from bill where id = $1";

const HOW_OFTEN: &str = "select count(*) from bill_hold where bill_id = $1";

const LAST: &str = "
select done_by, act, reason from bill_hold where bill_id = $1 and id = $2";

const INSERT: &str = "
insert into bill_hold (id, bill_id, account_id, act, reason, done_by, done_at)
values ($1, $2, $3, $4, $5, $6, $7)";

pub(super) const SQL: &[&str] = &[FIND_ACCOUNT, HOW_OFTEN, LAST, INSERT];

/// What staff want done with the bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    Hold { reason: String },
    Release { reason: Option<String> },
}

impl Wish {
    const fn act(&self) -> &'static str {
        match self {
            Self::Hold { .. } => "held",
            Self::Release { .. } => "released",
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Self::Hold { reason } => Some(reason),
            Self::Release { reason } => reason.as_deref(),
        }
    }

    const fn leads_to(&self) -> Standing {
        match self {
            Self::Hold { .. } => Standing::InDispute,
            Self::Release { .. } => Standing::Issued,
        }
    }
}

/// Does it, or says what it would do. The same by the same member of staff again changes nothing.
pub async fn hold_or_release(
    portal: &Shared,
    operator: String,
    bill_id: BillId,
    wish: Wish,
    dry_run: bool,
) -> Result<HoldDocument, Refusal> {
    let (portal_, now) = (portal.clone(), portal.now());
    portal
        .db
        .write(HoldOrRelease { portal: portal_, operator, bill_id, wish, dry_run, now })
        .await?
}

struct HoldOrRelease {
    portal: Shared,
    operator: String,
    bill_id: BillId,
    wish: Wish,
    dry_run: bool,
    now: Micros,
}

impl Command for HoldOrRelease {
    type Reply = Result<HoldDocument, Refusal>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Self::Reply, DbError> {
        let key = self.bill_id.to_string();
        let found = sqlx::query(FIND_ACCOUNT).bind(&key).fetch_optional(&mut *tx).await?;
        let Some(found) = found else { return Ok(Err(Refusal::not_found())) };
        let account_id: String = found.try_get("account_id")?;
        let account_id = AccountId::parse(&account_id)
            .map_err(|_| DbError::inconsistent("bill", "account_id", &key))?;
        let Some(account) = accounts::lock(tx, account_id).await? else {
            return Ok(Err(Refusal::not_found()));
        };
        let Some(bill) = find_item(&mut *tx, account_id, self.bill_id).await? else {
            return Ok(Err(Refusal::not_found()));
        };
        let before: Vec<OpenItem> =
            open_items(&mut *tx, account_id).await?.into_iter().map(|stored| stored.item).collect();
        let document = self.document(&account, &bill.item, &before);
        if self.was_done_before(tx).await? {
            return Ok(Ok(document));
        }
        if let Err(refusal) = may(&self.wish, &bill.item) {
            return Ok(Err(refusal));
        }
        if !self.dry_run {
            let done = match &self.wish {
                Wish::Hold { reason } => put_on_hold(tx, self.bill_id, reason).await?,
                Wish::Release { .. } => release_hold(tx, self.bill_id).await?,
            };
            if let Err(refusal) = done {
                return Ok(Err(refused(refusal)));
            }
            self.remember(tx, account_id).await?;
        }
        Ok(Ok(document))
    }
}

impl HoldOrRelease {
    /// Each act on a bill has its number, under the account's lock.
    async fn was_done_before(&self, tx: &mut AnyConnection) -> Result<bool, DbError> {
        let n = self.how_often(tx).await?;
        let id = format!("{}/{n}", self.bill_id);
        let query = sqlx::query(LAST).bind(self.bill_id.to_string()).bind(id);
        let Some(last) = query.fetch_optional(tx).await? else { return Ok(false) };
        let (by, act): (String, String) = (last.try_get("done_by")?, last.try_get("act")?);
        let reason: Option<String> = last.try_get("reason")?;
        let same = (act.as_str(), reason.as_deref()) == (self.wish.act(), self.wish.reason());
        Ok(same && by == self.operator)
    }

    async fn how_often(&self, tx: &mut AnyConnection) -> Result<i64, DbError> {
        let query = sqlx::query(HOW_OFTEN).bind(self.bill_id.to_string());
        Ok(query.fetch_one(tx).await?.try_get(0)?)
    }

    async fn remember(&self, tx: &mut AnyConnection, account: AccountId) -> Result<(), DbError> {
        let id = format!("{}/{}", self.bill_id, self.how_often(tx).await? + 1);
        let written = sqlx::query(INSERT)
            .bind(&id)
            .bind(self.bill_id.to_string())
            .bind(account.to_string())
            .bind(self.wish.act())
            .bind(self.wish.reason())
            .bind(&self.operator)
            .bind(self.now.0)
            .execute(&mut *tx)
            .await?;
        expect_rows(&written, 1, "bill_hold")?;
        let act = NewAct {
            id,
            kind: format!("bill_{}", self.wish.act()),
            actor: self.operator.clone(),
            about: self.bill_id.to_string(),
            account_id: Some(account),
            at: self.now,
            request: request_name(),
            digest: None,
        };
        audit::record(tx, &act).await
    }

    fn document(
        &self,
        account: &LockedAccount,
        bill: &OpenItem,
        items: &[OpenItem],
    ) -> HoldDocument {
        let today = self.portal.today();
        let standing = self.wish.leads_to();
        let changed = |item: &OpenItem| match item.bill_id == self.bill_id {
            true => OpenItem { standing, ..item.clone() },
            false => item.clone(),
        };
        let before = AccountBalance::of(items, today);
        let after = AccountBalance::of(&items.iter().map(changed).collect::<Vec<_>>(), today);
        HoldDocument {
            bill_id: self.bill_id,
            account_id: account.id,
            number: bill.bill_number.clone(),
            currency: account.currency,
            standing,
            hold_reason: match &self.wish {
                Wish::Hold { reason } => Some(reason.clone()),
                Wish::Release { .. } => None,
            },
            open: bill.open,
            in_flight: bill.in_flight,
            owed_before: before.owed,
            owed_after: after.owed,
            past_due_before: before.past_due,
            past_due_after: after.past_due,
            on_hold_before: before.on_hold,
            on_hold_after: after.on_hold,
            dry_run: self.dry_run,
        }
    }
}

/// As the room itself decides, before anything is written.
fn may(wish: &Wish, bill: &OpenItem) -> Result<(), Refusal> {
    let is_asked_for = bill.standing == Standing::Issued && bill.open.is_positive();
    match wish {
        Wish::Hold { .. } if !is_asked_for => Err(refused(HoldRefusal::NotAskedFor)),
        Wish::Release { .. } if bill.standing != Standing::InDispute => {
            Err(refused(HoldRefusal::NotOnHold))
        }
        Wish::Hold { .. } | Wish::Release { .. } => Ok(()),
    }
}

fn refused(refusal: HoldRefusal) -> Refusal {
    let words = match refusal {
        HoldRefusal::UnknownBill => return Refusal::not_found(),
        HoldRefusal::NotAskedFor => {
            "This bill is not asked for: it is paid, cancelled or on hold already."
        }
        HoldRefusal::NotOnHold => "This bill is not on hold.",
        HoldRefusal::PartPaid => "A payment has been applied to this bill.",
        HoldRefusal::PaymentInProgress => "A payment of this bill is in progress.",
    };
    Refusal::conflict("invalid-state", words)
}
