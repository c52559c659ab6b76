//! External payments: money that reached the biller outside the portal, recorded so that the
//! book stays exact.
//!
//! Nothing here asks a gateway or writes to the payer: whoever took the money has told them.
//! Invariant: a source and its reference post once.

mod record;
mod settled;

pub use record::{ExternalPayment, ExternalPaymentRefusal, Recording, record_external_payment};
pub use settled::{Settled, record_settled};
