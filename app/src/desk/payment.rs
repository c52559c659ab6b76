//! A payment at the desk: what it settled, what went back, and what can be put right of it.

use receivables::allocation::Preview;
use receivables::api::payments::PaymentDocument;
use receivables::api::refunds::{RefundDocument, RefundList};
use receivables::ids::PaymentId;
use receivables::payment::PaymentStage;

use super::place::{DeskPage, link};
use super::requests;
use super::staff::Desk;
use crate::api;
use crate::bills::account_line::account_line;
use crate::page::Page;
use crate::payments::method_words;
use crate::session::Visit;
use crate::ui::browser;
use crate::ui::heading::heading;
use crate::ui::loaded::loaded;
use crate::ui::money::{money, money_text};
use crate::ui::notice::paragraph;
use crate::ui::status_tag::stage_tag;
use crate::ui::table::{self, cell, facts, row, row_head};
use crate::ui::view::{Show, View, el, views};

const LINE_COLUMNS: [&str; 3] = ["Bill", "This payment", "Left after"];
const REFUND_COLUMNS: [&str; 4] = ["Day", "Status", "Who and why", "Amount"];

pub fn page(payment: PaymentId) -> View {
    loaded(move || api::payment(payment), draw)
}

fn draw(payment: PaymentDocument) -> View {
    Visit::here().look_at(payment.account_id);
    let currency = payment.currency;
    let amount = money_text(payment.amount, currency);
    let day = |instant: &str| browser::day_of(instant).map(|day| day.in_words());
    let started = day(&payment.started_at).unwrap_or_else(|| payment.started_at.clone());
    let mut rows = vec![
        ("Status", stage_tag(payment.stage)),
        ("How", method_words(payment.method.as_deref(), payment.tender).show()),
        ("Started", started.show()),
        ("Received", money(payment.received, currency)),
    ];
    if let Some(number) = &payment.receipt_number {
        let receipt = DeskPage::Customers(Page::Receipt(payment.id));
        rows.push(("Receipt", link(receipt, "", number.clone())));
    }
    if let Some(words) = &payment.decline {
        rows.push(("The bank said", words.clone().show()));
    }
    let disputes: Vec<_> = payment
        .disputes
        .iter()
        .map(|dispute| {
            let amount = money_text(dispute.amount, currency);
            let state = dispute.state.code().replace('_', " ");
            paragraph(format!("Dispute of {amount} since {}: {state}.", dispute.on.in_words()))
        })
        .collect();
    el("div")
        .class("page")
        .child(account_line(&payment.account_number, ""))
        .child(heading(format!("Payment of {amount}")))
        .child(facts(rows))
        .child(disputes)
        .child(acts(&payment))
        .child(lines(&payment))
        .child(refunds(payment.id))
        .child(super::find::back_to(payment.account_id))
        .show()
}

fn acts(payment: &PaymentDocument) -> View {
    if payment.stage != PaymentStage::Paid {
        return ().show();
    }
    let desk = Desk::here();
    let refund = desk.may("refund").then(|| link(DeskPage::Refund(payment.id), "button", "Refund"));
    let moved =
        desk.may("move").then(|| link(DeskPage::Move(payment.id), "button", "Move to other bills"));
    el("p").class("acts").child(refund).child(moved).show()
}

fn lines(payment: &PaymentDocument) -> View {
    preview_lines("The split the payer confirmed", &payment.preview)
}

/// What of an amount goes to which bill.
pub fn preview_lines(caption: &'static str, split: &Preview) -> View {
    let currency = split.currency;
    let mut rows: Vec<_> = split
        .lines
        .iter()
        .map(|line| {
            let bill = DeskPage::Customers(Page::Bill(line.bill_id));
            let cells = vec![
                row_head(link(bill, "", line.bill_number.clone())),
                cell(LINE_COLUMNS[1], money(line.amount, currency)),
                cell(LINE_COLUMNS[2], money(line.after, currency)),
            ];
            row("", cells)
        })
        .collect();
    if split.credit_added.is_positive() {
        let cells = vec![
            row_head("Credit on account"),
            cell(LINE_COLUMNS[1], money(split.credit_added, currency)),
            cell(LINE_COLUMNS[2], money(split.credit_after, currency)),
        ];
        rows.push(row("credit", cells));
    }
    table::table(caption.show(), table::head(&LINE_COLUMNS), rows.show())
}

fn refunds(payment: PaymentId) -> View {
    let drawn = |list: RefundList| {
        if list.items.is_empty() {
            return paragraph("Nothing of it went back.");
        }
        let rows: Vec<_> = list.items.into_iter().map(refund_row).collect();
        table::table("Refunds".show(), table::head(&REFUND_COLUMNS), rows.show())
    };
    loaded(move || requests::refunds(payment), drawn)
}

fn refund_row(refund: RefundDocument) -> View {
    let day = browser::day_of(&refund.requested_at).map(|day| day.in_words());
    let failure = refund.failure.map(|why| el("span").class("hint").child(why));
    let why = refund.reason.map(|why| el("span").class("hint").child(why));
    let cells = vec![
        row_head(day.unwrap_or(refund.requested_at)),
        cell(REFUND_COLUMNS[1], views![refund.state.code().replace('_', " "), failure]),
        cell(REFUND_COLUMNS[2], views![Desk::here().called(&refund.requested_by), why]),
        cell(REFUND_COLUMNS[3], money(refund.amount, refund.currency)),
    ];
    row("", cells)
}
