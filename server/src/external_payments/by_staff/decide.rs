//! Deciding on an external payment that waits: another member of staff approves it, which posts
//! it, or somebody declines it.

use axum::http::StatusCode;
use receivables::api::external_payments::{ExternalPaymentDocument, ExternalPaymentState};
use receivables::ids::PaymentId;
use sqlx::AnyConnection;

use super::post::{Beside, document, post_recorded, split_of, view};
use super::record::matter;
use super::store::{self, StaffRecord};
use crate::accounts::{self, LockedAccount};
use crate::db::{Command, DbError};
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller, Resource, StaffMember, require};
use crate::state::Shared;
use crate::work_list;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Approve,
    Decline,
}

impl Decision {
    const fn action(self) -> Action {
        match self {
            Self::Approve => Action::Approve,
            Self::Decline => Action::Decline,
        }
    }

    const fn result(self) -> ExternalPaymentState {
        match self {
            Self::Approve => ExternalPaymentState::Posted,
            Self::Decline => ExternalPaymentState::Declined,
        }
    }
}

/// Decides on it. The same decision by the same member of staff again changes nothing.
pub async fn decide(
    portal: &Shared,
    caller: Caller,
    id: PaymentId,
    decision: Decision,
    dry_run: bool,
) -> Result<ExternalPaymentDocument, Refusal> {
    // Whose it is, is seen below; whoever may decide on none learns nothing of it.
    let own = decision == Decision::Decline;
    let staff = caller.clone().staff(decision.action(), Resource::Proposal { own })?;
    let command = Decide { portal: portal.clone(), caller, staff, id, decision, dry_run };
    let answer = portal.db.write(command).await?;
    portal.work.outbox.notify_one();
    answer
}

struct Decide {
    portal: Shared,
    caller: Caller,
    staff: StaffMember,
    id: PaymentId,
    decision: Decision,
    dry_run: bool,
}

impl Command for Decide {
    type Reply = Result<ExternalPaymentDocument, Refusal>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Self::Reply, DbError> {
        let Some(found) = store::find(&mut *tx, self.id).await? else {
            return Ok(Err(Refusal::not_found()));
        };
        let Some(account) = accounts::lock(tx, found.account_id).await? else {
            return Ok(Err(Refusal::not_found()));
        };
        // Read again under the lock: somebody else may have decided meanwhile.
        let Some(mut record) = store::find(&mut *tx, self.id).await? else {
            return Ok(Err(Refusal::not_found()));
        };
        let mine = record.decided_by.as_ref() == Some(&self.staff.name);
        if record.state == self.decision.result() && mine {
            return Ok(Ok(document(&record, Beside::default())));
        }
        if record.state != ExternalPaymentState::Proposed {
            let words = format!("This has been decided already: it is {}.", record.state.code());
            return Ok(Err(Refusal::conflict("invalid-state", words)));
        }
        if self.portal.book.is_halted() {
            return Ok(Err(Refusal::books_halted()));
        }
        if let Err(refusal) = self.may_decide(&record) {
            return Ok(Err(refusal));
        }
        record.state = self.decision.result();
        record.decided_by = Some(self.staff.name.clone());
        record.decided_at = Some(self.portal.now());
        self.write(tx, &account, record).await.map(Ok)
    }
}

impl Decide {
    async fn write(
        &self,
        tx: &mut AnyConnection,
        account: &LockedAccount,
        mut record: StaffRecord,
    ) -> Result<ExternalPaymentDocument, DbError> {
        let (now, dry_run) = (self.portal.now(), self.dry_run);
        let mut beside = Beside { dry_run, ..Beside::default() };
        if !dry_run {
            store::decide(tx, &record, (&self.staff.name, now)).await?;
            let ending = format!("resolved: {}", record.state.code());
            work_list::close(tx, &matter(record.id), &ending, now).await?;
        }
        if self.decision == Decision::Approve {
            let view = view(tx, &self.portal, account, &record).await?;
            let split = split_of(&view, &record)?;
            if !dry_run {
                let posted = (&mut record, &split);
                post_recorded(tx, &self.portal, account, &view, posted).await?;
            }
            beside.preview = Some(split);
        }
        Ok(document(&record, beside))
    }

    fn may_decide(&self, record: &StaffRecord) -> Result<(), Refusal> {
        let own = record.recorded_by == self.staff.name;
        require(&self.caller, self.decision.action(), Resource::Proposal { own })?;
        let approves = self.decision == Decision::Approve;
        if approves && !self.staff.is_surely_another(&record.recorded_by) {
            let words = "This was recorded by somebody who came in another way: with a key and \
                not by the company's sign-in, or the reverse. That could be you. Let somebody \
                approve it who came in as they did.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "own-proposal", words));
        }
        Ok(())
    }
}
