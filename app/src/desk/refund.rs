//! Give a part of a payment back, or all: which bills open again is shown before the press.

use leptos::prelude::*;
use receivables::api::payments::PaymentDocument;
use receivables::api::refunds::{RefundDocument, RefundPreview, RefundRequest};
use receivables::ids::PaymentId;
use receivables::money::Money;

use super::act::{Act, act};
use super::fields::Field;
use super::place::{DeskPage, link};
use super::requests;
use crate::api;
use crate::bills::account_line::account_line;
use crate::json;
use crate::ui::heading::heading;
use crate::ui::loaded::loaded;
use crate::ui::money::{money, money_text};
use crate::ui::notice::{Tone, notice, paragraph};
use crate::ui::table::{self, cell, facts, row, row_head};
use crate::ui::view::{Show, View, el, views};

const COLUMNS: [&str; 4] = ["Bill that opens again", "Left now", "Comes back", "Left after"];

pub fn page(payment: PaymentId) -> View {
    loaded(move || api::payment(payment), draw)
}

fn draw(payment: PaymentDocument) -> View {
    let (id, currency) = (payment.id, payment.currency);
    let errors = RwSignal::new(Vec::new());
    let amount = Field::new("amount", "How much goes back", "A part, or all that was received.");
    amount.typed.set(Money::new(payment.received, currency).number_text());
    let reason =
        Field::new("reason", "Why", "For those who read the books. The payer is not shown it.");
    let fields = views![amount.sum(errors, currency), reason.text(errors)];
    let ask = move |how| {
        let amount = amount.read_sum(currency);
        let reason = reason.read_text("Say why it goes back.");
        match (amount, reason) {
            (Ok(amount), Ok(reason)) => {
                let request = RefundRequest { amount, currency, reason: Some(reason) };
                Ok(requests::refund(id, &request, how))
            }
            (amount, reason) => Err([amount.err(), reason.err()].into_iter().flatten().collect()),
        }
    };
    let done = move |text: &str| json::read(text).ok().map(|refund| done(&refund));
    el("div")
        .class("page")
        .child(account_line(&payment.account_number, ""))
        .child(heading(format!("Refund of {}", money_text(payment.received, currency))))
        .child(act(Act {
            errors,
            fields: fields.show(),
            ask: Box::new(ask),
            effect: Box::new(|text| json::read(text).ok().map(|preview| effect(&preview))),
            press: |text| {
                let preview: RefundPreview = json::read(text).ok()?;
                Some(format!("Refund {}", money_text(preview.amount, preview.currency)))
            },
            done: Box::new(done),
        }))
        .child(el("p").child(link(DeskPage::Payment(id), "", "Back to the payment")))
        .show()
}

fn effect(preview: &RefundPreview) -> View {
    let currency = preview.currency;
    let rows: Vec<_> = preview
        .lines
        .iter()
        .map(|line| {
            row(
                "gets",
                vec![
                    row_head(line.bill_number.clone()),
                    cell(COLUMNS[1], money(line.left_before, currency)),
                    cell(COLUMNS[2], money(line.amount, currency)),
                    cell(COLUMNS[3], money(line.left_after, currency)),
                ],
            )
        })
        .collect();
    let lines = (!rows.is_empty())
        .then(|| table::table("What the refund does".show(), table::head(&COLUMNS), rows.show()));
    let change = |before, after| {
        format!("{} → {}", money_text(before, currency), money_text(after, currency)).show()
    };
    let sums = facts(vec![
        ("Credit on account", change(preview.credit_before, preview.credit_after)),
        ("Can still go back", change(preview.refundable_before, preview.refundable_after)),
    ]);
    let by_hand = preview.by_hand.then(|| {
        paragraph("The gateway did not take this payment: give the money back yourself, and this records it.")
    });
    views![lines, sums, by_hand].show()
}

fn done(refund: &RefundDocument) -> View {
    let amount = money_text(refund.amount, refund.currency);
    let state = refund.state.code().replace('_', " ");
    let why = refund.failure.clone().map(paragraph);
    let words = views![paragraph(format!("The refund of {amount} is {state}.")), why].show();
    notice(Tone::Status, "The refund was asked for", words)
}
