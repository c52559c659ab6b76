//! The frame around every page, and which page stands in it.

use std::cell::Cell;

use leptos::prelude::*;
use receivables::api::portal::{Biller, GatewayMode};
use receivables::words::Message;

use crate::address;
use crate::page::Page;
use crate::session::{Visit, Who};
use crate::ui::browser;
use crate::ui::heading::heading;
use crate::ui::link::{about, link};
use crate::ui::loaded::loading;
use crate::ui::notice::failure_notice;
use crate::ui::view::{Show, View, el, react, views};
use crate::ui::words::say;

/// Draws the pages of the document that is open.
pub type Pages = fn(Page) -> View;

/// Where the frame stands in: which page is asked for, if it is one of ours.
type Asked = Memo<Option<Page>>;

pub fn draw(pages: Pages) {
    let visit = Visit::begin();
    browser::reload_when_shown_again();
    let page = address::follow(Page::at);
    // All at once, so that nothing moves: who is here decides what stands above the page.
    let begun = Memo::new(move |_| visit.is_begun());
    react(Box::new(move || {
        if begun.get() {
            put_frame(visit, page, pages);
        }
    }));
}

fn put_frame(visit: Visit, page: Asked, pages: Pages) {
    let skip = move || {
        visit.portal.track();
        say(Message::SkipToContent)
    };
    let skip = el("a").class("skip").attr("href", "#main").attr("rel", "external").child(skip);
    let main = el("main").attr("id", "main").child(page_shown(page, pages));
    // What was seen until now.
    if let Some(shell) = document().get_element_by_id("shell") {
        shell.remove();
    }
    if let Some(body) = document().body() {
        let limit = crate::time_limit::notice(visit);
        views![skip, demo_banner(visit), site_header(visit, page), limit, main, site_footer(visit)]
            .put(&body, None);
    }
}

/// What the frame needs to know of who is here; the page is drawn again only if this changes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    NotKnown,
    Nobody,
    Customer,
    NoAnswer,
}

fn page_shown(page: Asked, pages: Pages) -> View {
    let visit = Visit::here();
    let presence = Memo::new(move |_| match &*visit.who.read() {
        Who::NotAskedYet => Presence::NotKnown,
        Who::Nobody => Presence::Nobody,
        Who::Customer(_) => Presence::Customer,
        Who::NoAnswer(_) => Presence::NoAnswer,
    });
    (move || {
        let Some(page) = page.get() else { return not_found() };
        if !page.needs_sign_in() {
            return pages(page);
        }
        match presence.get() {
            Presence::NotKnown => loading(),
            Presence::Customer => pages(page),
            Presence::Nobody => {
                visit.signed_out();
                pages(Page::SignIn)
            }
            Presence::NoAnswer => match visit.who.get_untracked() {
                Who::NoAnswer(failure) => failure_notice(&failure, move || visit.ask_who()),
                _ => loading(),
            },
        }
    })
    .show()
}

thread_local! {
    static NOT_FOUND: Cell<fn() -> View> = const { Cell::new(owing_not_found) };
}

/// What another frame shows where there is nothing.
pub fn set_not_found(shown: fn() -> View) {
    NOT_FOUND.set(shown);
}

pub fn not_found() -> View {
    NOT_FOUND.get()()
}

fn owing_not_found() -> View {
    el("div")
        .class("page")
        .child(heading(say(Message::NotFoundTitle)))
        .child(el("p").child(say(Message::NotFound)))
        .child(el("p").child(link(Page::Home, "", say(Message::BackToWhatYouOwe))))
        .show()
}

/// On every page, so that nobody takes the sandbox for a payment or the reverse.
pub fn demo_banner(visit: Visit) -> View {
    (move || {
        let words = match visit.gateway_mode()? {
            GatewayMode::Live => return None,
            GatewayMode::Sandbox => say(Message::DemoBanner),
            GatewayMode::Test => say(Message::TestBanner),
        };
        Some(
            el("div")
                .class("demo-banner")
                .attr("role", "region")
                .attr("aria-label", say(Message::DemoLabel))
                .child(el("strong").child(say(Message::Demo)))
                .child(" ")
                .child(words),
        )
    })
    .show()
}

fn site_header(visit: Visit, page: Asked) -> View {
    let name = move || match &*visit.portal.read() {
        Some(portal) => portal.biller.name.clone(),
        None => "Paydown".to_owned(),
    };
    el("header")
        .class("site-header")
        .child(
            el("div")
                .class("inner")
                .child(move || link(Page::Home, "site-name", name()))
                .child(move || signed_in_nav(visit, page)),
        )
        .show()
}

fn signed_in_nav(visit: Visit, shown: Asked) -> Option<View> {
    let customer = visit.customer()?;
    let account = visit.account.get().or_else(|| visit.first_account());
    let links = account.map(|account| {
        let entry = move |page: Page, message| {
            let here = move || {
                let shown = shown.get()?;
                let at_home = shown == Page::Home && matches!(page, Page::Account(_));
                (shown == page || at_home).then_some("page")
            };
            let rel = page.needs_new_document().then_some("external");
            el("li").child(
                el("a")
                    .attr("href", page.path())
                    .attr("rel", rel)
                    .live_attr("aria-current", here)
                    .child(say(message)),
            )
        };
        el("nav").attr("aria-label", say(Message::MainMenu)).child(
            el("ul")
                .class("menu")
                .child(entry(Page::Account(account), Message::WhatYouOwe))
                .child(entry(Page::PastBills(account), Message::PastBills))
                .child(entry(Page::Payments(account), Message::Payments)),
        )
    });
    Some(
        views![
            links,
            el("div")
                .class("who")
                .child(link(
                    Page::YourSignIn,
                    "who-name",
                    views![customer.name, about(say(Message::YourSignIn))],
                ))
                .child(
                    el("button")
                        .attr("type", "button")
                        .class("quiet")
                        .on("click", move |_| visit.sign_out())
                        .child(say(Message::SignOut))
                )
        ]
        .show(),
    )
}

/// Help stands in the same place on every page.
fn site_footer(visit: Visit) -> View {
    let help = move || {
        let portal = visit.portal.get()?;
        let mailbox = portal
            .mailbox
            .then(|| el("p").child(link(Page::Mailbox, "", say(Message::OpenMailbox))));
        Some(
            el("section")
                .class("inner")
                .attr("aria-labelledby", "help")
                .child(el("h2").attr("id", "help").child(say(Message::HelpTitle)))
                .child(contact(portal.biller))
                .child(mailbox),
        )
    };
    el("footer").class("site-footer").child(help).show()
}

fn contact(biller: Biller) -> View {
    let filled = |text: &str| !text.is_empty();
    let email = filled(&biller.email).then(|| {
        el("li").child(
            el("a").attr("href", format!("mailto:{}", biller.email)).child(biller.email.clone()),
        )
    });
    let phone = filled(&biller.phone).then(|| {
        let number: String =
            biller.phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
        el("li").child(el("a").attr("href", format!("tel:{number}")).child(biller.phone.clone()))
    });
    let address = filled(&biller.address).then(|| el("li").child(biller.address.clone()));
    let other = filled(&biller.other_ways_to_pay).then(|| {
        el("p")
            .child(say(Message::OtherWaysToPay))
            .child(" ")
            .child(biller.other_ways_to_pay.clone())
    });
    views![
        el("p").child(say(Message::HelpIntro)),
        el("ul").class("contact").child(email).child(phone).child(address),
        other
    ]
    .show()
}
