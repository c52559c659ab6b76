//! Where the gateway's card fields would be, the sandbox has a list of test cards: there is no
//! field for a number, so that no real card can be given to it.

use leptos::prelude::*;
use receivables::words::Message;
use serde::Deserialize;

use crate::api;
use crate::ui::loaded::loaded;
use crate::ui::view::{Show, View, el};
use crate::ui::words::say;

#[derive(Deserialize)]
struct Card {
    card: String,
    label: String,
    what_it_does: String,
}

pub fn view(chosen: RwSignal<String>) -> View {
    loaded(api::sandbox_cards, move |cards: Vec<Card>| {
        if chosen.read_untracked().is_empty()
            && let Some(first) = cards.first()
        {
            chosen.set(first.card.clone());
        }
        let rows: Vec<_> = cards.into_iter().map(|card| choice(card, chosen)).collect();
        el("fieldset")
            .class("cards-to-try")
            .child(el("legend").child(say(Message::TestCardsLegend)))
            .child(el("p").class("hint").child(say(Message::TestCardsHint)))
            .child(rows)
            .show()
    })
}

fn choice(card: Card, chosen: RwSignal<String>) -> View {
    let id = format!("card-{}", card.card);
    let label_for = id.clone();
    let name = StoredValue::new(card.card);
    el("div")
        .class("choice")
        .child(
            el("label")
                .class("choice-label")
                .attr("for", label_for)
                .child(
                    el("input")
                        .attr("type", "radio")
                        .attr("name", "card")
                        .attr("id", id)
                        .live_checked(move || *chosen.read() == *name.read_value())
                        .on("change", move |_| chosen.set(name.get_value())),
                )
                .child(
                    el("span")
                        .class("choice-words")
                        .child(card.label)
                        .child(el("span").class("hint").child(card.what_it_does)),
                ),
        )
        .show()
}
