//! A payment as its payer sees it.

use receivables::api::payments::{CardForm, PaymentDocument};
use receivables::payment::PaymentState;

use super::store::PaymentRecord;
use crate::clock::instant_text;
use crate::gateway::{Intent, IntentStatus};
use crate::state::Portal;

/// The document; with the card form only when `intent` is given, which is only done for the
/// session that started the payment.
pub fn document(
    portal: &Portal,
    payment: &PaymentRecord,
    account_number: String,
    receipt_number: Option<String>,
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
