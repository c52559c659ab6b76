//! Where the link in the mail leads. Mail programs open links to look at them, so opening
//! proves nothing: the link is used up by a press of the button, by POST.

use leptos::prelude::*;
use leptos::task::spawn_local;
use receivables::api::sign_in::SignInRequest;
use receivables::words::Message;
use web_sys::Event;

use super::ask_for_code::{ASKED_FOR, remember_me};
use super::failed_at;
use crate::api;
use crate::page::Page;
use crate::session::Visit;
use crate::ui::browser;
use crate::ui::busy_button::busy_button;
use crate::ui::heading::heading;
use crate::ui::link::link;
use crate::ui::notice::{Tone, notice, paragraph};
use crate::ui::view::{Show, View, el, views};
use crate::ui::words::say;

pub fn page() -> View {
    let visit = Visit::here();
    let secret = StoredValue::new(browser::take_fragment());
    let remember = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let failed: RwSignal<Option<String>> = RwSignal::new(None);
    let enter = move |event: Event| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        failed.set(None);
        spawn_local(async move {
            let link = Some(secret.get_value());
            let remember = remember.get_untracked();
            let request = SignInRequest { code: None, link, remember };
            match api::sign_in(&request).send().await {
                Ok(_) => {
                    browser::forget(ASKED_FOR);
                    visit.go_on();
                }
                Err(failure) => {
                    let _ = busy.try_set(false);
                    // A link works in the browser that asked for it and nowhere else.
                    let words = match failure.code() {
                        "code-invalid" => {
                            // A new code is asked for, so no older one is waited for here.
                            browser::forget(ASKED_FOR);
                            say(Message::LinkInvalid).to_owned()
                        }
                        _ => failed_at("", &failure).words,
                    };
                    let _ = failed.try_set(Some(words));
                }
            }
        });
    };
    let label = move || say(if busy.get() { Message::SigningIn } else { Message::SignIn }).into();
    let problem = move || {
        let words = failed.get()?;
        let body = views![
            paragraph(words),
            el("p").child(link(Page::SignIn, "", say(Message::AskForNewCode)))
        ];
        Some(notice(Tone::Alert, say(Message::LinkInvalidTitle), body.show()))
    };
    el("div")
        .class("page narrow")
        .child(problem)
        .child(heading(say(Message::LinkTitle)))
        .child(el("p").child(say(Message::LinkIntro)))
        .child(
            el("form")
                .attr("novalidate", "")
                .on("submit", enter)
                .child(remember_me(remember))
                .child(busy_button(label, move || busy.get())),
        )
        .show()
}
