//! Fields and what is wrong with them: the same words in the summary and at the field.

use leptos::prelude::*;
use receivables::words::Message;

use super::browser;
use super::words::say;
use crate::ui::view::{Show, View, el};

pub const SUMMARY: &str = "error-summary";

/// What is wrong, and at which field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    pub field: String,
    pub words: String,
}

pub type FieldErrors = RwSignal<Vec<FieldError>>;

/// Shows the errors: focus to the summary, "Error: " in front of the title.
pub fn show_errors(errors: FieldErrors, found: Vec<FieldError>) {
    let any = !found.is_empty();
    errors.set(found);
    browser::write_title(if any { say(Message::TitleError) } else { "" });
    if any {
        browser::focus_soon(SUMMARY);
    }
}

pub fn error_summary(errors: FieldErrors) -> View {
    (move || {
        let errors = errors.get();
        if errors.is_empty() {
            return ().show();
        }
        let rows: Vec<_> = errors
            .into_iter()
            .map(|FieldError { field, words }| {
                let place = format!("#{field}");
                // Followed by the router it would scroll, and leave the focus where it is.
                let go = move |event: web_sys::Event| {
                    event.prevent_default();
                    browser::focus(&field);
                };
                el("li").child(el("a").attr("href", place).on("click", go).child(words))
            })
            .collect();
        el("div")
            .class("error-summary")
            .attr("id", SUMMARY)
            .attr("role", "alert")
            .attr("tabindex", "-1")
            .child(el("h2").child(say(Message::ErrorSummaryTitle)))
            .child(el("ul").child(rows))
            .show()
    })
    .show()
}

/// The error at the field, tied to it by `{id}-error`.
pub fn field_error(errors: FieldErrors, id: &'static str) -> View {
    (move || {
        let words = error_at(errors, id)?;
        Some(el("p").class("field-error").attr("id", format!("{id}-error")).child(words))
    })
    .show()
}

pub fn error_at(errors: FieldErrors, id: &str) -> Option<String> {
    errors.read().iter().find(|error| error.field == id).map(|error| error.words.clone())
}

/// What describes the field: always its hint, and its error while there is one.
pub fn described_by(errors: FieldErrors, id: &'static str, hint: &'static str) -> String {
    match error_at(errors, id) {
        Some(_) => format!("{hint} {id}-error"),
        None => hint.to_owned(),
    }
}

pub fn is_wrong(errors: FieldErrors, id: &str) -> Option<&'static str> {
    error_at(errors, id).map(|_| "true")
}
