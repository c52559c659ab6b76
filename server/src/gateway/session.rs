//! The gateway's checkout session, read narrowly: a payment made on the gateway's own page, by
//! a payment link or a checkout of the biller's. It holds what the intent does not say: the
//! reference the link was given.

use miniserde::Deserialize;
use miniserde::json::Value;
use serde::Serialize;
use stripe_client_core::{RequestBuilder, StripeMethod};

use super::error::{Doubt, GatewayError};
use super::intent::is_object_ref;
use super::requests::Page;
use super::transport::Transport;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutSession {
    pub session_ref: String,
    /// What the link said. The payer can change it: a claim, not a proof.
    pub reference: Option<String>,
    /// Where its money is; none on a session that moves no money by itself.
    pub intent_ref: Option<String>,
    pub is_paid: bool,
    pub livemode: bool,
}

#[derive(Deserialize)]
struct SessionAnswer {
    id: String,
    client_reference_id: Option<String>,
    /// A name, or the whole intent.
    payment_intent: Option<Value>,
    payment_status: String,
    livemode: bool,
}

impl From<SessionAnswer> for CheckoutSession {
    fn from(answer: SessionAnswer) -> Self {
        let intent_ref = match answer.payment_intent {
            Some(Value::String(name)) => Some(name),
            Some(Value::Object(intent)) => match intent.get("id") {
                Some(Value::String(name)) => Some(name.clone()),
                _ => None,
            },
            _ => None,
        };
        Self {
            session_ref: answer.id,
            reference: answer.client_reference_id.filter(|text| !text.is_empty()),
            intent_ref,
            is_paid: answer.payment_status == "paid",
            livemode: answer.livemode,
        }
    }
}

/// The session as it is now.
pub(super) async fn retrieve(
    transport: &Transport,
    session_ref: &str,
) -> Result<CheckoutSession, GatewayError> {
    if !(session_ref.starts_with("cs_") && is_object_ref(session_ref)) {
        return Err(GatewayError::NotThere);
    }
    let path = format!("/checkout/sessions/{session_ref}");
    let request = RequestBuilder::new(StripeMethod::Get, path).customize::<SessionAnswer>();
    let session = CheckoutSession::from(request.send(transport).await?);
    if session.session_ref == session_ref {
        Ok(session)
    } else {
        Err(GatewayError::unclear(Doubt::AnswerDiffers, None))
    }
}

#[derive(Serialize)]
struct OfIntent<'i> {
    payment_intent: &'i str,
    limit: u8,
}

/// The session an intent was made by, if it was made by one.
pub(super) async fn find_by_intent(
    transport: &Transport,
    intent_ref: &str,
) -> Result<Option<CheckoutSession>, GatewayError> {
    let request = RequestBuilder::new(StripeMethod::Get, "/checkout/sessions")
        .query(&OfIntent { payment_intent: intent_ref, limit: 1 })
        .customize::<Page<SessionAnswer>>();
    let found = request.send(transport).await?.data.into_iter().next();
    let found = found.map(CheckoutSession::from);
    match &found {
        Some(session) if session.intent_ref.as_deref() != Some(intent_ref) => {
            Err(GatewayError::unclear(Doubt::AnswerDiffers, None))
        }
        _ => Ok(found),
    }
}
