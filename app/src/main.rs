//! The Paydown portal in the browser: it shows and asks, and decides nothing.
//!
//! What money settles is worked out by `receivables`, the same code that posts it on the
//! server. What happened to a payment is asked of the server, never concluded here.

mod api;
mod app;
mod bills;
mod json;
mod page;
mod pay;
mod payments;
mod receipts;
mod session;
mod sign_in;
mod ui;

use leptos::prelude::*;

fn main() {
    if let Some(shell) = document().get_element_by_id("shell") {
        shell.remove();
    }
    mount_to_body(app::app);
}
