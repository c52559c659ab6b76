//! What a payer is told when the gateway did not take a payment up: no money can have been
//! taken, the payment has failed, its bills are free, and a new one may be started.

use std::time::Duration;

use receivables::ids::PaymentId;

use crate::gateway::GatewayError;
use crate::problem::Refusal;

/// Seconds after which asking again is worth it, where the gateway does not say.
const SOON: u32 = 5;
/// Somebody has to set another key first.
const LATER: u32 = 60;

/// A refusal for what a clear answer said. The gateway being busy, or not knowing us, is no
/// fault of the payment: the same amount may be paid in a moment.
pub(super) fn not_taken_up(error: &GatewayError, id: PaymentId) -> Refusal {
    let unavailable = |seconds| {
        let words = "The card service cannot be asked right now. No money has been taken.";
        Refusal::unavailable("gateway-unavailable", words).retry_after(seconds)
    };
    let refusal = match error {
        GatewayError::Busy { retry_after } => {
            tracing::warn!(payment = %id, %error, "a payment was not taken up");
            unavailable(retry_after.map_or(SOON, seconds).clamp(1, LATER))
        }
        GatewayError::KeyNotAccepted { .. } => {
            tracing::error!(payment = %id, %error, "no payment can be taken up");
            unavailable(LATER)
        }
        _ => {
            tracing::error!(payment = %id, %error, "the gateway refused a payment");
            let words = "The card service did not accept this payment. No money has been taken.";
            Refusal::unprocessable("gateway-refused", words)
        }
    };
    refusal.with_payment(id)
}

fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(LATER)
}
