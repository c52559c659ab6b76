//! A payment as its payer sees it.

use receivables::api::payments::{CardForm, PaymentDocument};
use receivables::api::refunds::{DisputeRow, RefundRow};
use receivables::payment::PaymentState;

use super::dispute::{DisputeRecord, disputes_of};
use super::refund::{refund_rows, refunds_of};
use super::store::PaymentRecord;
use crate::clock::instant_text;
use crate::db::DbError;
use crate::gateway::{Intent, IntentStatus};
use crate::state::Portal;

/// What went back of a payment, and what its payer's bank questioned.
#[derive(Default)]
pub(super) struct MoneyBack {
    refunds: Vec<RefundRow>,
    disputes: Vec<DisputeRow>,
}

impl MoneyBack {
    pub async fn of(portal: &Portal, payment: &PaymentRecord) -> Result<Self, DbError> {
        if payment.state != PaymentState::Posted {
            return Ok(Self::default());
        }
        let pool = portal.db.read();
        let dispute = |dispute: DisputeRecord| DisputeRow {
            id: dispute.id,
            state: dispute.state,
            amount: dispute.amount,
            withdrawn: dispute.withdrawn.less(dispute.reinstated),
            on: portal.zone.day(dispute.changed_at),
        };
        Ok(Self {
            refunds: refund_rows(&refunds_of(pool, payment.id).await?, &portal.zone),
            disputes: disputes_of(pool, payment.id).await?.into_iter().map(dispute).collect(),
        })
    }
}

/// The document; with the card form only when `intent` is given, which is only done for the
/// session that started the payment.
pub(super) fn document(
    portal: &Portal,
    payment: &PaymentRecord,
    account_number: String,
    receipt_number: Option<String>,
    money_back: MoneyBack,
    intent: Option<&Intent>,
) -> PaymentDocument {
    let stage = payment.state.stage(payment.decline.is_some());
    let waits = payment.state == PaymentState::AwaitingPayer;
    PaymentDocument {
        id: payment.id,
        account_id: payment.account_id,
        account_number,
        stage,
        money_taken: stage.money_taken(),
        amount: payment.amount,
        received: payment.received,
        currency: payment.currency,
        tender: payment.tender,
        method: payment.method.clone(),
        preview: payment.preview.clone(),
        started_at: instant_text(payment.started_at),
        expires_at: payment.state.is_in_flight().then(|| instant_text(payment.expires_at)),
        decline: payment.decline.clone().filter(|_| waits),
        receipt_number,
        refunds: money_back.refunds,
        disputes: money_back.disputes,
        card_form: intent.filter(|_| waits).and_then(|intent| card_form(portal, intent)),
    }
}

fn card_form(portal: &Portal, intent: &Intent) -> Option<CardForm> {
    if intent.status != IntentStatus::AwaitingPayer {
        return None;
    }
    Some(CardForm {
        gateway_ref: intent.gateway_ref.clone(),
        client_secret: intent.client_secret.as_ref()?.reveal().to_owned(),
        publishable_key: portal.gateway.publishable_key().unwrap_or_default().to_owned(),
    })
}
