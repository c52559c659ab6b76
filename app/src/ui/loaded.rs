//! A page part drawn from a document: loading, drawn, or why not.

use leptos::prelude::*;
use leptos::task::spawn_local;
use receivables::words::Message;
use serde::de::DeserializeOwned;

use super::notice::failure_notice;
use super::words::say;
use crate::api::{Failure, Request};
use crate::session::Visit;
use crate::ui::view::{Show, View, el};

type Answer = RwSignal<Option<Result<String, Failure>>>;
type Draw = dyn Fn(&str) -> Option<View>;

/// Asks for a document and draws it. The generic part is only the parsing; asking and its
/// states are in the module once.
pub fn loaded<T: DeserializeOwned>(
    request: impl Fn() -> Request + 'static,
    draw: impl Fn(T) -> View + 'static,
) -> View {
    let draw = move |text: &str| crate::json::read::<T>(text).ok().map(&draw);
    loaded_text(Box::new(request), Box::new(draw))
}

fn loaded_text(request: Box<dyn Fn() -> Request>, draw: Box<Draw>) -> View {
    let answer: Answer = RwSignal::new(None);
    let visit = Visit::here();
    let asked = StoredValue::new_local(request);
    let ask = move || {
        answer.set(None);
        let Some(request) = asked.try_with_value(|request| request()) else { return };
        spawn_local(async move {
            let text = request.send().await;
            if text == Err(Failure::SignedOut) {
                visit.signed_out();
            }
            // The page may be gone by now.
            let _ = answer.try_set(Some(text));
        });
    };
    ask();
    (move || match &*answer.read() {
        None => loading(),
        Some(Ok(text)) => {
            draw(text).unwrap_or_else(|| failure_notice(&Failure::NotUnderstood, ask))
        }
        Some(Err(failure)) => failure_notice(failure, ask),
    })
    .show()
}

/// Keeps the size of a page, so that nothing jumps when it comes.
pub fn loading() -> View {
    el("div")
        .class("page loading")
        .child(el("p").attr("role", "status").child(say(Message::Loading)))
        .child(el("div").class("skeleton").attr("aria-hidden", "true"))
        .child(el("div").class("skeleton").attr("aria-hidden", "true"))
        .show()
}
