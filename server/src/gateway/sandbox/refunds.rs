//! Refunds: made by the secret key, and brought to their end by time or by a tester's wish. Those
//! to bank accounts are under way for a while; any can fail, also after it succeeded.

use serde::Deserialize;
use sqlx::AnyConnection;

use super::cards::Post;
use super::desk::{Desk, Occasion};
use super::intents::{
    ChargeStatus, DEBIT_SECONDS, RefundStatus, SandboxCharge, SandboxIntent, SandboxRefund,
};
use super::problem::Problem;
use super::requests::{Ask, Outcome};
use super::{render, store};
use crate::db::{Command, DbError};

/// How a refund ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundEnd {
    Succeed,
    Fail,
    Cancel,
}

pub(super) struct EndRefund {
    pub occasion: Occasion,
    pub refund_id: String,
    pub end: RefundEnd,
}

impl Command for EndRefund {
    /// Whether there is such a refund. An end that its state does not allow changes nothing.
    type Reply = bool;

    async fn apply<'c>(&'c self, tx: &'c mut AnyConnection) -> Result<bool, DbError> {
        let mut desk = Desk::open(tx, &self.occasion, None).await?;
        let Some(refund) = store::load::<SandboxRefund>(desk.tx, &self.refund_id).await? else {
            return Ok(false);
        };
        desk.end_refund(refund, self.end).await?;
        Ok(true)
    }
}

impl Desk<'_> {
    async fn end_refund(
        &mut self,
        mut refund: SandboxRefund,
        end: RefundEnd,
    ) -> Result<(), DbError> {
        let (status, kind) = match (refund.status, end) {
            (RefundStatus::Pending, RefundEnd::Succeed) => {
                (RefundStatus::Succeeded, "refund.updated")
            }
            (RefundStatus::Pending, RefundEnd::Cancel) => {
                (RefundStatus::Canceled, "refund.updated")
            }
            (RefundStatus::Pending | RefundStatus::Succeeded, RefundEnd::Fail) => {
                (RefundStatus::Failed, "refund.failed")
            }
            _ => return Ok(()),
        };
        refund.status = status;
        refund.settles_at = None;
        if status != RefundStatus::Succeeded
            && let Some(mut charge) =
                store::load::<SandboxCharge>(self.tx, &refund.charge_id).await?
        {
            charge.amount_refunded = charge.amount_refunded.saturating_sub(refund.amount);
            store::put(self.tx, &charge).await?;
        }
        store::put(self.tx, &refund).await?;
        self.announce(kind, render::refund(&refund), Post::PROMPT).await
    }

    pub async fn make_refund(&mut self, ask: Ask) -> Outcome {
        let Ask::Refund { intent_id, charge_id, amount, reason, metadata } = ask else {
            return Ok(Err(Problem::broken()));
        };
        let found = self.charge_to_refund(intent_id, charge_id).await?;
        let mut charge = match found {
            Ok(charge) => charge,
            Err(problem) => return Ok(Err(problem)),
        };
        if charge.disputed {
            let message = "This charge is disputed, so it cannot be refunded.";
            return Ok(Err(Problem::invalid(Some("charge_disputed"), "", message)));
        }
        let left = charge.amount.saturating_sub(charge.amount_refunded);
        let amount = amount.unwrap_or(left);
        if charge.status != ChargeStatus::Succeeded {
            let message = "This charge has not succeeded, so it cannot be refunded.";
            return Ok(Err(Problem::invalid(None, "", message)));
        }
        if left == 0 {
            let message = format!("Charge {} has already been refunded.", charge.id);
            return Ok(Err(Problem::invalid(Some("charge_already_refunded"), "", message)));
        }
        if !(1..=left).contains(&amount) {
            let message = format!("Refund amount is greater than what is left ({left}).");
            return Ok(Err(Problem::invalid(None, "amount", message)));
        }
        charge.amount_refunded = charge.amount_refunded.saturating_add(amount);
        let now = self.now.unix_seconds();
        let (status, settles_at) = match charge.card.is_bank_account() {
            true => (RefundStatus::Pending, Some(now.saturating_add(DEBIT_SECONDS))),
            false => (RefundStatus::Succeeded, None),
        };
        let refund = SandboxRefund {
            id: self.names.draw("re"),
            intent_id: charge.intent_id.clone(),
            charge_id: charge.id.clone(),
            amount,
            currency: charge.currency.clone(),
            reason,
            metadata,
            created: now,
            status,
            settles_at,
        };
        store::put(self.tx, &refund).await?;
        store::put(self.tx, &charge).await?;
        let rendered = render::refund(&refund);
        self.announce("refund.created", rendered.clone(), Post::PROMPT).await?;
        self.announce("charge.refunded", render::charge(&charge), Post::PROMPT).await?;
        Ok(Ok(rendered))
    }

    async fn charge_to_refund(
        &mut self,
        intent_id: Option<String>,
        charge_id: Option<String>,
    ) -> Result<Result<SandboxCharge, Problem>, DbError> {
        let charge_id = match (intent_id, charge_id) {
            (None, Some(charge_id)) => charge_id,
            (Some(id), None) => match store::load::<SandboxIntent>(self.tx, &id).await? {
                None => {
                    return Ok(Err(Problem::no_such("payment_intent", &id, "payment_intent")));
                }
                Some(SandboxIntent { latest_charge: Some(charge_id), .. }) => charge_id,
                Some(_) => {
                    let message = "This PaymentIntent does not have a successful charge.";
                    return Ok(Err(Problem::invalid(None, "payment_intent", message)));
                }
            },
            _ => {
                let message = "One of the params is required: payment_intent or charge.";
                return Ok(Err(Problem::invalid(Some("parameter_missing"), "", message)));
            }
        };
        let charge = store::load(self.tx, &charge_id).await?;
        Ok(charge.ok_or_else(|| Problem::no_such("charge", &charge_id, "charge")))
    }
}
