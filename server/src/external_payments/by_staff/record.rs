//! Recording money that staff received: posted at once, or proposed above the limit.

use receivables::allocation::Preview;
use receivables::api::external_payments::{
    EarlierPayment, ExternalPaymentDocument, ExternalPaymentRequest, ExternalPaymentState,
};
use receivables::ids::{AccountId, PaymentId, WorkItemId};
use receivables::money::Money;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;

use super::earlier::{self, Likeness};
use super::post::{Beside, document, post_recorded, view};
use super::store::{self, StaffRecord};
use super::wish::read;
use crate::accounts::{self, LockedAccount};
use crate::db::{Command, DbError};
use crate::payments::{AccountView, refusal_of};
use crate::problem::Refusal;
use crate::receipts;
use crate::state::Shared;
use crate::work_list::{self, Matter, NewWorkItem, Thing, WorkKind};

/// Who wants what recorded.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub operator: String,
    /// None for a dry run.
    pub idempotency_key: Option<String>,
    pub account_id: AccountId,
    pub request: ExternalPaymentRequest,
}

/// Records it, or says what recording it would do.
pub async fn record(
    portal: &Shared,
    recorded: Recorded,
) -> Result<ExternalPaymentDocument, Refusal> {
    let request_hash = {
        let Recorded { account_id, request, .. } = &recorded;
        hex::encode(Sha256::digest(format!("{account_id} {request:?}")))
    };
    let request = read(recorded.request, portal.today())?;
    let recorded = Recorded { request, ..recorded };
    let (ms, chance) = portal.id_parts();
    let command = Record {
        id: PaymentId::from_parts(ms, &chance),
        item_id: portal.work_item_id(),
        portal: portal.clone(),
        recorded,
        request_hash,
    };
    match portal.db.write(command).await {
        Ok(answer) => {
            portal.work.outbox.notify_one();
            answer
        }
        // Two requests with the same key at once: the other one did it.
        Err(error) if error.is_unique_violation() => Err(key_reused()),
        Err(error) => Err(error.into()),
    }
}

struct Record {
    id: PaymentId,
    /// For the work list, should it wait for approval.
    item_id: WorkItemId,
    portal: Shared,
    recorded: Recorded,
    request_hash: String,
}

/// What recording would meet, found under the account's lock.
struct Found {
    view: AccountView,
    split: Preview,
    likely_duplicate: Option<EarlierPayment>,
    can_mail: bool,
}

impl Command for Record {
    type Reply = Result<ExternalPaymentDocument, Refusal>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Self::Reply, DbError> {
        let Recorded { operator, idempotency_key, account_id, request } = &self.recorded;
        let Some(account) = accounts::lock(tx, *account_id).await? else {
            return Ok(Err(Refusal::not_found()));
        };
        if let Some(key) = idempotency_key
            && let Some(before) = store::find_by_key(&mut *tx, operator, key).await?
        {
            return Ok(if before.request_hash == self.request_hash {
                Ok(document(&before, Beside::default()))
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
        let mut record = self.record();
        let found = match self.find(tx, &account, &record).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let dry_run = idempotency_key.is_none();
        record.duplicate_of = found.likely_duplicate.as_ref().map(|earlier| earlier.payment_id);
        if record.duplicate_of.is_none() {
            record.duplicate_reason = None;
        }
        if !dry_run {
            if let Err(refusal) = self.may_go_on(&found) {
                return Ok(Err(refusal));
            }
            self.write(tx, &account, &mut record, &found).await?;
        }
        let Found { split, likely_duplicate, can_mail, .. } = found;
        let likely_duplicate = likely_duplicate.filter(|_| dry_run);
        let preview = Some(split);
        Ok(Ok(document(&record, Beside { dry_run, preview, likely_duplicate, can_mail })))
    }
}

impl Record {
    fn record(&self) -> StaffRecord {
        let Recorded { operator, idempotency_key, account_id, request } = self.recorded.clone();
        let needs_approval = request.amount > self.portal.settings.staff.clerks_limit;
        StaffRecord {
            id: self.id,
            account_id,
            amount: request.amount,
            currency: request.currency,
            tender: request.tender,
            received_on: request.received_on,
            reference: request.reference,
            payer_name: request.payer_name,
            fee: request.fee,
            note: request.note,
            direction: request.direction,
            mail_receipt: request.mail_receipt,
            duplicate_of: None,
            duplicate_reason: request.duplicate_reason,
            state: if needs_approval {
                ExternalPaymentState::Proposed
            } else {
                ExternalPaymentState::Posted
            },
            recorded_by: operator,
            recorded_at: self.portal.now(),
            decided_by: None,
            decided_at: None,
            idempotency_key: idempotency_key.unwrap_or_default(),
            request_hash: self.request_hash.clone(),
            receipt_number: None,
        }
    }

    async fn find(
        &self,
        tx: &mut AnyConnection,
        account: &LockedAccount,
        record: &StaffRecord,
    ) -> Result<Result<Found, Refusal>, DbError> {
        let view = view(tx, &self.portal, account, record).await?;
        let split = match view.preview_of_received(record.amount, &record.direction) {
            Ok(split) => split,
            Err(refusal) => return Ok(Err(refusal_of(&refusal, &view))),
        };
        let like = Likeness {
            account_id: account.id,
            amount: record.amount,
            received_on: record.received_on,
            reference: record.reference.as_deref(),
        };
        let likely_duplicate = earlier::find(tx, &self.portal, &like).await?;
        let can_mail = !receipts::holders(tx, account.id).await?.is_empty();
        Ok(Ok(Found { view, split, likely_duplicate, can_mail }))
    }

    fn may_go_on(&self, found: &Found) -> Result<(), Refusal> {
        let request = &self.recorded.request;
        if let Some(earlier) = &found.likely_duplicate
            && request.duplicate_reason.is_none()
        {
            return Err(likely_duplicate(earlier));
        }
        let looked_at = request.fingerprint.as_ref();
        if looked_at.is_some_and(|looked_at| *looked_at != found.split.fingerprint) {
            let words = "The bills have changed. Look at the new split before you record it.";
            let refusal = Refusal::conflict("allocation-changed", words);
            return Err(refusal.with_preview(found.split.clone()));
        }
        if request.mail_receipt && !found.can_mail {
            let words = "No customer of this account has an address.";
            return Err(Refusal::unprocessable("no-address", words).at("#/mail_receipt"));
        }
        Ok(())
    }

    async fn write(
        &self,
        tx: &mut AnyConnection,
        account: &LockedAccount,
        record: &mut StaffRecord,
        found: &Found,
    ) -> Result<(), DbError> {
        store::insert(tx, record).await?;
        if record.state == ExternalPaymentState::Posted {
            let (view, split) = (&found.view, &found.split);
            return post_recorded(tx, &self.portal, account, view, (record, split)).await;
        }
        let money = Money::new(record.amount, record.currency);
        let item = NewWorkItem {
            id: self.item_id,
            matter: matter(record.id),
            account_id: Some(record.account_id),
            why: format!("{money} received outside the portal waits for another's approval"),
            now: record.recorded_at,
        };
        work_list::open(tx, &item).await.map(drop)
    }
}

/// What waits on the work list while it is proposed.
pub fn matter(id: PaymentId) -> Matter {
    Matter::new(WorkKind::ApprovalWaits, Thing::ExternalPayment, id)
}

fn likely_duplicate(earlier: &EarlierPayment) -> Refusal {
    let of = earlier.reference.as_ref().map(|text| format!(" of {text}")).unwrap_or_default();
    let words = format!(
        "The same amount{of} was recorded as received on {} by {}. If this is another payment, \
         say why.",
        earlier.received_on, earlier.recorded_by,
    );
    let refusal = Refusal::conflict("likely-duplicate", words).at("#/duplicate_reason");
    refusal.with_payment(earlier.payment_id)
}

fn key_reused() -> Refusal {
    let words = "This key was used before for another request.";
    Refusal::unprocessable("idempotency-key-reused", words).at("header:Idempotency-Key")
}
