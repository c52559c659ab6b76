//! What somebody proposed or made: approve it, decline it, or take it back.

use leptos::prelude::*;
use leptos::task::spawn_local;
use receivables::api::corrections::{AdjustmentDocument, AdjustmentPage, AdjustmentState};
use receivables::api::external_payments::{
    ExternalPaymentDocument, ExternalPaymentPage, ExternalPaymentState,
};
use receivables::ids::{AccountId, AdjustmentId, PaymentId};

use super::account::{kind_words, state_words};
use super::act::{Act, act};
use super::find::back_to;
use super::move_money::changes;
use super::payment::preview_lines;
use super::requests::{self, Earnest};
use super::staff::Desk;
use crate::api::{Failure, Request};
use crate::json;
use crate::payments::method_words;
use crate::session::Visit;
use crate::ui::heading::heading;
use crate::ui::loaded::loaded;
use crate::ui::money::{money, money_text};
use crate::ui::notice::{Tone, failure_title, failure_words, notice, paragraph};
use crate::ui::table::facts;
use crate::ui::view::{Show, View, el, views};

pub fn page(account: AccountId, id: AdjustmentId) -> View {
    Visit::here().look_at(account);
    // The newest page of them: what is decided was proposed lately.
    loaded(
        move || requests::adjustments(account, None),
        move |page: AdjustmentPage| {
            let found = page.items.into_iter().find(|adjustment| adjustment.id == Some(id));
            found.map_or_else(super::frame::not_found, |found| draw(id, &found))
        },
    )
}

fn draw(id: AdjustmentId, adjustment: &AdjustmentDocument) -> View {
    let amount = money_text(adjustment.amount, adjustment.currency);
    let rows = vec![
        ("Amount", money(adjustment.amount, adjustment.currency)),
        ("Why", adjustment.reason.clone().show()),
        ("Status", state_words(adjustment).show()),
    ];
    let desk = Desk::here();
    let what = match adjustment.state {
        AdjustmentState::Proposed => views![
            desk.may("approve").then(|| decision(id, "approval", "Approve", "It is approved")),
            desk.may("decline").then(|| declining(move |key| requests::decide(id, "refusal", key)))
        ]
        .show(),
        AdjustmentState::Posted if desk.may("reverse") => {
            decision(id, "reversal", "Take it back", "It is taken back")
        }
        _ => ().show(),
    };
    el("div")
        .class("page")
        .child(heading(format!("{} of {amount}", kind_words(adjustment.kind))))
        .child(facts(rows))
        .child(what)
        .child(back_to(adjustment.account_id))
        .show()
}

/// Money from elsewhere that somebody recorded above their limit.
pub fn external_page(account: AccountId, id: PaymentId) -> View {
    Visit::here().look_at(account);
    loaded(
        move || requests::external_payments(account),
        move |page: ExternalPaymentPage| {
            let found = page.items.into_iter().find(|recorded| recorded.id == Some(id));
            found.map_or_else(super::frame::not_found, |found| draw_external(id, &found))
        },
    )
}

fn draw_external(id: PaymentId, recorded: &ExternalPaymentDocument) -> View {
    let amount = money_text(recorded.amount, recorded.currency);
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    let status = match recorded.state {
        ExternalPaymentState::Proposed => "waits for approval",
        ExternalPaymentState::Posted => "in the books",
        ExternalPaymentState::Declined => "declined",
    };
    let rows = vec![
        ("Amount", money(recorded.amount, recorded.currency)),
        ("How", method_words(None, recorded.tender).show()),
        ("Received on", recorded.received_on.in_words().show()),
        ("Reference", text(&recorded.reference).show()),
        ("Note", text(&recorded.note).show()),
        ("Recorded by", Desk::here().called(&recorded.recorded_by).show()),
        ("Status", status.show()),
    ];
    let waits = recorded.state == ExternalPaymentState::Proposed;
    let desk = Desk::here();
    let approve = (waits && desk.may("approve")).then(|| {
        let look = |text: &str| {
            let document: ExternalPaymentDocument = json::read(text).ok()?;
            document.preview.as_ref().map(|split| preview_lines("What it settles", split))
        };
        act(Act {
            errors: RwSignal::new(Vec::new()),
            fields: paragraph("Look at what it would settle as the bills are now."),
            ask: Box::new(move |how| Ok(requests::decide_external(id, "approval", how))),
            effect: Box::new(look),
            press: |_| Some("Approve".to_owned()),
            done: Box::new(move |text| Some(notice(Tone::Status, "It is approved", look(text)?))),
        })
    });
    let decline = (waits && desk.may("decline"))
        .then(|| declining(move |key| requests::decide_external(id, "refusal", key)));
    el("div")
        .class("page")
        .child(heading(format!("Payment of {amount} from elsewhere")))
        .child(facts(rows))
        .child(approve)
        .child(decline)
        .child(back_to(recorded.account_id))
        .show()
}

fn decision(id: AdjustmentId, word: &'static str, press: &'static str, done: &'static str) -> View {
    let effect = |text: &str| {
        let document: AdjustmentDocument = json::read(text).ok()?;
        Some(changes(&document.bills, document.currency, None))
    };
    act(Act {
        errors: RwSignal::new(Vec::new()),
        fields: paragraph("Look at what it would do to the bills as they are now."),
        ask: Box::new(move |how| Ok(requests::decide(id, word, how))),
        effect: Box::new(effect),
        press: if press == "Approve" {
            |_| Some("Approve".to_owned())
        } else {
            |_| Some("Take it back".to_owned())
        },
        done: Box::new(move |text| Some(notice(Tone::Status, done, effect(text)?))),
    })
}

/// Nothing changes by it, so there is nothing to see before.
fn declining(request: impl Fn(Earnest) -> Request + Copy + 'static) -> View {
    let outcome: RwSignal<Option<Result<(), Failure>>> = RwSignal::new(None);
    let press = move |_| {
        let Some(key) = Earnest::new_key() else { return };
        spawn_local(async move {
            let answer = request(key).send().await;
            let _ = outcome.try_set(Some(answer.map(drop)));
        });
    };
    (move || match outcome.get() {
        Some(Ok(())) => notice(Tone::Status, "It is declined", paragraph("Nothing changes.")),
        Some(Err(failure)) => notice(Tone::Alert, failure_title(&failure), failure_words(&failure)),
        None => el("p")
            .child(
                el("button")
                    .attr("type", "button")
                    .class("quiet")
                    .on("click", press)
                    .child("Decline it"),
            )
            .show(),
    })
    .show()
}
