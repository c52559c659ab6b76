//! The gateway: the only room that names Stripe. It asks for money to be collected, says what
//! the gateway knows, and tells a real webhook from a forged one.
//!
//! It never books anything, never decides who may pay, and never lets a doubtful answer look
//! like a clear one: see [`GatewayError`].
//!
//! Invariants: every request that changes something carries the caller's idempotency key, on
//! every try the same; an answer in another mode, amount or currency than was asked for is in
//! doubt; no key, client secret or body is ever logged.

mod askable;
mod dispute;
mod error;
mod event;
mod intent;
mod minimum;
mod reference;
mod refund;
mod requests;
pub mod sandbox;
mod session;
mod settings;
mod signature;
mod transport;
mod verdict;

use std::sync::Arc;

use receivables::api::portal::GatewayMode;
use receivables::calendar::Micros;
use receivables::ids::{PaymentId, RefundId};

pub use askable::{NotAskable, askable};
pub use dispute::{Funds, GatewayDispute};
pub use error::{Doubt, GatewayError, Unclear};
pub use event::{EventHint, KINDS_OF_INTEREST};
pub use intent::{Decline, Intent, IntentStatus, MethodSummary};
pub use minimum::smallest_charge;
pub use refund::{GatewayRefund, RefundOrder, RefundStatus};
pub use requests::IntentRequest;
pub use session::CheckoutSession;
pub use settings::{GatewaySettings, SettingsProblem};
pub use signature::SignatureProblem;
pub use transport::{API_VERSION, Pause, RealPause, Surroundings, plain_client};

use crate::config::Secret;
use transport::Transport;

/// One gateway, cheap to clone.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    transport: Transport,
    mode: GatewayMode,
    publishable_key: Option<String>,
    webhook_secrets: Vec<Secret>,
}

impl Gateway {
    /// A gateway that is asked at the settings' address. Without a secret key there is none to
    /// ask: start the sandbox and use the settings it hands out.
    pub fn try_new(
        settings: GatewaySettings,
        around: Surroundings,
    ) -> Result<Self, SettingsProblem> {
        let mode = settings.mode()?;
        let key = settings.secret_key.as_ref().ok_or(SettingsProblem::NoSecretKey)?;
        let transport = Transport::try_new(&settings.base_url, key, settings.timeout, around)?;
        let GatewaySettings { publishable_key, webhook_secrets, .. } = settings;
        Ok(Self(Arc::new(Inner { transport, mode, publishable_key, webhook_secrets })))
    }

    pub fn mode(&self) -> GatewayMode {
        self.0.mode
    }

    /// The key that the payer's browser may know.
    pub fn publishable_key(&self) -> Option<&str> {
        self.0.publishable_key.as_deref()
    }

    /// Asks for a new collection. After [`GatewayError::Unclear`] ask again with the *same*
    /// request; once its key is older than 23 hours the gateway may have forgotten it, and only
    /// [`find_intent_by_payment`](Self::find_intent_by_payment) may be asked.
    pub async fn create_intent(&self, request: &IntentRequest) -> Result<Intent, GatewayError> {
        self.own_mode(requests::create_intent(&self.0.transport, request).await?)
    }

    /// What the gateway knows now, with what the payer paid with.
    pub async fn retrieve_intent(&self, gateway_ref: &str) -> Result<Intent, GatewayError> {
        self.own_mode(requests::retrieve_intent(&self.0.transport, gateway_ref).await?)
    }

    /// Cancels, or says why there is nothing to cancel: where the gateway refuses because the
    /// intent has moved on, the answer is the intent as it is. So only
    /// [`IntentStatus::Cancelled`] means cancelled. Each decision to cancel needs a key of its
    /// own, because the gateway repeats its first answer to a key for a day.
    pub async fn cancel_intent(
        &self,
        gateway_ref: &str,
        idempotency_key: &str,
    ) -> Result<Intent, GatewayError> {
        let transport = &self.0.transport;
        self.own_mode(requests::cancel_intent(transport, gateway_ref, idempotency_key).await?)
    }

    /// The intent that carries this payment's note, among those created after a time (less five
    /// minutes for the difference of clocks). `None` means that there is none.
    pub async fn find_intent_by_payment(
        &self,
        payment_id: PaymentId,
        created_after: Micros,
    ) -> Result<Option<Intent>, GatewayError> {
        let transport = &self.0.transport;
        match requests::find_intent_by_payment(transport, payment_id, created_after).await? {
            Some(intent) => self.own_mode(intent).map(Some),
            None => Ok(None),
        }
    }

    /// A payment made on the gateway's own page, as it is now.
    pub async fn retrieve_session(
        &self,
        session_ref: &str,
    ) -> Result<CheckoutSession, GatewayError> {
        self.session_of_own_mode(session::retrieve(&self.0.transport, session_ref).await?)
    }

    /// The session that made an intent, if one did.
    pub async fn find_session_by_intent(
        &self,
        gateway_ref: &str,
    ) -> Result<Option<CheckoutSession>, GatewayError> {
        let found = session::find_by_intent(&self.0.transport, gateway_ref).await?;
        found.map(|session| self.session_of_own_mode(session)).transpose()
    }

    /// Every intent created since then, of ours or not, newest first.
    pub async fn intents_after(&self, created_after: Micros) -> Result<Vec<Intent>, GatewayError> {
        let intents = requests::intents_after(&self.0.transport, created_after).await?;
        intents.into_iter().map(|intent| self.own_mode(intent)).collect()
    }

    /// Asks for money to be given back. In doubt, ask again with the *same* order, as for
    /// [`create_intent`](Self::create_intent); later only [`find_refund`](Self::find_refund).
    pub async fn create_refund(&self, order: &RefundOrder) -> Result<GatewayRefund, GatewayError> {
        refund::create_refund(&self.0.transport, order).await
    }

    pub async fn retrieve_refund(&self, gateway_ref: &str) -> Result<GatewayRefund, GatewayError> {
        refund::retrieve_refund(&self.0.transport, gateway_ref).await
    }

    /// The refund of an intent that carries this refund's note; `None` means there is none.
    pub async fn find_refund(
        &self,
        refund_id: RefundId,
        intent_ref: &str,
    ) -> Result<Option<GatewayRefund>, GatewayError> {
        refund::find_refund(&self.0.transport, refund_id, intent_ref).await
    }

    pub async fn retrieve_dispute(
        &self,
        gateway_ref: &str,
    ) -> Result<GatewayDispute, GatewayError> {
        let dispute = dispute::retrieve_dispute(&self.0.transport, gateway_ref).await?;
        if self.is_own_mode(dispute.livemode) {
            Ok(dispute)
        } else {
            Err(GatewayError::unclear(Doubt::AnswerDiffers, None))
        }
    }

    /// What webhooks may have missed, oldest first. It may repeat events already seen.
    pub async fn events_after(
        &self,
        last_seen: Option<&str>,
        created_after: Micros,
    ) -> Result<Vec<EventHint>, GatewayError> {
        requests::events_after(&self.0.transport, last_seen, created_after).await
    }

    /// Whether these raw bytes came from the gateway, and what they hint at.
    pub fn verify_webhook(
        &self,
        raw: &[u8],
        header: Option<&str>,
        now: Micros,
    ) -> Result<EventHint, SignatureProblem> {
        signature::verify(&self.0.webhook_secrets, raw, header, now)
    }

    /// Whether an object belongs to the mode we run in. An event of the other mode is to be set
    /// aside, never applied.
    pub fn is_own_mode(&self, livemode: bool) -> bool {
        livemode == (self.0.mode == GatewayMode::Live)
    }

    fn session_of_own_mode(
        &self,
        session: CheckoutSession,
    ) -> Result<CheckoutSession, GatewayError> {
        if self.is_own_mode(session.livemode) {
            Ok(session)
        } else {
            Err(GatewayError::unclear(Doubt::AnswerDiffers, None))
        }
    }

    fn own_mode(&self, intent: Intent) -> Result<Intent, GatewayError> {
        if self.is_own_mode(intent.livemode) {
            Ok(intent)
        } else {
            Err(GatewayError::unclear(Doubt::AnswerDiffers, None))
        }
    }
}
