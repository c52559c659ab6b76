//! "Another amount": a text field that takes what people type, and shows how it was read.

use leptos::prelude::*;
use receivables::typed_amount::parse_typed_amount;
use receivables::words::Message;

use super::how_much::Asking;
use super::problem_words::AMOUNT;
use crate::ui::field::{described_by, field_error, is_wrong};
use crate::ui::money::money_text;
use crate::ui::view::{Show, View, el};
use crate::ui::words::{fill, language};

const HINT: &str = "amount-hint";

pub fn view(asking: &Asking) -> View {
    let (draft, errors) = (asking.draft, asking.errors);
    let currency = asking.bill.account.currency;
    // Judged on Continue only: while typing it is either read or nothing is said.
    let reading = move || {
        let read = parse_typed_amount(&draft.read().typed, currency, language().number_style());
        read.ok().map(|amount| {
            fill(Message::AmountReading, &[("amount", &money_text(amount, currency))])
        })
    };
    el("div")
        .class("choice-panel")
        .child(
            el("label")
                .attr("for", AMOUNT)
                .child(fill(Message::AmountLabel, &[("unit", currency.unit_name())])),
        )
        .child(field_error(errors, AMOUNT))
        .child(
            el("div")
                .class("amount")
                .child(
                    el("span")
                        .class("amount-sign")
                        .attr("aria-hidden", "true")
                        .child(currency.sign().to_owned()),
                )
                .child(
                    el("input")
                        .attr("id", AMOUNT)
                        .attr("name", AMOUNT)
                        .attr("type", "text")
                        .attr("inputmode", "decimal")
                        .attr("autocomplete", "transaction-amount")
                        .attr("spellcheck", "false")
                        .live_attr("aria-describedby", move || described_by(errors, AMOUNT, HINT))
                        .live_attr("aria-invalid", move || is_wrong(errors, AMOUNT))
                        .live_value(move || draft.read().typed.clone())
                        .on("input", move |event| {
                            draft.update(|draft| draft.typed = event_target_value(&event));
                        }),
                ),
        )
        .child(el("p").class("reading").attr("id", HINT).child(reading))
        .show()
}
