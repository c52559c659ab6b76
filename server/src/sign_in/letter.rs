//! The mail with the code and the link.

use std::sync::LazyLock;

use receivables::calendar::Micros;
use serde::Serialize;

use super::code::Code;
use super::token::Token;
use crate::outbox::{Letter, Sender, Templates, templates};
use crate::state::Portal;

static TEMPLATES: LazyLock<Templates> =
    templates!("templates/subject.txt", "templates/letter.txt", "templates/letter.html");

#[derive(Serialize)]
struct Words<'a> {
    biller: &'a str,
    code: String,
    link: String,
    minutes: i64,
}

pub fn write(portal: &Portal, code: &Code, link: &Token, expires_at: Micros) -> Letter {
    let settings = &portal.settings;
    let sender = Sender { biller: settings.biller.name.clone(), demo: portal.is_demo() };
    let words = Words {
        biller: &settings.biller.name,
        code: code.grouped(),
        // After `#` nothing leaves the browser: a mail scanner that follows the link brings the
        // server nothing it could use up.
        link: format!("{}/sign-in/link#{}", settings.public_url, link.reveal()),
        minutes: settings.sign_in.code_minutes,
    };
    Letter { useless_after: Some(expires_at), ..TEMPLATES.write(&sender, words) }
}
