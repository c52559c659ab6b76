//! External payments: money that reached the biller outside the portal, recorded so that the
//! book stays exact.
//!
//! What an import says was received is recorded as it says ([`record_settled`]), and nobody is
//! written to: whoever took the money has told them. What staff say is recorded by them, with a
//! preview, a receipt, and above a limit another's approval ([`staff_router`]). What the gateway
//! says it received, without a payment started here, is matched to the account it names or waits
//! for an operator ([`take`]). What a file says was received is matched or waits in the same way
//! ([`take_filed`]).
//!
//! Nothing here asks the gateway. Invariant: a source and its reference post once.

mod at_gateway;
mod by_staff;
mod filed;
mod forget;
mod match_routes;
mod record;
mod settled;
mod unmatched;

pub use at_gateway::{MatchError, Taken, match_money, take};
pub use by_staff::{Recorded, record_by_staff};
pub use filed::{Filed, FiledOutcome, known_filed, look_at_filed, take_filed};
pub use forget::forget_words;
pub use match_routes::staff_router;
pub use record::{ExternalPayment, ExternalPaymentRefusal, Recording, record_external_payment};
pub use settled::{Settled, record_settled};

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] =
    &[by_staff::EARLIER_SQL, by_staff::STORE_SQL, filed::SQL, forget::SQL, unmatched::SQL];
