//! The work list: what waits for a person, the oldest first, each with the one thing to do.

use leptos::prelude::*;
use leptos::task::spawn_local;
use receivables::api::work_items::{WorkAction, WorkItemPage, WorkItemRow};
use receivables::ids::WorkItemId;

use super::fields::Field;
use super::place::{DeskPage, link};
use super::requests;
use super::staff::Desk;
use crate::api::Failure;
use crate::ui::browser;
use crate::ui::field::show_errors;
use crate::ui::heading::heading;
use crate::ui::notice::{Tone, failure_title, failure_words, notice, paragraph};
use crate::ui::paged::{Rows, paged};
use crate::ui::view::{Show, View, el, views};

pub fn page() -> View {
    el("div")
        .class("page")
        .child(heading("What waits for a person"))
        .child(paged(requests::work_items, read, frame, empty))
        .show()
}

fn read(text: &str) -> Option<Rows> {
    let page: WorkItemPage = crate::json::read(text).ok()?;
    Some(Rows { rows: page.items.into_iter().map(shown).collect(), next: page.next })
}

fn frame(rows: View) -> View {
    el("ol").class("hits").child(rows).show()
}

fn empty() -> View {
    el("div").class("empty").child(paragraph("Nothing waits. Well done.")).show()
}

fn kind_words(kind: &str) -> String {
    let words = match kind {
        "unmatched_money" => "Money that names no account",
        "payment_unclear" => "A payment without a clear end",
        "payment_slow" => "A payment that stays at the bank",
        "intent_differs" => "The card service says something else",
        "event_not_applied" => "News that could not be applied",
        "not_delivered" => "A letter or message not delivered",
        "money_went_back" => "Money went back outside the portal",
        "refund_unclear" => "A refund without a clear end",
        "refund_returned" => "A refund came back",
        "disputed" => "A dispute",
        "approval_waits" => "Waits for approval",
        "glass_broken" => "An emergency sign-in",
        "watched_table" => "The watched table cannot be read",
        other => return other.replace('_', " "),
    };
    words.to_owned()
}

fn shown(item: WorkItemRow) -> View {
    let since = browser::day_of(&item.since).map(|day| day.in_words());
    let account = item.account_number.as_ref().map(|number| format!(" · account {number}"));
    let since =
        format!("since {}{}", since.unwrap_or(item.since.clone()), account.unwrap_or_default());
    el("li")
        .class("work-item")
        .child(el("h2").child(kind_words(&item.kind)))
        .child(el("p").class("hint").child(since))
        .child(paragraph(item.why.clone()))
        .child(el("p").class("acts").child(act(&item)))
        .child(Desk::here().may("do_work").then(|| done(item.id)))
        .show()
}

/// The one thing to do about it.
fn act(item: &WorkItemRow) -> View {
    let account = item.account_id;
    let go = |page: DeskPage, words: &'static str| link(page, "button", words);
    match item.action {
        WorkAction::Decide => match (account, item.payment_id, item.adjustment_id) {
            (Some(account), _, Some(adjustment)) => {
                go(DeskPage::Decide(account, adjustment), "Approve or decline")
            }
            (Some(account), Some(payment), None) => {
                go(DeskPage::DecideExternal(account, payment), "Approve or decline")
            }
            _ => ().show(),
        },
        WorkAction::AnswerDispute => views![
            item.payment_id.map(|payment| go(DeskPage::Payment(payment), "See the payment")),
            "Answer the bank in the card service's own pages."
        ]
        .show(),
        WorkAction::CheckGateway => {
            views!["Compare with the card service's own pages: ", item.thing_id.clone()].show()
        }
        WorkAction::CheckTable => "Look at the watched table, where it comes from.".show(),
        WorkAction::CheckStaff => "Ask who it was.".show(),
        WorkAction::Match => "Say whose money it is, at the terminal: paydown match.".show(),
        WorkAction::SeePayment | WorkAction::SeeAccount => match (item.payment_id, account) {
            (Some(payment), _) => go(DeskPage::Payment(payment), "See the payment"),
            (None, Some(account)) => go(DeskPage::Account(account), "See the account"),
            (None, None) => ().show(),
        },
    }
}

/// Ends the matter, with a note of how it was settled.
fn done(id: WorkItemId) -> View {
    let errors = RwSignal::new(Vec::new());
    let note = Field::new("note", "How it was settled", "For those who ask later.");
    let outcome: RwSignal<Option<Result<(), Failure>>> = RwSignal::new(None);
    let visit = Desk::here().visit;
    let typed = note.typed;
    let fields = el("div").child(note.text(errors));
    let send = move |event: web_sys::Event| {
        event.prevent_default();
        let note = match note.read_text("Say how it was settled.") {
            Ok(note) => note,
            Err(wrong) => return show_errors(errors, vec![wrong]),
        };
        spawn_local(async move {
            let answer = requests::work_done(id, note).send().await.map(drop);
            if answer == Err(Failure::SignedOut) {
                return visit.signed_out();
            }
            let _ = outcome.try_set(Some(answer));
        });
    };
    let form = el("details").child(el("summary").child("It is settled")).child(
        el("form").attr("novalidate", "").on("submit", send).child(fields).child(
            el("button").attr("type", "submit").class("button").child("Take it off the list"),
        ),
    );
    let form =
        form.live_attr("hidden", move || matches!(*outcome.read(), Some(Ok(()))).then_some(""));
    let said = move || match &*outcome.read() {
        Some(Ok(())) => {
            let words = format!("Settled: {}", typed.read_untracked());
            Some(notice(Tone::Status, "It is off the list", paragraph(words)))
        }
        Some(Err(failure)) => {
            Some(notice(Tone::Alert, failure_title(failure), failure_words(failure)))
        }
        None => None,
    };
    views![form, said].show()
}
