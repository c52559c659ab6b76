//! Notices: something to know before going on.

use receivables::payment::MoneyTaken;
use receivables::words::Message;

use super::words::{fill, say};
use crate::api::Failure;
use crate::ui::view::{Show, View, el, views};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Read at once.
    Alert,
    /// Read when there is a pause.
    Status,
}

/// A heading in words, then what there is to say.
pub fn notice(tone: Tone, title: impl Into<String>, body: View) -> View {
    let (role, look) = match tone {
        Tone::Alert => ("alert", "late"),
        Tone::Status => ("status", "part"),
    };
    el("div")
        .class("notice")
        .attr("role", role)
        .attr("data-tone", look)
        .child(el("p").class("notice-title").child(title.into()))
        .child(body)
        .show()
}

pub fn paragraph(text: impl Into<String>) -> View {
    el("p").child(text.into()).show()
}

/// Why there is nothing to show, and a way to try again.
pub fn failure_notice(failure: &Failure, again: impl Fn() + 'static) -> View {
    if failure.code() == "not-found" {
        return crate::frame::not_found();
    }
    let again = el("button")
        .attr("type", "button")
        .class("button")
        .on("click", move |_| again())
        .child(say(Message::TryAgain));
    let body = views![failure_words(failure), again].show();
    el("div").class("page").child(notice(Tone::Alert, failure_title(failure), body)).show()
}

pub fn failure_title(failure: &Failure) -> &'static str {
    match failure {
        Failure::NoAnswer => say(Message::NoAnswerTitle),
        Failure::SignedOut => say(Message::SignedOutTitle),
        Failure::Problem(problem) if problem.status < 500 => say(Message::RefusedTitle),
        Failure::Problem(_) | Failure::NotUnderstood => say(Message::ServiceFaultTitle),
    }
}

/// What happened, whether money was taken, and what to tell the biller.
pub fn failure_words(failure: &Failure) -> View {
    match failure {
        Failure::NoAnswer => paragraph(say(Message::NoAnswer)),
        Failure::SignedOut => paragraph(say(Message::SignedOut)),
        Failure::NotUnderstood => paragraph(say(Message::ServiceFault)),
        Failure::Problem(problem) => {
            let first = problem.errors.first().map(|error| error.detail.clone());
            let detail = first.unwrap_or_else(|| problem.detail.clone());
            let reference = (problem.status >= 500)
                .then(|| fill(Message::RequestReference, &[("reference", &problem.instance)]));
            views![el("p").child(detail), reference.map(paragraph)].show()
        }
    }
}

/// Every page about a payment says it.
pub fn money_words(taken: MoneyTaken) -> &'static str {
    match taken {
        MoneyTaken::No => say(Message::MoneyNotTaken),
        MoneyTaken::Yes => say(Message::MoneyTaken),
        MoneyTaken::Unknown => say(Message::MoneyUnknown),
    }
}
