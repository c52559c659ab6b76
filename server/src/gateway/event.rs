//! A gateway event, taken as a hint that an object changed and never as the change itself:
//! events come twice, late and out of order, the object itself is always current.

use miniserde::Deserialize;
use receivables::calendar::Micros;

/// Where to look: which object changed, and how the event called it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventHint {
    pub event_id: String,
    pub kind: String,
    pub object_id: Option<String>,
    pub object_type: Option<String>,
    pub livemode: bool,
    pub created: Micros,
}

/// The kinds of event that can change a payment of ours; what the webhook should be set to
/// send, and what the sweep asks for.
pub const KINDS_OF_INTEREST: [&str; 16] = [
    "payment_intent.succeeded",
    "payment_intent.processing",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "payment_intent.requires_action",
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
    "refund.created",
    "refund.updated",
    "refund.failed",
];

#[derive(Deserialize)]
pub(super) struct EventAnswer {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    livemode: bool,
    created: i64,
    data: EventData,
}

#[derive(Deserialize)]
struct EventData {
    object: EventObject,
}

#[derive(Deserialize)]
struct EventObject {
    id: Option<String>,
    object: Option<String>,
}

impl From<EventAnswer> for EventHint {
    fn from(answer: EventAnswer) -> Self {
        Self {
            event_id: answer.id,
            kind: answer.kind,
            object_id: answer.data.object.id,
            object_type: answer.data.object.object,
            livemode: answer.livemode,
            created: Micros(0).plus_seconds(answer.created),
        }
    }
}
