//! Hold a bill, so that nobody asks for it, or release it again.

use leptos::prelude::*;
use receivables::api::bills::{BillDetails, HoldDocument, HoldRequest, ReleaseRequest};
use receivables::ids::BillId;
use receivables::open_item::Standing;

use super::act::{Act, act};
use super::fields::Field;
use super::find::back_to;
use super::requests;
use crate::api;
use crate::bills::account_line::account_line;
use crate::json;
use crate::session::Visit;
use crate::ui::heading::heading;
use crate::ui::loaded::loaded;
use crate::ui::money::money_text;
use crate::ui::notice::{Tone, notice};
use crate::ui::table::facts;
use crate::ui::view::{Show, View, el};

pub fn page(bill: BillId) -> View {
    loaded(move || api::bill(bill), draw)
}

fn draw(bill: BillDetails) -> View {
    Visit::here().look_at(bill.account_id);
    let is_held = bill.standing == Standing::InDispute;
    let verb = if is_held { "Release" } else { "Hold" };
    let errors = RwSignal::new(Vec::new());
    let reason = match is_held {
        true => Field::new("reason", "Why", "For those who read it later. It may be empty."),
        false => Field::new("reason", "Why", "The customer reads it: “We are checking the meter.”"),
    };
    let fields = reason.text(errors);
    let id = bill.id;
    let ask = move |how| {
        if is_held {
            let reason = reason.typed.read_untracked().trim().to_owned();
            let reason = (!reason.is_empty()).then_some(reason);
            return Ok(requests::release(id, &ReleaseRequest { reason }, how));
        }
        let reason = reason.read_text("Say why; the customer reads it.").map_err(|e| vec![e])?;
        Ok(requests::hold(id, &HoldRequest { reason }, how))
    };
    let read = |text: &str| json::read::<HoldDocument>(text).ok();
    el("div")
        .class("page")
        .child(account_line(&bill.account_number, ""))
        .child(heading(format!("{verb} bill {}", bill.number)))
        .child(act(Act {
            errors,
            fields,
            ask: Box::new(ask),
            effect: Box::new(move |text| read(text).map(|document| effect(&document))),
            press: |text| {
                let document: HoldDocument = json::read(text).ok()?;
                Some(match document.standing {
                    Standing::InDispute => format!("Hold bill {}", document.number),
                    _ => format!("Release bill {}", document.number),
                })
            },
            done: Box::new(move |text| {
                let document = read(text)?;
                let title = match document.standing {
                    Standing::InDispute => "The bill is on hold",
                    _ => "The bill is asked for again",
                };
                Some(notice(Tone::Status, title, effect(&document)))
            }),
        }))
        .child(back_to(bill.account_id))
        .show()
}

fn effect(document: &HoldDocument) -> View {
    let currency = document.currency;
    let change = |before, after| {
        format!("{} → {}", money_text(before, currency), money_text(after, currency)).show()
    };
    facts(vec![
        ("Owed", change(document.owed_before, document.owed_after)),
        ("Past due", change(document.past_due_before, document.past_due_after)),
        ("On hold", change(document.on_hold_before, document.on_hold_after)),
    ])
}
