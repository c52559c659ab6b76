//! Credit on account goes first, unless the payer unticks it; where it covers everything, it is
//! used without a card.

use leptos::prelude::*;
use leptos::task::spawn_local;
use receivables::api::accounts::CurrentBill;
use receivables::api::payments::CreditApplied;
use receivables::money::MinorUnits;
use receivables::words::Message;
use web_sys::Event;

use super::attempt;
use super::how_much::Asking;
use crate::api::{self, Failure};
use crate::bills::account_line::account_line;
use crate::page::Page;
use crate::session::Visit;
use crate::ui::browser;
use crate::ui::busy_button::busy_button;
use crate::ui::heading::heading;
use crate::ui::money::{money, money_text};
use crate::ui::notice::{Tone, failure_words, notice};
use crate::ui::view::{Show, View, el, views};
use crate::ui::words::{fill, say};

const SWITCH: &str = "use-credit";

/// What is done with the account's credit on this page.
#[derive(Clone, Copy)]
pub struct CreditFirst {
    pub keep: RwSignal<bool>,
    /// What could be used of it.
    pub usable: MinorUnits,
    /// What is used: nothing where the payer keeps it.
    pub used: MinorUnits,
}

impl CreditFirst {
    /// The bill as it is paid, and what becomes of the credit.
    pub fn of(bill: CurrentBill, keep: RwSignal<bool>) -> (CurrentBill, Self) {
        let (after, usable) = bill.clone().with_credit_used();
        if keep.get_untracked() || usable.is_zero() {
            return (bill, Self { keep, usable, used: MinorUnits::ZERO });
        }
        (after, Self { keep, usable, used: usable })
    }
}

/// Nothing where there is no credit to use.
pub fn switch(asking: &Asking) -> View {
    let CreditFirst { keep, usable, .. } = asking.credit;
    if usable.is_zero() {
        return ().show();
    }
    let (draft, account) = (asking.draft, asking.bill.account.id);
    let currency = asking.bill.account.currency;
    let turn = move |_: Event| {
        let kept = !keep.get_untracked();
        draft.update(|draft| draft.keep_credit = kept);
        attempt::keep_draft(account, &draft.read_untracked());
        keep.set(kept);
        // The page is drawn anew; whoever turned the switch is still at it.
        browser::focus_soon(SWITCH);
    };
    el("div")
        .class("choice credit-first")
        .child(
            el("label")
                .class("choice-label")
                .attr("for", SWITCH)
                .child(
                    el("input")
                        .attr("type", "checkbox")
                        .attr("id", SWITCH)
                        .live_checked(move || !keep.get())
                        .on("change", turn),
                )
                .child(
                    el("span")
                        .class("choice-words")
                        .child(say(Message::UseMyCredit))
                        .child(el("span").class("hint").child(say(Message::UseMyCreditHint))),
                )
                .child(money(usable, currency)),
        )
        .show()
}

/// Nothing is left for a card: one press settles everything.
pub fn covers_all(asking: &Asking) -> View {
    let account = &asking.bill.account;
    let (id, visit) = (account.id, Visit::here());
    let busy = RwSignal::new(false);
    let failed: RwSignal<Option<Failure>> = RwSignal::new(None);
    let amount = money_text(asking.credit.used, account.currency);
    let use_it = move |event: Event| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let answer = api::use_credit(id).document::<CreditApplied>().await;
            // The page may be gone by now.
            let _ = busy.try_set(false);
            match answer {
                Ok(_) => {
                    attempt::forget_draft(id);
                    browser::load(Page::Account(id));
                }
                Err(Failure::SignedOut) => visit.signed_out(),
                Err(failure) => {
                    let _ = failed.try_set(Some(failure));
                }
            }
        });
    };
    let trouble = move || {
        failed.read().as_ref().map(|failure| {
            notice(Tone::Alert, say(Message::CreditCoversAll), failure_words(failure))
        })
    };
    el("form")
        .attr("novalidate", "")
        .class("page")
        .on("submit", use_it)
        .child(views![
            account_line(&account.number, &account.name),
            heading(say(Message::CreditCoversAll)),
            trouble,
            el("p").child(fill(Message::CreditCoversAllExplained, &[("amount", &amount)])),
            switch(asking),
            busy_button(|| say(Message::UseCreditNow).to_owned(), move || busy.get())
        ])
        .show()
}
