//! Refunds: money of a posted payment goes back to its payer, in one step.
//!
//! A refund, its keys and its amount are committed before the gateway is asked ([`request`]); the
//! book moves when the gateway says that the money went back ([`news`]), and back again when it
//! says later that this failed. Payments that no gateway of ours took are given back by staff
//! themselves, and only recorded.
//!
//! Invariant: of a payment, what is refunded, on its way and withdrawn is never more than what
//! was received, under any concurrency: a conditional update under the account's lock, and the
//! table's own check behind it.

mod ask;
mod document;
mod letter;
mod news;
mod request;
mod routes;
mod store;
mod trail;

pub use ask::sweep_refunds;
pub(super) use document::refund_rows;
pub use news::{RefundNews, take as take_refund};
pub use request::{RefundOutcome, Refunding, may_refund, preview_refund, refund};
pub(super) use routes::router;
pub use store::{RefundRecord, find_refund, refunds_of};

pub(super) use request::SQL as REQUEST_SQL;
pub(super) use store::SQL as STORE_SQL;
