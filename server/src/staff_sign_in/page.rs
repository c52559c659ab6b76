//! The pages of the staff door: a heading, words, who is signed in, and what can be done next.
//! Plain documents with one style sheet and no script.

use std::sync::LazyLock;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use minijinja::value::Serde;
use minijinja::{Environment, Value};
use serde::Serialize;

use crate::problem::Refusal;
use crate::state::Portal;
use crate::web::set_form_page;

const NAME: &str = "page.html";

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    if let Err(error) = environment.add_template(NAME, include_str!("templates/page.html")) {
        tracing::error!(%error, "the staff page's template cannot be read");
    }
    environment
});

#[derive(Debug, Default, Serialize)]
pub struct Page {
    pub heading: String,
    pub words: Vec<String>,
    pub member: Option<Member>,
    /// Name, password and code, sent to the broken glass.
    pub asks_for_password: bool,
    /// In the demo: a clerk, or an approver.
    pub asks_for_player: bool,
    pub next: Option<Next>,
    /// Where the browser goes on to by itself, at once.
    pub goes_on_to: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct Member {
    pub name: String,
    pub id: String,
    pub roles: Vec<&'static str>,
    pub until: String,
    pub idle_minutes: i64,
}

#[derive(Debug, Serialize)]
pub struct Next {
    pub address: String,
    pub words: &'static str,
}

#[derive(Serialize)]
struct Framed<'a> {
    biller: &'a str,
    demo: bool,
    page: Page,
}

impl Page {
    pub fn new(heading: impl Into<String>, words: impl Into<String>) -> Self {
        Self { heading: heading.into(), words: vec![words.into()], ..Self::default() }
    }

    pub fn with_next(self, address: impl Into<String>, words: &'static str) -> Self {
        Self { next: Some(Next { address: address.into(), words }), ..self }
    }

    pub fn going_on_to(self, address: impl Into<String>) -> Self {
        Self { goes_on_to: Some(address.into()), ..self }
    }

    /// What a program would be told as a problem, for somebody who looks at a page.
    pub fn refused(portal: &Portal, refusal: &Refusal) -> Response {
        let page = Self::new("You cannot sign in just now", refusal.detail());
        let mut response = page.answer(portal, refusal.status());
        if let Some(seconds) = refusal.retry_after_seconds() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    pub fn answer(self, portal: &Portal, status: StatusCode) -> Response {
        let settings = &portal.settings;
        let framed = Framed { biller: &settings.biller.name, demo: portal.is_demo(), page: self };
        let rendered = TEMPLATES
            .get_template(NAME)
            .and_then(|template| template.render(Value::from(Serde(framed))));
        let mut response = match rendered {
            Ok(text) => (status, Html(text)).into_response(),
            Err(error) => {
                tracing::error!(%error, "a staff page cannot be shown");
                return Refusal::fault().into_response();
            }
        };
        set_form_page(response.headers_mut(), &settings.public_url);
        response
    }
}
