//! The two mails of a change of address.

use std::sync::LazyLock;

use receivables::calendar::Micros;
use serde::Serialize;

use super::code::Code;
use crate::clock::instant_text;
use crate::outbox::{Letter, Sender, Templates, templates};
use crate::state::Portal;

static CODE: LazyLock<Templates> = templates!(
    "templates/new_address_subject.txt",
    "templates/new_address.txt",
    "templates/new_address.html"
);

static NOTICE: LazyLock<Templates> = templates!(
    "templates/old_address_subject.txt",
    "templates/old_address.txt",
    "templates/old_address.html"
);

#[derive(Serialize)]
struct CodeWords<'a> {
    biller: &'a str,
    code: String,
    minutes: i64,
}

#[derive(Serialize)]
struct NoticeWords<'a> {
    biller: &'a str,
    new_address: String,
    from: String,
    link: String,
}

/// To the new address.
pub fn code(portal: &Portal, code: &Code, expires_at: Micros) -> Letter {
    let words = CodeWords {
        biller: &portal.settings.biller.name,
        code: code.grouped(),
        minutes: portal.settings.sign_in.code_minutes,
    };
    Letter { useless_after: Some(expires_at), ..CODE.write(&sender(portal), words) }
}

/// To the old address.
pub fn notice(portal: &Portal, email: &str, from: Micros) -> Letter {
    let settings = &portal.settings;
    let words = NoticeWords {
        biller: &settings.biller.name,
        new_address: hinted(email),
        from: instant_text(from).replace('T', " ").replace('Z', " UTC"),
        link: format!("{}/your-sign-in", settings.public_url),
    };
    NOTICE.write(&sender(portal), words)
}

fn sender(portal: &Portal) -> Sender {
    Sender { biller: portal.settings.biller.name.clone(), demo: portal.is_demo() }
}

/// Enough to know one's own address again: `g…@mail.example`.
fn hinted(email: &str) -> String {
    let (local, domain) = email.split_once('@').unwrap_or((email, ""));
    format!("{}…@{domain}", local.chars().next().unwrap_or('…'))
}
