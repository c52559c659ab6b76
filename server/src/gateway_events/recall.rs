//! After a restore: the intents of ours that the gateway knows and this database does not. The
//! note on each says which payment and whose account it is.

use receivables::calendar::Micros;

use super::apply::{NotNow, apply_intent};
use crate::gateway::{Intent, IntentStatus};
use crate::payments;
use crate::state::Shared;

/// What was found by notes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recalled {
    /// Intents whose payment is not here.
    pub unknown: u32,
    /// Of those, still at the bank: posted when they arrive.
    pub on_their_way: u32,
}

/// Posts what succeeded, oldest first. What still waits for its payer is cancelled: a card given
/// to it now would pay beside the payment that its payer is going to start again.
pub async fn recall(portal: &Shared, since: Micros) -> Result<Recalled, NotNow> {
    let mut recalled = Recalled::default();
    let mut intents = portal.gateway.intents_after(since).await?;
    intents.sort_by_key(|intent| intent.created);
    for intent in intents {
        let Some(payment_id) = intent.payment_id else { continue };
        if payments::find(portal.db.read(), payment_id).await?.is_some() {
            continue;
        }
        recalled.unknown += 1;
        let now = still_open(portal, &intent, &format!("pd_{payment_id}_recall")).await?;
        match now {
            IntentStatus::Processing | IntentStatus::AwaitingCapture => recalled.on_their_way += 1,
            _ => {
                let outcome = apply_intent(portal, &intent.gateway_ref, None).await?;
                tracing::info!(payment = %payment_id, outcome, "recalled from the gateway");
            }
        }
    }
    Ok(recalled)
}

async fn still_open(portal: &Shared, intent: &Intent, key: &str) -> Result<IntentStatus, NotNow> {
    if intent.status != IntentStatus::AwaitingPayer {
        return Ok(intent.status);
    }
    Ok(portal.gateway.cancel_intent(&intent.gateway_ref, key).await?.status)
}
