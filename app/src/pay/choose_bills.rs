//! "Choose bills yourself": a tick takes a bill's whole rest, an amount takes a part.

use leptos::prelude::*;
use receivables::allocation::OrderedItems;
use receivables::api::accounts::DuePeriod;
use receivables::money::{MinorUnits, Money};
use receivables::words::Message;

use super::how_much::Asking;
use super::problem_words::{TOTAL, bill_field};
use crate::bills::bill_name;
use crate::ui::dates::due_line;
use crate::ui::field::{described_by, error_at, field_error, is_wrong};
use crate::ui::link::about;
use crate::ui::money::money;
use crate::ui::view::{Show, View, el, views};
use crate::ui::words::{fill, say};

const TOTAL_HINT: &str = "total-hint";

pub fn view(asking: &Asking) -> View {
    let bill = &asking.bill;
    let ordered = OrderedItems::new(bill.rules.order, &asking.items, bill.today);
    let mut payable: Vec<&DuePeriod> =
        bill.due_periods.iter().filter(|due| due.item.available().is_positive()).collect();
    payable.sort_by_key(|due| ordered.position(due.item.bill_id));
    let rows: Vec<_> = payable.into_iter().map(|due| chosen_bill(asking, due)).collect();
    el("div")
        .class("choice-panel")
        .attr("role", "group")
        .attr("aria-label", say(Message::ChoiceBills))
        .child(el("p").class("hint").child(say(Message::ChooseBillsHint)))
        .child(el("ul").class("chosen-bills").child(rows))
        .child(total_field(asking))
        .show()
}

fn chosen_bill(asking: &Asking, due: &DuePeriod) -> View {
    let (draft, errors) = (asking.draft, asking.errors);
    let currency = asking.bill.account.currency;
    let (id, available) = (due.item.bill_id, due.item.available());
    let name = bill_name(due.period, &due.item.bill_number);
    let field = StoredValue::new(bill_field(id));
    let tick_id = format!("tick-{id}");
    let tick_for = tick_id.clone();
    let whole = Money::new(available, currency).number_text();
    let wrong = move || error_at(errors, &field.read_value());
    el("li")
        .child(
            el("label")
                .class("tick")
                .attr("for", tick_for)
                .child(
                    el("input")
                        .attr("type", "checkbox")
                        .attr("id", tick_id)
                        .live_checked(move || draft.read().is_chosen(id))
                        .on("change", move |_| draft.update(|draft| draft.tick(id, &whole))),
                )
                .child(el("span").class("choice-words").child(name.clone()).child(
                    el("span").class("hint").child(due_line(due.item.due_on, asking.bill.today)),
                ))
                .child(money(available, currency)),
        )
        .child(move || {
            wrong().map(|words| {
                let error_id = format!("{}-error", field.read_value());
                el("p").class("field-error").attr("id", error_id).child(words)
            })
        })
        .child(
            el("div")
                .class("amount small")
                .child(
                    el("label")
                        .attr("for", field.get_value())
                        .child(say(Message::PayOnBill))
                        .child(about(name)),
                )
                .child(
                    el("input")
                        .attr("id", field.get_value())
                        .attr("type", "text")
                        .attr("inputmode", "decimal")
                        .attr("autocomplete", "off")
                        .attr("spellcheck", "false")
                        .live_attr("aria-invalid", move || wrong().map(|_| "true"))
                        .live_attr("aria-describedby", move || {
                            wrong().map(|_| format!("{}-error", field.read_value()))
                        })
                        .live_value(move || draft.read().typed_for(id))
                        .on("input", move |event| {
                            draft.update(|draft| draft.type_for(id, event_target_value(&event)));
                        }),
                ),
        )
        .show()
}

fn total_field(asking: &Asking) -> View {
    let (draft, errors) = (asking.draft, asking.errors);
    let currency = asking.bill.account.currency;
    let reader = asking.clone();
    let sum = move || {
        let chosen = reader.asked().ok()?;
        let bills = chosen.direction.bills.iter().map(|bill| bill.amount);
        let sum = MinorUnits::sum(bills).ok()?;
        let text = Money::new(sum, currency).to_string();
        Some(fill(Message::ChosenSum, &[("amount", &text)]))
    };
    views![
        el("p").class("reading").child(sum),
        el("label")
            .attr("for", TOTAL)
            .child(fill(Message::TotalLabel, &[("unit", currency.unit_name())])),
        el("p").class("hint").attr("id", TOTAL_HINT).child(say(Message::TotalHint)),
        field_error(errors, TOTAL),
        el("div")
            .class("amount")
            .child(
                el("span")
                    .class("amount-sign")
                    .attr("aria-hidden", "true")
                    .child(currency.sign().to_owned())
            )
            .child(
                el("input")
                    .attr("id", TOTAL)
                    .attr("type", "text")
                    .attr("inputmode", "decimal")
                    .attr("autocomplete", "transaction-amount")
                    .attr("spellcheck", "false")
                    .live_attr("aria-describedby", move || described_by(errors, TOTAL, TOTAL_HINT))
                    .live_attr("aria-invalid", move || is_wrong(errors, TOTAL))
                    .live_value(move || draft.read().total_typed.clone())
                    .on("input", move |event| {
                        draft.update(|draft| draft.total_typed = event_target_value(&event));
                    })
            )
    ]
    .show()
}
