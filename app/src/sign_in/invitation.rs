//! Where the link of an invitation leads. Opening it proves nothing, as mail programs open links
//! too: the number of an account, typed from a bill and sent by POST, does.

use leptos::prelude::*;
use leptos::task::spawn_local;
use receivables::api::invitations::Acceptance;
use receivables::words::Message;
use web_sys::Event;

use super::failed_at;
use crate::api;
use crate::page::Page;
use crate::session::Visit;
use crate::ui::browser;
use crate::ui::busy_button::busy_button;
use crate::ui::field::{
    FieldError, FieldErrors, described_by, error_summary, field_error, is_wrong, show_errors,
};
use crate::ui::heading::heading;
use crate::ui::link::link;
use crate::ui::view::{Show, View, el};
use crate::ui::words::{fill, say};

const NUMBER: &str = "account-number";
/// Kept in this tab only, so that a reload does not lose what was taken out of the address.
const SECRET: &str = "paydown-invitation";

pub fn page() -> View {
    let visit = Visit::here();
    let secret = StoredValue::new(secret());
    let number = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let errors: FieldErrors = RwSignal::new(Vec::new());
    let enter = move |event: Event| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let account_number = number.get_untracked().trim().to_owned();
        if account_number.is_empty() {
            let words = say(Message::AccountNumberEmpty).to_owned();
            return show_errors(errors, vec![FieldError { field: NUMBER.into(), words }]);
        }
        show_errors(errors, Vec::new());
        busy.set(true);
        spawn_local(async move {
            let acceptance = Acceptance { link: secret.get_value(), account_number };
            match api::accept_invitation(&acceptance).send().await {
                Ok(_) => {
                    browser::forget(SECRET);
                    visit.go_on();
                }
                Err(failure) => {
                    let _ = busy.try_set(false);
                    show_errors(errors, vec![failed_at(NUMBER, &failure)]);
                }
            }
        });
    };
    let biller = visit.portal.read_untracked().as_ref().map(|portal| portal.biller.name.clone());
    let biller = biller.unwrap_or_default();
    let label =
        move || say(if busy.get() { Message::SigningIn } else { Message::SeeMyBills }).into();
    let field = el("input")
        .attr("id", NUMBER)
        .attr("name", NUMBER)
        .attr("type", "text")
        .attr("autocomplete", "off")
        .attr("autocapitalize", "characters")
        .attr("spellcheck", "false")
        .live_attr("aria-describedby", move || described_by(errors, NUMBER, "number-hint"))
        .live_attr("aria-invalid", move || is_wrong(errors, NUMBER))
        .live_value(move || number.get())
        .on("input", move |event| number.set(event_target_value(&event)));
    el("div")
        .class("page narrow")
        .child(error_summary(errors))
        .child(heading(say(Message::InvitationTitle)))
        .child(el("p").child(fill(Message::InvitationIntro, &[("biller", &biller)])))
        .child(
            el("form")
                .attr("novalidate", "")
                .on("submit", enter)
                .child(el("label").attr("for", NUMBER).child(say(Message::AccountNumberLabel)))
                .child(
                    el("p")
                        .class("hint")
                        .attr("id", "number-hint")
                        .child(say(Message::AccountNumberHint)),
                )
                .child(field_error(errors, NUMBER))
                .child(field)
                .child(busy_button(label, move || busy.get())),
        )
        .child(el("p").child(link(Page::SignIn, "", say(Message::BeenHereBefore))))
        .show()
}

/// The link's secret: from the address, or after a reload from this tab.
fn secret() -> String {
    let fresh = browser::take_fragment();
    if fresh.is_empty() {
        return browser::recall(SECRET).unwrap_or_default();
    }
    browser::remember(SECRET, &fresh);
    fresh
}
