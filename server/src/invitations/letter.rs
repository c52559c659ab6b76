//! The mail with the link.

use std::sync::LazyLock;

use receivables::calendar::Micros;
use serde::Serialize;

use crate::outbox::{Letter, Sender, Templates, templates};
use crate::sign_in::Token;
use crate::state::Portal;

static TEMPLATES: LazyLock<Templates> =
    templates!("templates/subject.txt", "templates/letter.txt", "templates/letter.html");

#[derive(Serialize)]
struct Words<'a> {
    biller: &'a str,
    name: &'a str,
    link: String,
    hours: i64,
    may_pay: bool,
}

/// To the person named; `hours` is how long the link works.
pub fn write(
    portal: &Portal,
    person: (&str, &str),
    may_pay: bool,
    link: &Token,
    until: (i64, Micros),
) -> Letter {
    let settings = &portal.settings;
    let sender = Sender { biller: settings.biller.name.clone(), demo: portal.is_demo() };
    let ((email, name), (hours, expires_at)) = (person, until);
    let words = Words {
        biller: &settings.biller.name,
        name,
        // After `#` nothing leaves the browser; see the sign-in letter.
        link: format!("{}/invitation#{}", settings.public_url, link.reveal()),
        hours,
        may_pay,
    };
    Letter {
        to: Some(email.to_owned()),
        useless_after: Some(expires_at),
        ..TEMPLATES.write(&sender, words)
    }
}
