//! The session ends when nothing is done in it: that is said two minutes before, and put off by
//! one press. WCAG 2.2, 2.2.1.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use receivables::words::Message;

use crate::api;
use crate::session::{Visit, Who};
use crate::ui::browser;
use crate::ui::notice::{Tone, notice as words_with_title, paragraph};
use crate::ui::view::{Show, View, el, react, views};
use crate::ui::words::{fill, say};

const WARNED_MS: u64 = 120_000;
/// The server notes the use of a session at most once a minute.
const NOTED_MS: u64 = 60_000;
/// The server's clock decides; it is asked only when its answer is certain.
const CERTAIN_MS: u64 = 5_000;

const LONGEST_WAIT_MS: u64 = 3_600_000;

/// Kept over the way to the sign-in page: after how many minutes the time was up.
pub const TIME_IS_UP: &str = "paydown-time-is-up";

/// When the session ends if nothing more is done, in milliseconds of the reader's clock.
fn ends_at(idle_ms: u64) -> u64 {
    api::last_answer().saturating_add(idle_ms)
}

pub fn notice(visit: Visit) -> View {
    let ends: RwSignal<Option<u64>> = RwSignal::new(None);
    let idle_ms = Memo::new(move |_| match &*visit.who.read() {
        Who::Customer(session) => {
            u64::try_from(session.idle_seconds).ok().map(|seconds| seconds.saturating_mul(1_000))
        }
        _ => None,
    });
    react(Box::new(move || match idle_ms.get() {
        Some(idle_ms) => watch(visit, ends, idle_ms),
        None => ends.set(None),
    }));
    (move || ends.get().map(|at| warning(ends, at))).show()
}

/// Looks again whenever something could have changed, for as long as somebody is signed in.
fn watch(visit: Visit, ends: RwSignal<Option<u64>>, idle_ms: u64) {
    let Who::Customer(_) = &*visit.who.read_untracked() else { return };
    let (now, end) = (browser::now_ms(), ends_at(idle_ms));
    let warned_from = end.saturating_sub(WARNED_MS + NOTED_MS);
    if now >= end.saturating_add(CERTAIN_MS) {
        return leave(visit, ends, idle_ms);
    }
    let shown = (now >= warned_from).then(|| end.saturating_sub(NOTED_MS));
    if ends.get_untracked() != shown {
        ends.set(shown);
    }
    let next = if now < warned_from { warned_from } else { now.saturating_add(CERTAIN_MS) };
    // A browser counts no further than 24 days, and a remembered device has more.
    let wait = Duration::from_millis(next.saturating_sub(now).min(LONGEST_WAIT_MS));
    set_timeout(move || watch(visit, ends, idle_ms), wait);
}

/// The time is up, unless the session was used in another tab.
fn leave(visit: Visit, ends: RwSignal<Option<u64>>, idle_ms: u64) {
    spawn_local(async move {
        let answer = api::session().send().await;
        if answer.is_ok_and(|nothing| nothing.is_empty()) {
            browser::remember(TIME_IS_UP, &(idle_ms / 60_000).to_string());
            visit.signed_out();
        } else {
            let again = Duration::from_millis(CERTAIN_MS);
            set_timeout(move || watch(visit, ends, idle_ms), again);
        }
    });
}

fn stay(ends: RwSignal<Option<u64>>) {
    spawn_local(async move {
        // Without an answer the notice stays, and so does what is being done on the page.
        if api::session().send().await.is_ok_and(|session| !session.is_empty()) {
            ends.set(None);
        }
    });
}

fn warning(ends: RwSignal<Option<u64>>, at: u64) -> View {
    let press = el("button")
        .attr("type", "button")
        .class("button")
        .on("click", move |_| stay(ends))
        .child(say(Message::StaySignedIn));
    let words = fill(Message::TimeLimit, &[("time", &browser::clock_time_at(at))]);
    let body = views![paragraph(words), press].show();
    el("div")
        .class("time-limit")
        .child(words_with_title(Tone::Alert, say(Message::TimeLimitTitle), body))
        .show()
}

/// Said on the sign-in page, to somebody whose time was up.
pub fn time_was_up() -> Option<View> {
    let minutes = browser::recall(TIME_IS_UP)?;
    let words = paragraph(fill(Message::TimeIsUp, &[("minutes", &minutes)]));
    Some(words_with_title(Tone::Status, say(Message::TimeIsUpTitle), words))
}
