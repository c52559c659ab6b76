//! A credit note, or a write-off that somebody else has to approve.

use leptos::prelude::*;
use receivables::api::accounts::CurrentBill;
use receivables::api::corrections::{
    AdjustmentDocument, AdjustmentKind, AdjustmentRequest, AdjustmentState,
};
use receivables::ids::{AccountId, BillId};

use super::account::kind_words;
use super::act::{Act, act};
use super::fields::Field;
use super::find::back_to;
use super::move_money::changes;
use super::requests;
use crate::api;
use crate::bills::account_line::account_line;
use crate::bills::bill_name;
use crate::json;
use crate::session::Visit;
use crate::ui::heading::heading;
use crate::ui::loaded::loaded;
use crate::ui::money::money_text;
use crate::ui::notice::{Tone, notice, paragraph};
use crate::ui::table::facts;
use crate::ui::view::{Show, View, el, views};

pub fn page(account: AccountId) -> View {
    Visit::here().look_at(account);
    loaded(move || api::due_periods(account), draw)
}

fn draw(bill: CurrentBill) -> View {
    let (account, currency) = (bill.account.id, bill.account.currency);
    let errors = RwSignal::new(Vec::new());
    let kind = RwSignal::new(AdjustmentKind::CreditNote);
    let chosen: RwSignal<Option<BillId>> =
        RwSignal::new(bill.due_periods.first().map(|due| due.item.bill_id));
    let amount = Field::new("amount", "How much", "Of the bill, or for the account.");
    let reason = Field::new("reason", "Why", "For those who read the books later.");
    let fields = views![
        kinds(kind),
        bills(&bill, chosen),
        amount.sum(errors, currency),
        reason.text(errors)
    ];
    let ask = move |how| match (amount.read_sum(currency), reason.read_text("Say why.")) {
        (Ok(amount), Ok(reason)) => {
            let request = AdjustmentRequest {
                kind: kind.get_untracked(),
                bill_id: chosen.get_untracked(),
                amount,
                currency,
                reason,
            };
            Ok(requests::adjust(account, &request, how))
        }
        (amount, reason) => Err([amount.err(), reason.err()].into_iter().flatten().collect()),
    };
    el("div")
        .class("page")
        .child(account_line(&bill.account.number, &bill.account.name))
        .child(heading("Credit note or write-off"))
        .child(act(Act {
            errors,
            fields: fields.show(),
            ask: Box::new(ask),
            effect: Box::new(|text| json::read(text).ok().map(|document| effect(&document))),
            press: |text| {
                let document: AdjustmentDocument = json::read(text).ok()?;
                let amount = money_text(document.amount, document.currency);
                let kind = kind_words(document.kind).to_lowercase();
                let verb = match document.state {
                    AdjustmentState::Proposed => "Propose the",
                    _ => "Make the",
                };
                Some(format!("{verb} {kind} of {amount}"))
            },
            done: Box::new(|text| json::read(text).ok().map(|document| done(&document))),
        }))
        .child(back_to(account))
        .show()
}

fn kinds(kind: RwSignal<AdjustmentKind>) -> View {
    let choice = |of: AdjustmentKind, hint: &'static str| {
        el("label")
            .class("choice")
            .child(
                el("input")
                    .attr("type", "radio")
                    .attr("name", "kind")
                    .attr("value", of.code())
                    .live_checked(move || kind.get() == of)
                    .on("change", move |_| kind.set(of)),
            )
            .child(
                el("span")
                    .class("choice-words")
                    .child(kind_words(of))
                    .child(el("span").class("hint").child(hint)),
            )
    };
    el("fieldset")
        .child(el("legend").child("What is made"))
        .child(choice(AdjustmentKind::CreditNote, "Less is owed than was asked for."))
        .child(choice(
            AdjustmentKind::WriteOff,
            "What the bill asks for is given up. Somebody else approves it.",
        ))
        .show()
}

fn bills(bill: &CurrentBill, chosen: RwSignal<Option<BillId>>) -> View {
    let currency = bill.account.currency;
    let option = |value: String, words: String, is_first: bool| {
        el("option").attr("value", value).attr("selected", is_first.then_some("")).child(words)
    };
    let mut options: Vec<_> = bill
        .due_periods
        .iter()
        .enumerate()
        .map(|(at, due)| {
            let left = money_text(due.item.open, currency);
            let name = bill_name(due.period, &due.item.bill_number);
            option(due.item.bill_id.to_string(), format!("{name} · {left} left"), at == 0)
        })
        .collect();
    options.push(option(String::new(), "The account, as credit".to_owned(), options.is_empty()));
    views![
        el("label").attr("for", "bill").child("For which bill"),
        el("select")
            .attr("id", "bill")
            .on("change", move |event| chosen.set(BillId::parse(&event_target_value(&event)).ok()))
            .child(options)
    ]
    .show()
}

fn effect(document: &AdjustmentDocument) -> View {
    let credit = document.credit_added.is_positive().then(|| {
        let amount = money_text(document.credit_added, document.currency);
        facts(vec![("Added to credit on account", amount.show())])
    });
    let waits = (document.state == AdjustmentState::Proposed).then(|| {
        paragraph("It waits until somebody else approves it; until then nothing changes.")
    });
    views![changes(&document.bills, document.currency, None), credit, waits].show()
}

fn done(document: &AdjustmentDocument) -> View {
    let title = match document.state {
        AdjustmentState::Proposed => "It is proposed and waits for approval",
        _ => "It is in the books",
    };
    notice(Tone::Status, title, effect(document))
}
