//! Cancelling and expiring: the gateway first, and only its confirmed cancel frees the
//! reservation. "Already succeeded" posts the money instead.

use receivables::calendar::Micros;
use receivables::ids::{AccountId, PaymentId};
use receivables::payment::{PaymentEvent, PaymentState};
use sqlx::{AnyConnection, Row};

use super::news::{self, Answered, Facts, NewsOutcome};
use super::store::{self, PaymentRecord};
use crate::accounts;
use crate::db::{Command, DbError};
use crate::gateway::GatewayError;
use crate::state::Shared;

/// How many cancels were tried before: each decision to cancel has a key of its own, because
/// the gateway repeats its first answer to a key.
const CANCELS_BEFORE: &str = "
select count(*) from payment_attempt where payment_id = $1 and operation = 'cancel'";

pub(super) const SQL: &[&str] = &[CANCELS_BEFORE];

/// What came of a wish to cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// The payment's state now; cancelled only if it says so.
    Now(PaymentState),
    /// No clear answer; it stays as it is and the sweep looks again.
    InDoubt,
}

/// The payer's wish.
pub async fn cancel(portal: &Shared, payment: &PaymentRecord) -> Result<Cancelled, DbError> {
    end(portal, payment).await
}

/// Time is up. Told from a wish by the clock: see [`news::take`].
pub async fn expire(portal: &Shared, payment: &PaymentRecord) -> Result<Cancelled, DbError> {
    end(portal, payment).await
}

async fn end(portal: &Shared, payment: &PaymentRecord) -> Result<Cancelled, DbError> {
    if payment.state.is_final() {
        return Ok(Cancelled::Now(payment.state));
    }
    // Without an intent there is nothing to cancel yet, and it cannot be known whether there is
    // one: the sweep finds out first.
    let Some(gateway_ref) = &payment.gateway_ref else { return Ok(Cancelled::InDoubt) };
    let now = portal.now();
    let PaymentRecord { id: payment_id, account_id, .. } = *payment;
    let gateway_key = portal.db.write(WriteCancel { payment_id, account_id, now }).await?;
    let answered = Answered { gateway_key: gateway_key.clone(), outcome: "answered".into() };
    match portal.gateway.cancel_intent(gateway_ref, &gateway_key).await {
        Ok(intent) => match news::take(portal, payment, &intent, Some(&answered)).await? {
            NewsOutcome::Taken(state) => Ok(Cancelled::Now(state)),
            NewsOutcome::Waits => Ok(Cancelled::InDoubt),
            // Not as it was asked for: a person has to look.
            NewsOutcome::SetAside(_) => Ok(Cancelled::Now(PaymentState::Unknown)),
        },
        Err(error) => {
            tracing::warn!(payment = %payment.id, %error, "the cancel has no clear answer");
            // A cancel in doubt does not put the money in doubt: the intent is as it was, or
            // cancelled. The sweep asks again.
            if matches!(error, GatewayError::NotThere) {
                let event = PaymentEvent::NoClearAnswer;
                news::happen(portal, payment.id, event, Facts::default(), None).await?;
                return Ok(Cancelled::Now(PaymentState::Unknown));
            }
            Ok(Cancelled::InDoubt)
        }
    }
}

/// Commits the key of a cancel before it is sent.
struct WriteCancel {
    payment_id: PaymentId,
    account_id: AccountId,
    now: Micros,
}

impl Command for WriteCancel {
    type Reply = String;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<String, DbError> {
        // Two wishes at once are counted one after the other.
        accounts::lock(tx, self.account_id).await?;
        let id = self.payment_id;
        let query = sqlx::query(CANCELS_BEFORE).bind(id.to_string());
        let before: i64 = query.fetch_one(&mut *tx).await?.try_get(0)?;
        let key = format!("pd_{id}_cancel_{}", before + 1);
        store::write_attempt(tx, id, "cancel", &key, self.now).await?;
        Ok(key)
    }
}
