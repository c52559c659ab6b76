//! Payments: money towards an account, from the first press to the posting.
//!
//! A payment, its key and its reservation are committed before the gateway is asked ([`start`]);
//! what the gateway says is taken in one place ([`news`]); money is posted in one place
//! ([`post`]), for every tender. States change only by the table in
//! `receivables::payment::TRANSITIONS`.
//!
//! Money goes back by a [`refund`] or a dispute, posted in one place too (`money_back`).
//!
//! Invariant: while a payment is in flight its reservation stands, and when it leaves flight
//! the reservation is gone in the same transaction.

mod cancel;
mod credit;
mod dispute;
mod document;
mod everyones;
mod everyones_routes;
mod forget;
mod history;
mod looks;
mod money_back;
mod moves;
pub mod news;
mod not_taken_up;
pub mod post;
mod preview;
mod record_posted;
mod record_received;
mod refund;
mod reservations;
mod routes;
mod staff_routes;
mod start;
mod store;
mod trail;
mod tries;

pub use cancel::{Cancelled, cancel, expire};
pub use credit::{Occasion, apply_credit, spend as spend_credit};
pub use dispute::{DisputeNews, take_dispute};
pub use forget::forget_words;
pub use history::{PaymentCursor, payments_of};
pub use looks::PutOff;
pub use moves::{Moving, move_payment};
pub use preview::{AccountView, refusal_of, view_in, view_of};
pub use record_posted::record_posted;
pub use record_received::{ReceivedOutside, record_received};
pub use refund::{
    RefundNews, RefundOutcome, RefundRecord, Refunding, find_refund, may_refund, preview_refund,
    refund, refunds_of, sweep_refunds, take_refund,
};
pub use reservations::let_go_of_bills;
pub use routes::router;
pub use staff_routes::staff_router;
pub use start::{
    AskOutcome, Asking, StartOutcome, Starting, create_at_gateway, create_key, create_may_be_asked,
    start,
};
pub use store::{
    PaymentRecord, TakeTurn, find, find_by_gateway_ref, find_within, in_flight, to_look_at,
};

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] = &[
    everyones::SQL,
    forget::SQL,
    history::SQL,
    looks::SQL,
    tries::SQL,
    moves::SQL,
    store::SQL,
    reservations::SQL,
    cancel::SQL,
    credit::SQL,
    money_back::SQL,
    refund::STORE_SQL,
    refund::REQUEST_SQL,
    dispute::SQL,
];
