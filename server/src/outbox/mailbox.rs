//! The mailbox of a demonstration: the mails that were written as files, for whoever looks.
//! Outside a demonstration in the sandbox there is no such page.

use std::path::Path;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use mailparse::{MailHeaderMap, ParsedMail};
use minijinja::value::Serde;
use minijinja::{Environment, Value};
use serde::Serialize;

use super::mail::FOLDER;
use crate::problem::Refusal;
use crate::state::Shared;
use crate::web::{is_open_to_look_at, set_plain_page};

const MOST_SHOWN: usize = 50;
const PAGE: &str = include_str!("templates/mailbox.html");
const STYLE: &str = include_str!("templates/mailbox.css");

pub fn router() -> Router<Shared> {
    Router::new().route("/mailbox", get(show)).route("/mailbox.css", get(style))
}

#[derive(Serialize)]
struct Page {
    mails: Vec<Mail>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Mail {
    to: String,
    subject: String,
    date: String,
    lines: Vec<Line>,
}

/// A line of the text; a link when it is nothing but an address of this portal.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Line {
    text: String,
    link: bool,
}

async fn show(State(portal): State<Shared>) -> Result<Response, Refusal> {
    if !is_open_to_look_at(&portal) {
        return Err(Refusal::not_found());
    }
    let public_url = &portal.settings.public_url;
    let mut mails = Vec::new();
    for file in newest(&portal.settings.data_dir.join(FOLDER)).await {
        if let Ok(raw) = tokio::fs::read(&file).await {
            mails.extend(read(&raw, public_url));
        }
    }
    let page = Value::from(Serde(Page { mails }));
    let page =
        Environment::new().render_named_str("mailbox.html", PAGE, page).map_err(|error| {
            tracing::error!(%error, "the mailbox cannot be shown");
            Refusal::fault()
        })?;
    let mut response = Html(page).into_response();
    set_plain_page(response.headers_mut(), public_url);
    Ok(response)
}

async fn style(State(portal): State<Shared>) -> Result<Response, Refusal> {
    if !is_open_to_look_at(&portal) {
        return Err(Refusal::not_found());
    }
    Ok(([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response())
}

/// Files are named by ids that follow the time, so the last name is the newest mail.
async fn newest(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    // No folder yet: no mail yet.
    let Ok(mut entries) = tokio::fs::read_dir(folder).await else { return files };
    while let Ok(Some(entry)) = entries.next_entry().await {
        let path = entry.path();
        if path.extension().is_some_and(|ending| ending == "eml") {
            files.push(path);
        }
    }
    files.sort_unstable_by(|one, other| other.cmp(one));
    files.truncate(MOST_SHOWN);
    files
}

fn read(raw: &[u8], public_url: &str) -> Option<Mail> {
    let mail = mailparse::parse_mail(raw).ok()?;
    let header = |name: &str| mail.headers.get_first_value(name).unwrap_or_default();
    let is_ours = |line: &str| {
        line.strip_prefix(public_url).is_some_and(|rest| {
            (rest.is_empty() || rest.starts_with('/')) && !rest.contains(char::is_whitespace)
        })
    };
    let lines = text_of(&mail)?
        .lines()
        .map(|line| Line { link: is_ours(line.trim()), text: line.to_owned() })
        .collect();
    Some(Mail { to: header("To"), subject: header("Subject"), date: header("Date"), lines })
}

fn text_of(mail: &ParsedMail<'_>) -> Option<String> {
    if mail.ctype.mimetype == "text/plain" {
        return mail.get_body().ok();
    }
    mail.subparts.iter().find_map(text_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "To: ada@customer.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\
        Date: Sun, 22 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/alternative; boundary=\"b\"\r\n\r\n\
        --b\r\nContent-Type: text/plain; charset=utf-8\r\n\
        Content-Transfer-Encoding: quoted-printable\r\n\r\n\
        Gr=C3=BC=C3=9Fe <script>\r\nhttp://127.0.0.1:1/sign-in/link#abc\r\n\
        http://127.0.0.1:1.evil.example/\r\n--b\r\nContent-Type: text/html\r\n\r\n\
        <b>x</b>\r\n--b--\r\n";

    #[test]
    fn a_mail_is_shown_by_its_text_with_our_own_addresses_as_links() {
        let mail = read(MAIL.as_bytes(), "http://127.0.0.1:1").unwrap();
        assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("ada@customer.example", "Grüße"));
        let line = |text: &str, link| Line { text: text.to_owned(), link };
        assert_eq!(
            mail.lines,
            [
                line("Grüße <script>", false),
                line("http://127.0.0.1:1/sign-in/link#abc", true),
                line("http://127.0.0.1:1.evil.example/", false),
            ]
        );
    }

    #[test]
    fn the_page_escapes_what_a_mail_says() {
        let mails = vec![read(MAIL.as_bytes(), "http://127.0.0.1:1").unwrap()];
        let page = Value::from(Serde(Page { mails }));
        let html = Environment::new().render_named_str("mailbox.html", PAGE, page).unwrap();
        assert!(html.contains("&lt;script&gt;") && !html.contains("<script"), "{html}");
        assert!(html.contains("sign-in&#x2f;link#abc\">http"), "{html}");
    }
}
