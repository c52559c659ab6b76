//! An act at the desk: fields, then what it would do, then the press. What it would do is the
//! server's own answer without a trace; a change of any field takes it away again.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::requests::Earnest;
use crate::api::{Failure, Request};
use crate::session::Visit;
use crate::ui::browser;
use crate::ui::busy_button::busy_button;
use crate::ui::field::{FieldError, FieldErrors, error_summary, show_errors};
use crate::ui::notice::{Tone, failure_title, failure_words, notice};
use crate::ui::view::{Show, View, el, views};

const EFFECT: &str = "effect";

type Ask = dyn Fn(Earnest) -> Result<Request, Vec<FieldError>>;
type Draw = dyn Fn(&str) -> Option<View>;

/// What an act is made of.
pub struct Act {
    pub errors: FieldErrors,
    pub fields: View,
    /// The request as the fields say it.
    pub ask: Box<Ask>,
    /// What it would do, drawn from the answer without a trace.
    pub effect: Box<Draw>,
    /// The words of the press, from the same answer; none where it cannot be done like this.
    pub press: fn(&str) -> Option<String>,
    /// What was done, from the answer in earnest.
    pub done: Box<Draw>,
}

#[derive(Clone, Copy)]
struct Course {
    errors: FieldErrors,
    ask: StoredValue<Box<Ask>, LocalStorage>,
    effect: RwSignal<Option<String>>,
    /// One press is one act, however often it is sent.
    key: RwSignal<Option<Earnest>>,
    done: RwSignal<Option<String>>,
    failure: RwSignal<Option<Failure>>,
    busy: RwSignal<bool>,
    visit: Visit,
}

impl Course {
    fn forget_effect(self) {
        if self.effect.read_untracked().is_some() || self.failure.read_untracked().is_some() {
            self.effect.set(None);
            self.failure.set(None);
        }
    }

    fn send(self, how: Earnest, then: impl FnOnce(String) + 'static) {
        if self.busy.get_untracked() {
            return;
        }
        self.failure.set(None);
        let asked = self.ask.try_with_value(|ask| ask(how));
        let request = match asked {
            Some(Ok(request)) => request,
            Some(Err(found)) => return show_errors(self.errors, found),
            None => return,
        };
        show_errors(self.errors, Vec::new());
        self.busy.set(true);
        spawn_local(async move {
            let answer = request.send().await;
            let _ = self.busy.try_set(false);
            match answer {
                Ok(text) => then(text),
                Err(Failure::SignedOut) => self.visit.signed_out(),
                Err(failure) => drop(self.failure.try_set(Some(failure))),
            }
        });
    }

    fn look(self) {
        self.send(Earnest::DryRun, move |text| {
            let _ = self.key.try_set(Earnest::new_key());
            let _ = self.effect.try_set(Some(text));
            browser::focus_soon(EFFECT);
        });
    }

    fn press(self) {
        let Some(key) = self.key.get_untracked() else { return };
        self.send(key, move |text| {
            let _ = self.done.try_set(Some(text));
            browser::focus_soon(EFFECT);
        });
    }
}

pub fn act(act: Act) -> View {
    let Act { errors, fields, ask, effect: draw, press, done: draw_done } = act;
    let course = Course {
        errors,
        ask: StoredValue::new_local(ask),
        effect: RwSignal::new(None),
        key: RwSignal::new(None),
        done: RwSignal::new(None),
        failure: RwSignal::new(None),
        busy: RwSignal::new(false),
        visit: Visit::here(),
    };
    let look = move |event: web_sys::Event| {
        event.prevent_default();
        course.look();
    };
    let label = move || match course.busy.get() {
        true => "Working it out…".to_owned(),
        false => "See what it does".to_owned(),
    };
    let form = el("form")
        .attr("novalidate", "")
        .live_attr("hidden", move || course.done.read().is_some().then_some(""))
        .on("submit", look)
        .on("input", move |_| course.forget_effect())
        .on("change", move |_| course.forget_effect())
        .child(fields)
        .child(busy_button(label, move || course.busy.get()));
    let failed = move || {
        course
            .failure
            .get()
            .map(|failure| notice(Tone::Alert, failure_title(&failure), failure_words(&failure)))
    };
    let outcome = move || match (&*course.done.read(), &*course.effect.read()) {
        (Some(done), _) => draw_done(done),
        (None, Some(effect)) => {
            let press = press(effect).map(|words| press_button(course, words));
            Some(views![draw(effect)?, press].show())
        }
        (None, None) => None,
    };
    let outcome = el("section")
        .class("effect")
        .attr("id", EFFECT)
        .attr("tabindex", "-1")
        .attr("aria-label", "What it does")
        .child(outcome);
    views![error_summary(errors), form, failed, outcome].show()
}

fn press_button(course: Course, words: String) -> View {
    let label = move || match course.busy.get() {
        true => "Doing it…".to_owned(),
        false => words.clone(),
    };
    el("p")
        .class("acts")
        .child(
            el("button")
                .attr("type", "button")
                .class("button primary")
                .live_attr("aria-disabled", move || course.busy.get().to_string())
                .on("click", move |_| course.press())
                .child(label),
        )
        .child(el("span").class("hint").child("Nothing is written before you press."))
        .show()
}
