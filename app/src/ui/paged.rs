//! Lists that come page by page: rows, and a button for more.

use leptos::prelude::*;
use leptos::task::spawn_local;
use receivables::words::Message;

use super::loaded::loading;
use super::notice::failure_notice;
use super::words::say;
use crate::api::{Failure, Request};
use crate::session::Visit;
use crate::ui::view::{Show, View, el, views};

/// One page: its rows, drawn, and the mark of the next.
pub struct Rows {
    pub rows: Vec<View>,
    pub next: Option<String>,
}

type AskPage = dyn Fn(Option<&str>) -> Request;
type ReadPage = fn(&str) -> Option<Rows>;

/// Asks for page after page; `read` draws one, `frame` stands around them all, `empty` in
/// their place.
pub fn paged(
    request: impl Fn(Option<&str>) -> Request + 'static,
    read: ReadPage,
    frame: fn(View) -> View,
    empty: fn() -> View,
) -> View {
    let request: Box<AskPage> = Box::new(request);
    let request = StoredValue::new_local(request);
    let pages: RwSignal<Vec<String>> = RwSignal::new(Vec::new());
    let next: RwSignal<Option<String>> = RwSignal::new(None);
    let failure: RwSignal<Option<Failure>> = RwSignal::new(None);
    let busy = RwSignal::new(false);
    let visit = Visit::here();
    let ask = move || {
        if busy.get_untracked() {
            return;
        }
        let after = next.get_untracked();
        let Some(request) = request.try_with_value(|ask| ask(after.as_deref())) else { return };
        busy.set(true);
        spawn_local(async move {
            let answer = request.send().await;
            let _ = busy.try_set(false);
            match answer {
                Ok(text) => match read(&text) {
                    Some(page) => {
                        let _ = next.try_set(page.next);
                        let _ = pages.try_update(|pages| pages.push(text));
                    }
                    None => drop(failure.try_set(Some(Failure::NotUnderstood))),
                },
                Err(Failure::SignedOut) => visit.signed_out(),
                Err(why) => drop(failure.try_set(Some(why))),
            }
        });
    };
    ask();
    let again = move || {
        failure.set(None);
        ask();
    };
    let begun = Memo::new(move |_| !pages.read().is_empty());
    (move || {
        if let Some(why) = failure.get() {
            return failure_notice(&why, again);
        }
        if !begun.get() {
            return loading();
        }
        let rows = move || {
            pages.read().iter().filter_map(|text| read(text)).flat_map(|page| page.rows).collect()
        };
        if pages.with_untracked(|pages| pages.iter().all(|text| is_empty(text, read))) {
            return empty();
        }
        // Hidden, not taken away: the button keeps the focus while rows come in above it.
        let more = el("p")
            .class("more-rows")
            .live_attr("hidden", move || next.read().is_none().then_some(""))
            .child(
                el("button")
                    .attr("type", "button")
                    .class("button")
                    .on("click", move |_| ask())
                    .live_attr("aria-disabled", move || busy.get().to_string())
                    .child(say(Message::ShowMore)),
            );
        let rows: Box<dyn Fn() -> Vec<View>> = Box::new(rows);
        views![frame(rows.show()), more]
    })
    .show()
}

fn is_empty(text: &str, read: ReadPage) -> bool {
    read(text).is_none_or(|page| page.rows.is_empty())
}
