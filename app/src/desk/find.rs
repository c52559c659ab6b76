//! One search box: whatever the caller has at hand leads to the account.

use leptos::prelude::*;
use leptos_router::location::{BrowserUrl, LocationProvider};
use receivables::api::search::{Found, SearchAnswer, SearchHit};
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlElement};

use super::place::{DeskPage, link};
use super::requests;
use crate::address;
use crate::ui::browser;
use crate::ui::heading::heading;
use crate::ui::loaded::loaded;
use crate::ui::money::{money, money_text};
use crate::ui::view::{Show, View, el, views};

const BOX: &str = "q";

/// What is looked for, as the address says.
fn looked_for() -> Memo<String> {
    let Some(address) = use_context::<BrowserUrl>() else { return Memo::new(|_| String::new()) };
    let url = address.as_url().clone();
    Memo::new(move |_| url.read().search_params().get("q").unwrap_or_default())
}

/// Stands above every page; `/` leads into it.
pub fn search_box() -> View {
    let typed = RwSignal::new(String::new());
    let asked = looked_for();
    Effect::new(move |_| typed.set(asked.get()));
    let go = address::way();
    let submit = move |event: Event| {
        event.prevent_default();
        let words = typed.read_untracked().trim().to_owned();
        let words = String::from(js_sys::encode_uri_component(&words));
        go(format!("{}?q={words}", DeskPage::Find.path()), false);
    };
    slash_leads_here();
    el("form")
        .class("desk-search")
        .attr("role", "search")
        .on("submit", submit)
        .child(el("label").attr("for", BOX).class("visually-hidden").child("Find an account"))
        .child(
            el("input")
                .attr("id", BOX)
                .attr("name", BOX)
                .attr("type", "search")
                .attr("maxlength", "100")
                .attr("autocomplete", "off")
                .attr("spellcheck", "false")
                .attr("placeholder", "Number, name, e-mail, bill, payment, =120.00")
                .live_value(move || typed.get())
                .on("input", move |event| typed.set(event_target_value(&event)))
                .on("keydown", |event| move_to_hit(&event, None)),
        )
        .child(el("button").attr("type", "submit").class("button").child("Find"))
        .show()
}

/// Where no field has the focus, `/` goes into the box.
fn slash_leads_here() {
    let handle = window_event_listener(leptos::ev::keydown, |event| {
        let in_field = document()
            .active_element()
            .is_some_and(|element| matches!(&*element.tag_name(), "INPUT" | "TEXTAREA" | "SELECT"));
        let plain = !(event.ctrl_key() || event.meta_key() || event.alt_key());
        if event.key() == "/" && plain && !in_field {
            event.prevent_default();
            browser::focus(BOX);
        }
    });
    on_cleanup(move || handle.remove());
}

fn hit_id(at: usize) -> String {
    format!("hit-{at}")
}

/// Up and down go through the list, from the box and back to it.
fn move_to_hit(event: &Event, from: Option<usize>) {
    let Some(key) = event.dyn_ref::<web_sys::KeyboardEvent>().map(|event| event.key()) else {
        return;
    };
    let to = match (&*key, from) {
        ("ArrowDown", None) => hit_id(0),
        ("ArrowDown", Some(at)) => hit_id(at + 1),
        ("ArrowUp", Some(0)) => BOX.to_owned(),
        ("ArrowUp", Some(at)) => hit_id(at - 1),
        _ => return,
    };
    let found = document().get_element_by_id(&to);
    if let Some(found) = found.and_then(|found| found.dyn_into::<HtmlElement>().ok()) {
        event.prevent_default();
        // Refused by no element that is in the page.
        let _ = found.focus();
    }
}

pub fn page() -> View {
    let asked = looked_for();
    (move || {
        let words = asked.get();
        if words.is_empty() {
            return el("div")
                .class("page")
                .child(heading("Find an account"))
                .child(el("p").child(
                    "Type what the caller has at hand into the box above: the number of an \
                     account, a name, an e-mail address, the number of a bill, a payment or a \
                     receipt, the gateway's id, or a sum as =120.00.",
                ))
                .child(
                    el("p").class("hint").child(
                        "The key / goes into the box, the arrow keys through what was found.",
                    ),
                )
                .show();
        }
        let title = format!("Found for “{words}”");
        el("div")
            .class("page")
            .child(heading(title))
            .child(loaded(move || requests::search(&words), found))
            .show()
    })
    .show()
}

fn found(answer: SearchAnswer) -> View {
    if answer.items.is_empty() {
        return el("div")
            .class("empty")
            .child(el("p").child("Nothing is called that. Try a part of the name, or the sum."))
            .show();
    }
    let more = answer.is_more.then(|| {
        el("p").class("hint").child("There is more than is shown: a longer word finds less.")
    });
    let rows: Vec<_> = answer.items.into_iter().enumerate().map(|(at, hit)| row(at, hit)).collect();
    views![el("ol").class("hits").child(rows), more].show()
}

fn row(at: usize, hit: SearchHit) -> View {
    let (page, what) = match &hit.found {
        Found::Account => (DeskPage::Account(hit.account_id), None),
        Found::Bill { number, total, .. } => {
            let total = money_text(*total, hit.currency);
            (DeskPage::Account(hit.account_id), Some(format!("Bill {number} of {total}")))
        }
        Found::Payment { payment_id, amount } => {
            let amount = money_text(*amount, hit.currency);
            (DeskPage::Payment(*payment_id), Some(format!("Payment of {amount}")))
        }
    };
    let past_due = hit.past_due.is_positive().then(|| {
        let amount = money_text(hit.past_due, hit.currency);
        el("span").class("tag").attr("data-tone", "late").child(format!("{amount} past due"))
    });
    let last_paid = match hit.last_paid_on {
        Some(day) => format!("last paid {}", day.in_words()),
        None => "never paid here".to_owned(),
    };
    el("li")
        .child(
            el("a")
                .attr("href", page.path())
                .attr("id", hit_id(at))
                .class("hit")
                .on("keydown", move |event| move_to_hit(&event, Some(at)))
                .child(
                    el("span")
                        .class("hit-name")
                        .child(el("strong").child(hit.account_name))
                        .child(
                            el("span")
                                .class("hint")
                                .child(format!("Account {} · {last_paid}", hit.account_number)),
                        )
                        .child(what.map(|what| el("span").child(what))),
                )
                .child(
                    el("span")
                        .class("hit-owed")
                        .child(el("span").class("hint").child("owes"))
                        .child(money(hit.owed, hit.currency))
                        .child(past_due),
                ),
        )
        .show()
}

/// Back to an account, from a page about it.
pub fn back_to(account: receivables::ids::AccountId) -> View {
    el("p").child(link(DeskPage::Account(account), "", "Back to the account")).show()
}
