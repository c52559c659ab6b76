//! Proposing an adjustment. A credit note is posted at once; a write-off waits for another
//! operator.

use receivables::api::corrections::{
    AdjustmentDocument, AdjustmentKind, AdjustmentRequest, AdjustmentState,
};
use receivables::ids::{AccountId, AdjustmentId};
use receivables::money::{Currency, Money};
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;

use super::effect::{Effect, effect_of, post};
use super::store::{self, AdjustmentRecord};
use crate::accounts;
use crate::clock::{ten_bytes, unix_ms};
use crate::db::{Command, DbError};
use crate::ledger::PostingKind;
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller, Resource, StaffMember};
use crate::state::{Portal, Shared};
use crate::web::{line, without_card_number};
use crate::work_list::{self, Matter, NewWorkItem, Thing, WorkKind};

const LONGEST_REASON: usize = 500;

/// Who proposes what.
#[derive(Clone, Debug)]
pub struct Proposal {
    pub operator: String,
    /// None for a dry run.
    pub idempotency_key: Option<String>,
    pub account_id: AccountId,
    pub request: AdjustmentRequest,
}

/// The member of staff who may give this credit, or propose this write-off.
pub fn may_propose(
    portal: &Portal,
    caller: Caller,
    request: &AdjustmentRequest,
) -> Result<StaffMember, Refusal> {
    let clerks = request.amount <= portal.settings.staff.clerks_limit;
    match request.kind {
        AdjustmentKind::CreditNote => caller.staff(Action::GiveCredit, Resource::Sum { clerks }),
        AdjustmentKind::WriteOff => caller.staff(Action::ProposeWriteOff, Resource::Portal),
    }
}

/// Proposes an adjustment, or says what it would do.
pub async fn propose(portal: &Shared, proposal: Proposal) -> Result<AdjustmentDocument, Refusal> {
    line(&proposal.request.reason, LONGEST_REASON, "#/reason")?;
    without_card_number(&proposal.request.reason, "#/reason")?;
    let command = Propose { portal: portal.clone(), proposal };
    match portal.db.write(command).await {
        Ok(answer) => answer,
        Err(error) if error.is_unique_violation() => Err(key_reused()),
        Err(error) => Err(error.into()),
    }
}

struct Propose {
    portal: Shared,
    proposal: Proposal,
}

impl Command for Propose {
    type Reply = Result<AdjustmentDocument, Refusal>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Self::Reply, DbError> {
        let Proposal { operator, idempotency_key, account_id, request } = &self.proposal;
        let Some(account) = accounts::lock(tx, *account_id).await? else {
            return Ok(Err(Refusal::not_found()));
        };
        if let Some(key) = idempotency_key
            && let Some(before) = store::find_by_key(&mut *tx, operator, key).await?
        {
            return Ok(if before.request_hash == self.request_hash() {
                Ok(document(&before, account.currency, None))
            } else {
                Err(key_reused())
            });
        }
        if self.portal.book.is_halted() {
            return Ok(Err(Refusal::books_halted()));
        }
        if request.currency != account.currency {
            let words = format!("This account is in {}.", account.currency);
            return Ok(Err(Refusal::unprocessable("currency-mismatch", words).at("#/currency")));
        }
        if !request.amount.is_positive() {
            let words = "An amount is more than zero.";
            return Ok(Err(Refusal::unprocessable("amount-invalid", words).at("#/amount")));
        }
        let adjustment = self.record();
        let effect = match effect_of(tx, &adjustment).await? {
            Ok(effect) => effect,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if idempotency_key.is_some() {
            store::insert(tx, &adjustment).await?;
            if adjustment.state == AdjustmentState::Posted {
                let kind = PostingKind::CreditNote;
                post(tx, &self.portal, &account, &adjustment, kind, &effect).await?;
            } else {
                self.ask_another(tx, &adjustment).await?;
            }
        }
        let mut document = document(&adjustment, account.currency, Some(&effect));
        document.dry_run = idempotency_key.is_none();
        document.id = document.id.filter(|_| !document.dry_run);
        Ok(Ok(document))
    }
}

/// What waits on the work list while it is proposed.
pub(super) fn matter(id: AdjustmentId) -> Matter {
    Matter::new(WorkKind::ApprovalWaits, Thing::Adjustment, id)
}

impl Propose {
    async fn ask_another(
        &self,
        tx: &mut AnyConnection,
        adjustment: &AdjustmentRecord,
    ) -> Result<(), DbError> {
        let request = &self.proposal.request;
        let money = Money::new(request.amount, request.currency);
        let item = NewWorkItem {
            id: self.portal.work_item_id(),
            matter: matter(adjustment.id),
            account_id: Some(adjustment.account_id),
            why: format!("a write-off of {money} waits for another's approval"),
            now: adjustment.proposed_at,
        };
        work_list::open(tx, &item).await.map(drop)
    }

    fn record(&self) -> AdjustmentRecord {
        let Proposal { operator, idempotency_key, account_id, request } = self.proposal.clone();
        let (now, chance) = (self.portal.now(), self.portal.chance.as_ref());
        AdjustmentRecord {
            id: AdjustmentId::from_parts(unix_ms(now), &ten_bytes(chance)),
            account_id,
            bill_id: request.bill_id,
            kind: request.kind,
            amount: request.amount,
            reason: request.reason,
            state: match request.kind {
                AdjustmentKind::CreditNote => AdjustmentState::Posted,
                AdjustmentKind::WriteOff => AdjustmentState::Proposed,
            },
            proposed_by: operator,
            proposed_at: now,
            decided: None,
            reversed: None,
            idempotency_key: idempotency_key.unwrap_or_default(),
            request_hash: self.request_hash(),
        }
    }

    fn request_hash(&self) -> String {
        let Proposal { account_id, request, .. } = &self.proposal;
        hex::encode(Sha256::digest(format!("{account_id} {request:?}")))
    }
}

/// The adjustment as others read it; with its effect while that is still ahead or just done.
pub(super) fn document(
    adjustment: &AdjustmentRecord,
    currency: Currency,
    effect: Option<&Effect>,
) -> AdjustmentDocument {
    AdjustmentDocument {
        id: Some(adjustment.id),
        account_id: adjustment.account_id,
        kind: adjustment.kind,
        bill_id: adjustment.bill_id,
        amount: adjustment.amount,
        currency,
        reason: adjustment.reason.clone(),
        state: adjustment.state,
        proposed_by: adjustment.proposed_by.clone(),
        decided_by: adjustment.decided.as_ref().map(|signed| signed.by.clone()),
        reversed_by: adjustment.reversed.as_ref().map(|signed| signed.by.clone()),
        dry_run: false,
        bills: effect.and_then(|effect| effect.bill.clone()).into_iter().collect(),
        credit_added: effect.map(|effect| effect.credit_added).unwrap_or_default(),
    }
}

fn key_reused() -> Refusal {
    let words = "This key was used before for another request.";
    Refusal::unprocessable("idempotency-key-reused", words).at("header:Idempotency-Key")
}
