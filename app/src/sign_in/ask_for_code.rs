//! Asking for a code by mail, and typing it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use receivables::api::sign_in::SignInRequest;
use receivables::words::Message;
use web_sys::Event;

use super::failed_at;
use super::passkey::way_in;
use crate::api;
use crate::page::Page;
use crate::session::Visit;
use crate::ui::browser;
use crate::ui::busy_button::busy_button;
use crate::ui::field::{
    FieldError, FieldErrors, described_by, error_summary, field_error, is_wrong, show_errors,
};
use crate::ui::heading::{HEADING, heading};
use crate::ui::link::link;
use crate::ui::view::{El, Show, View, el};
use crate::ui::words::{fill, say};

const EMAIL: &str = "email";
const CODE: &str = "code";

/// What this page remembers over a reload until somebody is signed in: the address a code was
/// sent to.
pub const ASKED_FOR: &str = "paydown-code-asked-for";

pub fn page() -> View {
    let asked_for: RwSignal<Option<String>> = RwSignal::new(browser::recall(ASKED_FOR));
    let errors: FieldErrors = RwSignal::new(Vec::new());
    (move || match asked_for.get() {
        None => email_step(asked_for, errors),
        Some(email) => code_step(email, asked_for, errors),
    })
    .show()
}

fn email_step(asked_for: RwSignal<Option<String>>, errors: FieldErrors) -> View {
    let email = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let send = move |event: Event| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let typed = email.get_untracked().trim().to_owned();
        if !looks_like_an_address(&typed) {
            let words = say(Message::EmailNotAnAddress).to_owned();
            return show_errors(errors, vec![FieldError { field: EMAIL.into(), words }]);
        }
        show_errors(errors, Vec::new());
        busy.set(true);
        spawn_local(async move {
            let answer = api::ask_for_code(typed.clone()).send().await;
            let _ = busy.try_set(false);
            match answer {
                Ok(_) => {
                    browser::remember(ASKED_FOR, &typed);
                    asked_for.set(Some(typed));
                    browser::focus_soon(HEADING);
                }
                Err(failure) => show_errors(errors, vec![failed_at(EMAIL, &failure)]),
            }
        });
    };
    let label = move || say(if busy.get() { Message::Sending } else { Message::SendCode }).into();
    el("div")
        .class("page narrow")
        .child(crate::time_limit::time_was_up())
        .child(error_summary(errors))
        .child(heading(say(Message::SignInTitle)))
        .child(el("p").child(say(Message::SignInIntro)))
        .child(
            el("form")
                .attr("novalidate", "")
                .on("submit", send)
                .child(el("label").attr("for", EMAIL).child(say(Message::EmailLabel)))
                .child(
                    el("p").class("hint").attr("id", "email-hint").child(say(Message::EmailHint)),
                )
                .child(field_error(errors, EMAIL))
                .child(
                    el("input")
                        .attr("id", EMAIL)
                        .attr("name", EMAIL)
                        .attr("type", "email")
                        .attr("autocomplete", "email")
                        .attr("spellcheck", "false")
                        .live_attr("aria-describedby", move || {
                            described_by(errors, EMAIL, "email-hint")
                        })
                        .live_attr("aria-invalid", move || is_wrong(errors, EMAIL))
                        .live_value(move || email.get())
                        .on("input", move |event| email.set(event_target_value(&event))),
                )
                .child(busy_button(label, move || busy.get())),
        )
        .child(way_in())
        .show()
}

/// Whether it is worth sending; the mail itself is the proof.
fn looks_like_an_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !text.contains(char::is_whitespace)
    })
}

fn code_step(email: String, asked_for: RwSignal<Option<String>>, errors: FieldErrors) -> View {
    let visit = Visit::here();
    let code = RwSignal::new(String::new());
    let remember = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let enter = move |event: Event| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let typed = code.get_untracked().trim().to_owned();
        if typed.is_empty() {
            let words = say(Message::CodeEmpty).to_owned();
            return show_errors(errors, vec![FieldError { field: CODE.into(), words }]);
        }
        show_errors(errors, Vec::new());
        busy.set(true);
        spawn_local(async move {
            let remember = remember.get_untracked();
            let request = SignInRequest { code: Some(typed), link: None, remember };
            match api::sign_in(&request).send().await {
                Ok(_) => {
                    browser::forget(ASKED_FOR);
                    visit.go_on();
                }
                Err(failure) => {
                    let _ = busy.try_set(false);
                    show_errors(errors, vec![failed_at(CODE, &failure)]);
                }
            }
        });
    };
    el("div")
        .class("page narrow")
        .child(error_summary(errors))
        .child(heading(say(Message::CheckYourMail)))
        .child(el("p").child(fill(Message::CodeSent, &[("email", &email)])))
        .child(mailbox(visit))
        .child(code_form(code, remember, busy, errors).on("submit", enter))
        .child(
            el("p").child(
                el("button")
                    .attr("type", "button")
                    .class("quiet")
                    .on("click", move |_| ask_again(asked_for, errors))
                    .child(say(Message::AnotherAddress)),
            ),
        )
        .show()
}

/// The form for the code, without what entering does.
fn code_form(
    code: RwSignal<String>,
    remember: RwSignal<bool>,
    busy: RwSignal<bool>,
    errors: FieldErrors,
) -> El {
    let label = move || say(if busy.get() { Message::SigningIn } else { Message::SignIn }).into();
    el("form")
        .attr("novalidate", "")
        .child(el("label").attr("for", CODE).child(say(Message::CodeLabel)))
        .child(el("p").class("hint").attr("id", "code-hint").child(say(Message::CodeHint)))
        .child(field_error(errors, CODE))
        .child(
            el("input")
                .attr("id", CODE)
                .attr("name", CODE)
                .attr("type", "text")
                .attr("autocapitalize", "characters")
                .class("code")
                .attr("autocomplete", "one-time-code")
                .attr("spellcheck", "false")
                .live_attr("aria-describedby", move || described_by(errors, CODE, "code-hint"))
                .live_attr("aria-invalid", move || is_wrong(errors, CODE))
                .live_value(move || code.get())
                .on("input", move |event| code.set(event_target_value(&event))),
        )
        .child(remember_me(remember))
        .child(busy_button(label, move || busy.get()))
}

/// Never ticked beforehand: the device may be a library's.
pub fn remember_me(remember: RwSignal<bool>) -> El {
    el("p").class("check").child(
        el("label")
            .child(
                el("input")
                    .attr("type", "checkbox")
                    .attr("name", "remember")
                    .live_checked(move || remember.get())
                    .on("change", move |event| remember.set(event_target_checked(&event))),
            )
            .child(" ")
            .child(say(Message::RememberDevice)),
    )
}

/// In the demo, where to read the mail.
fn mailbox(visit: Visit) -> View {
    (move || {
        let shown = visit.portal.read().as_ref().is_some_and(|portal| portal.mailbox);
        shown.then(|| el("p").child(link(Page::Mailbox, "", say(Message::OpenMailbox))))
    })
    .show()
}

/// Back to the address: for another one, or for a new code.
fn ask_again(asked_for: RwSignal<Option<String>>, errors: FieldErrors) {
    browser::forget(ASKED_FOR);
    show_errors(errors, Vec::new());
    asked_for.set(None);
    browser::focus_soon(HEADING);
}
