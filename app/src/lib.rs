//! The Paydown portal in the browser: it shows and asks, and decides nothing.
//!
//! What money settles is worked out by `receivables`, the same code that posts it on the
//! server. What happened to a payment is asked of the server, never concluded here.
//!
//! Three documents, each with a module of its own (`bin/`), so that a first visit loads nothing of
//! paying or of the desk: see [`page::Document`].

mod address;
mod api;
mod bills;
mod desk;
mod frame;
mod json;
pub mod page;
mod pay;
mod payments;
mod receipts;
mod session;
mod sign_in;
mod time_limit;
mod ui;

use leptos::prelude::*;

use crate::frame::{Pages, not_found};
use crate::page::{Document, Page};
use crate::ui::browser;
use crate::ui::loaded::loading;
use crate::ui::view::View;

/// Opens a document: draws the frame and, inside, the document's pages.
pub fn open(document: Document, pages: Pages) {
    page::open(document);
    mount_to_body(move || frame::draw(pages));
}

/// Opens the staff desk.
pub fn open_desk() {
    page::open(Document::Desk);
    mount_to_body(desk::frame::draw);
}

/// The pages of [`Document::Portal`].
pub fn portal(page: Page) -> View {
    match page {
        Page::Home => bills::what_you_owe::home(),
        Page::Account(account) => bills::what_you_owe::page(account),
        Page::PastBills(account) => bills::past_bills::page(account),
        Page::Bill(bill) => bills::bill_details::page(bill),
        Page::Payments(account) => payments::history::page(account),
        Page::Payment(payment) => payments::result::page(payment),
        Page::Receipt(payment) => receipts::receipt::page(payment),
        Page::SignIn => sign_in::ask_for_code::page(),
        Page::SignInLink => sign_in::link_from_mail::page(),
        Page::Invitation => sign_in::invitation::page(),
        Page::YourSignIn => sign_in::your_sign_in::page(),
        Page::HowMuch(_) | Page::Check(_) | Page::Mailbox => not_found(),
    }
}

/// The pages of [`Document::Pay`].
pub fn pay_pages(page: Page) -> View {
    match page {
        Page::HowMuch(account) => pay::how_much::page(account),
        Page::Check(account) => pay::check_and_pay::page(account),
        // Signing in is the other document's; who has done it is led back here.
        Page::SignIn => {
            browser::replace(Page::SignIn);
            loading()
        }
        _ => not_found(),
    }
}
