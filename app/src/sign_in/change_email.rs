//! Changing the address: asked for, confirmed by a code at the new one, and stopped.

use leptos::prelude::*;
use leptos::task::spawn_local;
use receivables::api::sign_in::{EmailChange, SignInOverview};
use receivables::words::Message;
use web_sys::Event;

use super::failed_at;
use super::passkey::press;
use super::your_sign_in::{Changes, day_words};
use crate::api::{self, Failure, Request};
use crate::ui::busy_button::busy_button;
use crate::ui::field::{
    FieldError, FieldErrors, described_by, error_summary, field_error, is_wrong, show_errors,
};
use crate::ui::notice::paragraph;
use crate::ui::view::{Show, View, el, views};
use crate::ui::words::{fill, say};

const NEW_EMAIL: &str = "new-email";
const CODE: &str = "email-code";

pub fn email_part(overview: &SignInOverview, changes: Changes) -> View {
    let now = el("p").child(el("strong").child(overview.email.clone())).show();
    views![now, next_step(overview.email_change.clone(), changes)].show()
}

fn next_step(change: Option<EmailChange>, changes: Changes) -> View {
    let keep =
        move || press("quiet", Message::KeepEmail, move |_| changes.send(api::stop_email_change()));
    match change {
        None => ask_step(changes),
        Some(EmailChange { email, effective_at: Some(at) }) => {
            let day = day_words(&at);
            let waits = fill(Message::EmailChangeWaits, &[("email", &email), ("day", &day)]);
            views![paragraph(waits), keep()].show()
        }
        Some(EmailChange { email, effective_at: None }) => {
            let sent = paragraph(fill(Message::EmailCodeSent, &[("email", &email)]));
            // The first is used up by five wrong tries, or by ten minutes.
            let again = move |_| changes.send(api::change_email(email.clone()));
            let again = press("quiet", Message::AskForNewCode, again);
            let acts = el("div").class("acts").child(again).child(keep());
            views![sent, code_step(changes), acts].show()
        }
    }
}

/// Behind a press, as hardly anybody who comes here wants it.
fn ask_step(changes: Changes) -> View {
    let is_open = RwSignal::new(false);
    (move || {
        if !is_open.get() {
            return press("button", Message::ChangeEmail, move |_| is_open.set(true));
        }
        one_field(
            Field {
                id: NEW_EMAIL,
                hint_id: "new-email-hint",
                kind: "email",
                autocomplete: "email",
                label: Message::NewEmailLabel,
                hint: Message::NewEmailHint,
                empty: Message::EmailNotAnAddress,
                act: Message::SendCode,
            },
            api::change_email,
            changes,
        )
    })
    .show()
}

fn code_step(changes: Changes) -> View {
    one_field(
        Field {
            id: CODE,
            hint_id: "email-code-hint",
            kind: "text",
            autocomplete: "one-time-code",
            label: Message::CodeLabel,
            hint: Message::CodeHint,
            empty: Message::CodeEmpty,
            act: Message::ConfirmEmail,
        },
        api::confirm_email,
        changes,
    )
}

struct Field {
    id: &'static str,
    hint_id: &'static str,
    kind: &'static str,
    autocomplete: &'static str,
    label: Message,
    hint: Message,
    empty: Message,
    act: Message,
}

/// A form of one field whose text is sent.
fn one_field(field: Field, request: fn(String) -> Request, changes: Changes) -> View {
    let Field { id, hint_id, kind, autocomplete, label, hint, empty, act } = field;
    let text = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let errors: FieldErrors = RwSignal::new(Vec::new());
    let send = move |event: Event| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let typed = text.get_untracked().trim().to_owned();
        if typed.is_empty() {
            let words = say(empty).to_owned();
            return show_errors(errors, vec![FieldError { field: id.into(), words }]);
        }
        show_errors(errors, Vec::new());
        busy.set(true);
        spawn_local(async move {
            let answer = request(typed).send().await;
            let _ = busy.try_set(false);
            match answer {
                Ok(_) => changes.done(),
                Err(Failure::Problem(problem)) if problem.status != 422 => {
                    changes.failed(Failure::Problem(problem));
                }
                Err(failure) => show_errors(errors, vec![failed_at(id, &failure)]),
            }
        });
    };
    let input = el("input")
        .attr("id", id)
        .attr("name", id)
        .attr("type", kind)
        .attr("autocomplete", autocomplete)
        .attr("spellcheck", "false")
        .live_attr("aria-describedby", move || described_by(errors, id, hint_id))
        .live_attr("aria-invalid", move || is_wrong(errors, id))
        .live_value(move || text.get())
        .on("input", move |event| text.set(event_target_value(&event)));
    let button = busy_button(
        move || say(if busy.get() { Message::Sending } else { act }).into(),
        move || busy.get(),
    );
    el("form")
        .attr("novalidate", "")
        .on("submit", send)
        .child(error_summary(errors))
        .child(el("label").attr("for", id).child(say(label)))
        .child(el("p").class("hint").attr("id", hint_id).child(say(hint)))
        .child(field_error(errors, id))
        .child(input)
        .child(button)
        .show()
}
