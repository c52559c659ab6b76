//! The staff desk: find the account, see what the customer sees, try what an amount would do, put
//! right what went wrong. Staff read the house's own language, so its words stand where they are
//! shown; what customers are told comes from the same messages as theirs.

mod account;
mod act;
mod adjust;
mod decide;
mod fields;
mod figures;
mod find;
pub mod frame;
mod hold;
mod move_money;
mod payment;
mod place;
mod record;
mod refund;
mod requests;
mod staff;
mod timeline;
mod what_if;
mod work;

use place::DeskPage;

use crate::bills::{bill_details, past_bills};
use crate::page::Page;
use crate::payments::history;
use crate::receipts::receipt;
use crate::ui::view::View;

/// The page of the desk.
fn draw(page: DeskPage) -> View {
    match page {
        DeskPage::Find => find::page(),
        DeskPage::Work => work::page(),
        DeskPage::Figures => figures::page(),
        DeskPage::Hold(bill) => hold::page(bill),
        DeskPage::Account(account) => account::page(account),
        DeskPage::AsCustomer(account) => account::as_customer(account),
        DeskPage::WhatIf(account) => what_if::page(account),
        DeskPage::Adjust(account) => adjust::page(account),
        DeskPage::Record(account) => record::page(account),
        DeskPage::Decide(account, adjustment) => decide::page(account, adjustment),
        DeskPage::DecideExternal(account, payment) => decide::external_page(account, payment),
        DeskPage::Payment(payment) => payment::page(payment),
        DeskPage::Refund(payment) => refund::page(payment),
        DeskPage::Move(payment) => move_money::page(payment),
        DeskPage::Customers(Page::Bill(bill)) => bill_details::page(bill),
        DeskPage::Customers(Page::PastBills(account)) => past_bills::page(account),
        DeskPage::Customers(Page::Payments(account)) => history::page(account),
        DeskPage::Customers(Page::Receipt(payment)) => receipt::page(payment),
        DeskPage::Customers(_) => frame::not_found(),
    }
}
