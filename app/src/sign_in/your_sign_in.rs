//! Your sign-in: the address, the passkeys, and every place where one is signed in.

use leptos::prelude::*;
use leptos::task::spawn_local;
use receivables::api::passkeys::{PasskeyList, PasskeyRow};
use receivables::api::sign_in::{SessionRow, SignInMethod, SignInOverview};
use receivables::words::Message;

use super::change_email::email_part;
use super::passkey::{self, NoPasskey, press};
use crate::api::{self, Failure, Request};
use crate::page::Page;
use crate::session::Visit;
use crate::ui::browser;
use crate::ui::heading::heading;
use crate::ui::link::{about, link};
use crate::ui::loaded::loaded;
use crate::ui::notice::{Tone, failure_title, failure_words, notice, paragraph};
use crate::ui::table::{self, cell, row, row_head};
use crate::ui::view::{Show, View, el, views};
use crate::ui::words::{fill, say};

/// What the parts of the page share: what did not work, and how often something was changed.
#[derive(Clone, Copy)]
pub struct Changes {
    pub failed: RwSignal<Option<Failure>>,
    count: RwSignal<u32>,
}

impl Changes {
    /// Sends it; when it is done, everything is asked anew.
    pub fn send(self, request: Request) {
        self.failed.set(None);
        spawn_local(async move {
            match request.send().await {
                Ok(_) => self.done(),
                Err(failure) => self.failed(failure),
            }
        });
    }

    pub fn done(self) {
        // The page may be gone by now.
        let _ = self.count.try_update(|count| *count += 1);
    }

    pub fn failed(self, failure: Failure) {
        let _ = self.failed.try_set(Some(failure));
        browser::focus_soon(TROUBLE);
    }
}

const TROUBLE: &str = "trouble";

pub fn page() -> View {
    let changes = Changes { failed: RwSignal::new(None), count: RwSignal::new(0) };
    let overview = move || {
        changes.count.track();
        loaded(api::sign_in_overview, move |overview| draw(overview, changes))
    };
    el("div")
        .class("page")
        .child(heading(say(Message::YourSignIn)))
        .child(trouble(changes))
        .child(overview)
        .child(el("p").child(link(Page::Home, "", say(Message::BackToWhatYouOwe))))
        .show()
}

fn trouble(changes: Changes) -> View {
    (move || {
        let failure = changes.failed.get()?;
        let shown = if failure.code() == "step-up" {
            let visit = Visit::here();
            let again = press("button", Message::SignInAgain, move |_| visit.signed_out());
            let words = views![paragraph(say(Message::StepUp)), again];
            notice(Tone::Alert, say(Message::StepUpTitle), words.show())
        } else {
            notice(Tone::Alert, failure_title(&failure), failure_words(&failure))
        };
        Some(el("div").attr("id", TROUBLE).attr("tabindex", "-1").child(shown))
    })
    .show()
}

fn draw(overview: SignInOverview, changes: Changes) -> View {
    views![
        part(Message::EmailLabel, email_part(&overview, changes)),
        passkeys_part(changes),
        part(Message::WhereSignedIn, sessions(overview.sessions, changes)),
    ]
    .show()
}

fn part(title: Message, content: View) -> View {
    el("section").class("part").child(el("h2").child(say(title))).child(content).show()
}

fn passkeys_part(changes: Changes) -> View {
    let visit = Visit::here();
    if !passkey::are_possible(visit) {
        return ().show();
    }
    let failed: RwSignal<Option<NoPasskey>> = RwSignal::new(None);
    let add = move |_| {
        failed.set(None);
        changes.failed.set(None);
        spawn_local(async move {
            match passkey::add().await {
                Ok(()) => changes.done(),
                Err(NoPasskey::Failure(failure)) => changes.failed(failure),
                Err(why) => {
                    let _ = failed.try_set(Some(why));
                }
            }
        });
    };
    let list = loaded(api::passkeys, move |list: PasskeyList| passkeys(list, changes));
    let content = views![
        paragraph(say(Message::PasskeyOffer)),
        list,
        move || failed.with(|failed| failed.as_ref().map(passkey::trouble)),
        press("button", Message::AddPasskey, add)
    ];
    part(Message::Passkeys, content.show())
}

fn passkeys(list: PasskeyList, changes: Changes) -> View {
    if list.items.is_empty() {
        return paragraph(say(Message::NoPasskeys));
    }
    let columns = [say(Message::ColumnDevice), say(Message::ColumnAdded), say(Message::ColumnUsed)];
    let rows = list.items.into_iter().map(|passkey| passkey_row(passkey, columns, changes));
    let rows: Vec<View> = rows.collect();
    with_act_column(say(Message::Passkeys), &columns, rows)
}

fn passkey_row(passkey: PasskeyRow, columns: [&'static str; 3], changes: Changes) -> View {
    let PasskeyRow { id, label, created_at, last_used_at } = passkey;
    let device = device_words(&label);
    let name = views![say(Message::Remove), about(device.clone())];
    let remove = el("button")
        .attr("type", "button")
        .class("quiet")
        .on("click", move |_| changes.send(api::remove_passkey(&id)))
        .child(name.show());
    let used = last_used_at.map_or_else(|| say(Message::NotYet).to_owned(), |at| day_words(&at));
    let cells = vec![
        row_head(device),
        cell(columns[1], day_words(&created_at)),
        cell(columns[2], used),
        cell("", remove),
    ];
    row("", cells)
}

fn sessions(sessions: Vec<SessionRow>, changes: Changes) -> View {
    let columns =
        [say(Message::ColumnDevice), say(Message::ColumnSignedIn), say(Message::ColumnLastSeen)];
    let rows: Vec<View> =
        sessions.into_iter().map(|session| session_row(session, columns, changes)).collect();
    let everywhere = press("button", Message::SignOutEverywhere, move |_| {
        changes.failed.set(None);
        spawn_local(async move {
            match api::sign_out_everywhere().send().await {
                Ok(_) | Err(Failure::SignedOut) => {
                    browser::forget_everything();
                    browser::load(Page::SignIn);
                }
                Err(failure) => changes.failed(failure),
            }
        });
    });
    views![with_act_column(say(Message::WhereSignedIn), &columns, rows), everywhere].show()
}

fn session_row(session: SessionRow, columns: [&'static str; 3], changes: Changes) -> View {
    let device = device_words(&session.device);
    let method = match session.method {
        SignInMethod::Code => Message::ByCode,
        SignInMethod::Link => Message::ByLink,
        SignInMethod::Invitation => Message::ByInvitation,
        SignInMethod::Passkey => Message::ByPasskey,
    };
    let day = day_words(&session.signed_in_at);
    let id = session.id;
    let act = if session.is_this {
        el("strong").child(say(Message::ThisDevice))
    } else {
        let name = views![say(Message::EndSession), about(device.clone())];
        el("button")
            .attr("type", "button")
            .class("quiet")
            .on("click", move |_| changes.send(api::end_session(&id)))
            .child(name.show())
    };
    let cells = vec![
        row_head(device),
        cell(columns[1], fill(method, &[("day", &day)])),
        cell(columns[2], day_words(&session.last_seen_at)),
        cell("", act),
    ];
    row("", cells)
}

/// A table whose last column holds what can be done with the row.
fn with_act_column(caption: &'static str, columns: &[&'static str], rows: Vec<View>) -> View {
    let mut all = columns.to_vec();
    all.push(say(Message::ColumnAct));
    let caption = el("span").class("visually-hidden").child(caption).show();
    table::table(caption, table::head(&all), rows.show())
}

fn device_words(device: &str) -> String {
    if device.is_empty() { say(Message::UnknownDevice).to_owned() } else { device.to_owned() }
}

/// The day of an instant, on the reader's clock.
pub fn day_words(instant: &str) -> String {
    browser::day_of(instant).map(|day| day.in_words()).unwrap_or_default()
}
