//! The frame around every page of the desk: the search box, who is here, and the page.

use leptos::prelude::*;
use receivables::words::Message;

use super::find::search_box;
use super::place::{DeskPage, link};
use super::staff::{Desk, Presence};
use crate::address;
use crate::frame::{demo_banner, set_not_found};
use crate::ui::browser;
use crate::ui::heading::heading;
use crate::ui::loaded::loading;
use crate::ui::notice::failure_notice;
use crate::ui::view::{Show, View, el, react, views};
use crate::ui::words::say;

pub fn draw() {
    let desk = Desk::begin();
    set_not_found(not_found);
    browser::reload_when_shown_again();
    let page = address::follow(DeskPage::at);
    let begun =
        Memo::new(move |_| desk.visit.knows_portal() && desk.presence() != Presence::NotKnown);
    react(Box::new(move || {
        if begun.get() {
            put_frame(desk, page);
        }
    }));
}

fn put_frame(desk: Desk, page: Memo<Option<DeskPage>>) {
    let skip = el("a").class("skip").attr("href", "#main").attr("rel", "external");
    let skip = skip.child(say(Message::SkipToContent));
    let main = el("main").attr("id", "main").class("desk").child(shown(desk, page));
    if let Some(shell) = document().get_element_by_id("shell") {
        shell.remove();
    }
    if let Some(body) = document().body() {
        views![skip, demo_banner(desk.visit), header(desk), main].put(&body, None);
    }
}

fn shown(desk: Desk, page: Memo<Option<DeskPage>>) -> View {
    let presence = Memo::new(move |_| desk.presence());
    (move || match presence.get() {
        Presence::NotKnown => loading(),
        Presence::Nobody => at_the_door(),
        Presence::NoAnswer(failure) => failure_notice(&failure, move || desk.ask_who()),
        Presence::Staff => page.get().map_or_else(not_found, super::draw),
    })
    .show()
}

fn at_the_door() -> View {
    el("div")
        .class("page narrow")
        .child(heading("Staff sign-in"))
        .child(el("p").child("Nobody is signed in at this desk, or nothing was done for a while."))
        .child(
            el("p").child(
                el("a")
                    .class("button primary")
                    .attr("href", "/staff")
                    .attr("rel", "external")
                    .child("Sign in"),
            ),
        )
        .show()
}

pub fn not_found() -> View {
    el("div")
        .class("page")
        .child(heading("This is not here"))
        .child(el("p").child("The address is wrong, or what was here is no longer there."))
        .child(el("p").child(link(DeskPage::Find, "", "Find an account")))
        .show()
}

fn header(desk: Desk) -> View {
    let biller = desk.visit.portal.read_untracked();
    let biller = biller.as_ref().map_or("Paydown", |portal| &*portal.biller.name).to_owned();
    let is_here = Memo::new(move |_| desk.presence() == Presence::Staff);
    let inner = move || is_here.get().then(|| views![search_box(), menu(desk), who(desk)]);
    el("header")
        .class("site-header desk-header")
        .child(
            el("div")
                .class("inner")
                .child(link(DeskPage::Find, "site-name", format!("{biller} · desk")))
                .child(inner),
        )
        .show()
}

fn menu(desk: Desk) -> View {
    let entry = |may: &str, page: DeskPage, words: &'static str| {
        desk.may(may).then(|| el("li").child(link(page, "", words)))
    };
    el("nav")
        .attr("aria-label", "Desk")
        .child(
            el("ul")
                .class("menu")
                .child(entry("see_work", DeskPage::Work, "Work list"))
                .child(entry("see_figures", DeskPage::Figures, "How it stands")),
        )
        .show()
}

fn who(desk: Desk) -> View {
    let staff = desk.staff.read_untracked();
    let Some(staff) = staff.as_ref() else { return ().show() };
    let roles: Vec<_> = staff.roles.iter().map(|role| role.code()).collect();
    let name = desk.name.get_untracked();
    el("div")
        .class("who")
        .child(el("span").class("who-name").child(format!("{name} ({})", roles.join(", "))))
        .child(
            el("form").attr("method", "post").attr("action", "/staff/sign-out").child(
                el("button").attr("type", "submit").class("quiet").child(say(Message::SignOut)),
            ),
        )
        .show()
}
