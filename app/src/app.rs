//! The frame around every page, and which page stands in it.

use leptos::prelude::*;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::hooks::use_location;
use leptos_router::path;
use receivables::api::portal::{Biller, GatewayMode};
use receivables::words::Message;

use crate::page::Page;
use crate::session::{Visit, Who};
use crate::ui::browser;
use crate::ui::heading::heading;
use crate::ui::link::link;
use crate::ui::loaded::loading;
use crate::ui::notice::failure_notice;
use crate::ui::view::{Show, View, el, views};
use crate::ui::words::say;
use crate::{bills, pay, payments, receipts, sign_in};

pub fn app() -> impl IntoView {
    let visit = Visit::begin();
    browser::reload_when_shown_again();
    // The router keeps address and history; which page stands at an address `Page` alone says,
    // so that there is one route, which draws nothing.
    view! {
        <Router>
            {move || frame(visit)}
            <FlatRoutes fallback=|| ()>
                <Route path=path!("/*page") view=|| ()/>
            </FlatRoutes>
        </Router>
    }
}

fn frame(visit: Visit) {
    let skip = move || {
        visit.portal.track();
        say(Message::SkipToContent)
    };
    let skip = el("a").class("skip").attr("href", "#main").attr("rel", "external").child(skip);
    let main = el("main").attr("id", "main").child(page_shown());
    if let Some(body) = document().body() {
        views![skip, demo_banner(visit), site_header(visit), main, site_footer(visit)]
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

fn page_shown() -> View {
    let visit = Visit::here();
    let path = use_location().pathname;
    let page = Memo::new(move |_| Page::at(&path.read()));
    let presence = Memo::new(move |_| match &*visit.who.read() {
        Who::NotAskedYet => Presence::NotKnown,
        Who::Nobody => Presence::Nobody,
        Who::Customer(_) => Presence::Customer,
        Who::NoAnswer(_) => Presence::NoAnswer,
    });
    (move || {
        let Some(page) = page.get() else { return not_found() };
        if !page.needs_sign_in() {
            return draw(page);
        }
        match presence.get() {
            Presence::NotKnown => loading(),
            Presence::Customer => draw(page),
            Presence::Nobody => {
                visit.signed_out();
                sign_in::ask_for_code::page()
            }
            Presence::NoAnswer => match visit.who.get_untracked() {
                Who::NoAnswer(failure) => failure_notice(&failure, move || visit.ask_who()),
                _ => loading(),
            },
        }
    })
    .show()
}

fn draw(page: Page) -> View {
    match page {
        Page::Home => bills::what_you_owe::home(),
        Page::Account(account) => bills::what_you_owe::page(account),
        Page::PastBills(account) => bills::past_bills::page(account),
        Page::Bill(bill) => bills::bill_details::page(bill),
        Page::Payments(account) => payments::history::page(account),
        Page::Payment(payment) => payments::result::page(payment),
        Page::Receipt(payment) => receipts::receipt::page(payment),
        Page::HowMuch(account) => pay::how_much::page(account),
        Page::Check(account) => pay::check_and_pay::page(account),
        Page::SignIn => sign_in::ask_for_code::page(),
        Page::SignInLink => sign_in::link_from_mail::page(),
        Page::Mailbox => not_found(),
    }
}

pub fn not_found() -> View {
    el("div")
        .class("page")
        .child(heading(say(Message::NotFoundTitle)))
        .child(el("p").child(say(Message::NotFound)))
        .child(el("p").child(link(Page::Home, "", say(Message::BackToWhatYouOwe))))
        .show()
}

/// On every page, so that nobody takes the sandbox for a payment or the reverse.
fn demo_banner(visit: Visit) -> View {
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

fn site_header(visit: Visit) -> View {
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
                .child(move || signed_in_nav(visit)),
        )
        .show()
}

fn signed_in_nav(visit: Visit) -> Option<View> {
    let customer = visit.customer()?;
    let account = visit.account.get().or_else(|| visit.first_account());
    let path = use_location().pathname;
    let links = account.map(|account| {
        let entry = move |page: Page, message| {
            let here = move || {
                let path = path.read();
                (*path == page.path() || (matches!(page, Page::Account(_)) && *path == "/"))
                    .then_some("page")
            };
            let rel = page.needs_new_document(browser::shown_page()).then_some("external");
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
            el("div").class("who").child(el("span").class("who-name").child(customer.name)).child(
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
