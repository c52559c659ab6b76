//! External payments: money that reached the biller outside the portal, recorded so that the
//! book stays exact.
//!
//! What staff or an import says was received is recorded as they say ([`record_settled`]), and
//! nobody is written to: whoever took the money has told them. What the gateway says it received,
//! without a payment started here, is matched to the account it names or waits for an operator
//! ([`take`]).
//!
//! Nothing here asks the gateway. Invariant: a source and its reference post once.

mod at_gateway;
mod forget;
mod record;
mod settled;
mod unmatched;

pub use at_gateway::{MatchError, Taken, match_money, take};
pub use forget::forget_words;
pub use record::{ExternalPayment, ExternalPaymentRefusal, Recording, record_external_payment};
pub use settled::{Settled, record_settled};

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] = &[forget::SQL, unmatched::SQL];
