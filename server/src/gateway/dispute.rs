//! The gateway's dispute, read narrowly.

use miniserde::Deserialize;
use receivables::calendar::Micros;
use receivables::dispute::DisputeState;
use receivables::money::{Currency, MinorUnits};
use stripe_client_core::{RequestBuilder, StripeMethod};

use super::error::{Doubt, GatewayError};
use super::intent::is_object_ref;
use super::reference::{Reference, name_of};
use super::transport::Transport;

/// What a payer's bank questions, as the gateway sees it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayDispute {
    pub gateway_ref: String,
    pub state: DisputeState,
    pub amount: MinorUnits,
    pub currency: Currency,
    /// The intent whose money is disputed.
    pub intent_ref: Option<String>,
    pub reason: String,
    /// The bank took the money; and it came back.
    pub funds: Funds,
    pub livemode: bool,
    pub created: Micros,
}

/// Where the disputed money is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Funds {
    NeverLeft,
    Withdrawn,
    Reinstated,
}

#[derive(Deserialize)]
struct DisputeAnswer {
    id: String,
    status: String,
    amount: i64,
    currency: String,
    payment_intent: Option<Reference>,
    reason: Option<String>,
    /// At most two: money that left, and money that came back. They are counted in the currency
    /// of our account there, so only which way they go is read.
    balance_transactions: Option<Vec<Movement>>,
    livemode: bool,
    created: i64,
}

#[derive(Deserialize)]
struct Movement {
    amount: i64,
}

pub(super) async fn retrieve_dispute(
    transport: &Transport,
    gateway_ref: &str,
) -> Result<GatewayDispute, GatewayError> {
    if !is_object_ref(gateway_ref) {
        return Err(GatewayError::NotThere);
    }
    // One plain read: the published builder would bring its whole family with it.
    let request = RequestBuilder::new(StripeMethod::Get, format!("/disputes/{gateway_ref}"));
    let answer = request.customize::<DisputeAnswer>().send(transport).await?;
    if answer.id != gateway_ref {
        return Err(GatewayError::unclear(Doubt::AnswerDiffers, None));
    }
    read(answer)
}

fn read(answer: DisputeAnswer) -> Result<GatewayDispute, GatewayError> {
    let unreadable = || GatewayError::unclear(Doubt::Unreadable { status: 200 }, None);
    let state = match answer.status.as_str() {
        "warning_needs_response" | "warning_under_review" | "needs_response" | "under_review" => {
            DisputeState::Open
        }
        "won" => DisputeState::Won,
        "lost" => DisputeState::Lost,
        "warning_closed" | "prevented" => DisputeState::Closed,
        _ => return Err(unreadable()),
    };
    let movements = answer.balance_transactions.unwrap_or_default();
    let funds = match () {
        () if movements.iter().any(|movement| movement.amount > 0) => Funds::Reinstated,
        () if movements.iter().any(|movement| movement.amount < 0) => Funds::Withdrawn,
        () => Funds::NeverLeft,
    };
    let currency = Currency::parse(&answer.currency.to_ascii_uppercase());
    Ok(GatewayDispute {
        gateway_ref: answer.id,
        state,
        amount: MinorUnits::new(answer.amount.max(0)),
        currency: currency.map_err(|_| unreadable())?,
        intent_ref: answer.payment_intent.as_ref().and_then(name_of),
        reason: answer.reason.unwrap_or_default(),
        funds,
        livemode: answer.livemode,
        created: Micros(0).plus_seconds(answer.created),
    })
}
