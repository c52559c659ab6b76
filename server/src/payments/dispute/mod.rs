//! Disputes: a payer's bank questions a payment, takes its money, and decides.
//!
//! An open dispute blocks refunds and leaves everything as it is. Withdrawn money re-opens bills
//! as a refund does; money that comes back is posted again, once. Events come twice, late and
//! out of order, so none is acted upon: the dispute is retrieved, and the book is brought to
//! what it says now.
//!
//! Invariant: a dispute is withdrawn and reinstated at most once each, in that order.

mod news;
mod store;
mod trail;

pub use news::{DisputeNews, take_dispute};
pub(super) use store::{DisputeRecord, disputes_of, is_open};

pub(super) use store::SQL;
