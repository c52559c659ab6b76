//! Deciding on an adjustment: approving or declining a write-off that somebody else proposed,
//! and taking back what was posted.

use axum::http::StatusCode;
use receivables::api::corrections::{AdjustmentDocument, AdjustmentState};
use receivables::ids::AdjustmentId;
use sqlx::AnyConnection;

use super::effect::{effect_of, post, reversal_of};
use super::propose::{document, matter};
use super::store::{self, AdjustmentRecord, Signature};
use crate::accounts;
use crate::db::{Command, DbError};
use crate::ledger::PostingKind;
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller, Resource, StaffMember, require};
use crate::state::Shared;
use crate::work_list;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Approve,
    Decline,
    /// Takes back what was posted.
    Reverse,
}

impl Decision {
    /// Where a decision leads from where; every other pair is refused.
    const TRANSITIONS: [(AdjustmentState, Self, AdjustmentState); 3] = [
        (AdjustmentState::Proposed, Self::Approve, AdjustmentState::Posted),
        (AdjustmentState::Proposed, Self::Decline, AdjustmentState::Declined),
        (AdjustmentState::Posted, Self::Reverse, AdjustmentState::Reversed),
    ];

    fn leads_to(self, from: AdjustmentState) -> Option<AdjustmentState> {
        let found = Self::TRANSITIONS.iter().find(|row| (row.0, row.1) == (from, self));
        found.map(|(_, _, to)| *to)
    }

    const fn action(self) -> Action {
        match self {
            Self::Approve => Action::Approve,
            Self::Decline => Action::Decline,
            Self::Reverse => Action::Reverse,
        }
    }

    const fn result(self) -> AdjustmentState {
        match self {
            Self::Approve => AdjustmentState::Posted,
            Self::Decline => AdjustmentState::Declined,
            Self::Reverse => AdjustmentState::Reversed,
        }
    }
}

/// Decides on an adjustment. The same decision by the same operator again changes nothing.
pub async fn decide(
    portal: &Shared,
    caller: Caller,
    id: AdjustmentId,
    decision: Decision,
    dry_run: bool,
) -> Result<AdjustmentDocument, Refusal> {
    // Whose the proposal is, is seen below; whoever may decide on none learns nothing of it.
    let own = decision == Decision::Decline;
    let operator = caller.clone().staff(decision.action(), Resource::Proposal { own })?;
    let portal_ = portal.clone();
    portal.db.write(Decide { portal: portal_, caller, operator, id, decision, dry_run }).await?
}

struct Decide {
    portal: Shared,
    caller: Caller,
    operator: StaffMember,
    id: AdjustmentId,
    decision: Decision,
    dry_run: bool,
}

impl Command for Decide {
    type Reply = Result<AdjustmentDocument, Refusal>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Self::Reply, DbError> {
        let Some(found) = store::find(&mut *tx, self.id).await? else {
            return Ok(Err(Refusal::not_found()));
        };
        let Some(account) = accounts::lock(tx, found.account_id).await? else {
            return Ok(Err(Refusal::not_found()));
        };
        // Read again under the lock: another operator may have decided meanwhile.
        let Some(mut adjustment) = store::find(&mut *tx, self.id).await? else {
            return Ok(Err(Refusal::not_found()));
        };
        let from = adjustment.state;
        let mine =
            self.signed_by(&adjustment).is_some_and(|signed| signed.by == self.operator.name);
        if from == self.decision.result() && mine {
            return Ok(Ok(document(&adjustment, account.currency, None)));
        }
        let Some(to) = self.decision.leads_to(from) else {
            let words = format!("This has been decided already: it is {}.", from.code());
            return Ok(Err(Refusal::conflict("invalid-state", words)));
        };
        if self.portal.book.is_halted() {
            return Ok(Err(Refusal::books_halted()));
        }
        if let Err(refusal) = self.may_decide(&adjustment) {
            return Ok(Err(refusal));
        }
        let worked_out = match self.decision {
            Decision::Approve => effect_of(tx, &adjustment).await?.map(Some),
            Decision::Reverse => reversal_of(tx, &adjustment).await?.map(Some),
            Decision::Decline => Ok(None),
        };
        let effect = match worked_out {
            Ok(effect) => effect,
            Err(refusal) => return Ok(Err(refusal)),
        };
        adjustment.state = to;
        let signature = Some(Signature { by: self.operator.name.clone(), at: self.portal.now() });
        match self.decision {
            Decision::Reverse => adjustment.reversed = signature,
            Decision::Approve | Decision::Decline => adjustment.decided = signature,
        }
        if !self.dry_run {
            store::change(tx, &adjustment, from).await?;
            if from == AdjustmentState::Proposed {
                let ending = format!("resolved: {}", to.code());
                let now = self.portal.now();
                work_list::close(tx, &matter(adjustment.id), &ending, now).await?;
            }
            if let Some(effect) = &effect {
                let kind = match self.decision {
                    Decision::Reverse => PostingKind::AdjustmentReversed,
                    Decision::Approve | Decision::Decline => PostingKind::WriteOff,
                };
                post(tx, &self.portal, &account, &adjustment, kind, effect).await?;
            }
        }
        let mut document = document(&adjustment, account.currency, effect.as_ref());
        document.dry_run = self.dry_run;
        Ok(Ok(document))
    }
}

impl Decide {
    fn may_decide(&self, adjustment: &AdjustmentRecord) -> Result<(), Refusal> {
        let own = adjustment.proposed_by == self.operator.name;
        require(&self.caller, self.decision.action(), Resource::Proposal { own })?;
        let approves = self.decision == Decision::Approve;
        if approves && !self.operator.is_surely_another(&adjustment.proposed_by) {
            let words = "This was proposed by somebody who came in another way: with a key and \
                not by the company's sign-in, or the reverse. That could be you. Let somebody \
                approve it who came in as they did.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "own-proposal", words));
        }
        Ok(())
    }

    fn signed_by<'a>(&self, adjustment: &'a AdjustmentRecord) -> Option<&'a Signature> {
        match self.decision {
            Decision::Reverse => adjustment.reversed.as_ref(),
            Decision::Approve | Decision::Decline => adjustment.decided.as_ref(),
        }
    }
}
