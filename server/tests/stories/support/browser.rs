//! A browser, as far as the server can tell: it keeps cookies, says where a request began, and
//! asks the whole service with every layer around it.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Value, json};
use server::state::Shared;
use server::{outbox, router, web};
use tower::ServiceExt;

/// The cookies that come along with a visit from another site; no other may.
const LAX: [&str; 1] = ["__Host-pd_staff_browser"];

#[derive(Clone)]
pub struct Browser {
    pub service: Router,
    pub cookies: BTreeMap<String, String>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    /// Status and code of a problem.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        assert_eq!(problem["instance"], self.headers["x-request-id"].to_str().unwrap());
        (self.status.as_u16(), problem["code"].as_str().unwrap().to_owned())
    }

    pub fn set_cookies(&self) -> Vec<String> {
        let lines = self.headers.get_all(header::SET_COOKIE);
        lines.iter().map(|line| line.to_str().unwrap().to_owned()).collect()
    }
}

impl Browser {
    pub fn at(portal: &Shared) -> Self {
        let service = web::serve(router::rooms(), router::signed(), portal);
        Self { service, cookies: BTreeMap::new() }
    }

    /// At every route of the portal, as it is served.
    pub fn at_all_of(portal: &Shared) -> Self {
        let service = web::serve(router::rooms(), router::signed(), portal);
        Self { service, cookies: BTreeMap::new() }
    }

    /// Somebody else's browser at the same portal.
    pub fn another(&self) -> Self {
        Self { service: self.service.clone(), cookies: BTreeMap::new() }
    }

    /// As our own page asks.
    pub async fn ask(&mut self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("sec-fetch-site", "same-origin")
            .header("x-paydown", "1");
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let answer = self.send(request.body(body).unwrap()).await;
        self.keep(&answer);
        answer
    }

    /// As our own page asks for what must happen once.
    pub async fn ask_with_key(&mut self, path: &str, body: Value, key: &str) -> Answer {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("sec-fetch-site", "same-origin")
            .header("x-paydown", "1")
            .header("idempotency-key", key)
            .header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// Any request, with the cookies.
    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies = pairs.collect::<Vec<_>>().join("; ");
        if !cookies.is_empty() {
            request.headers_mut().insert(header::COOKIE, cookies.parse().unwrap());
        }
        let response = self.service.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 22).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// A look at a page, begun on this kind of site. From elsewhere strict cookies do not come
    /// along.
    pub async fn visit_from(&mut self, site: &str, path: &str) -> Answer {
        let mut visitor = self.clone();
        if site == "cross-site" {
            visitor.cookies.retain(|name, _| LAX.contains(&&**name));
        }
        let request = Request::builder().uri(path).header("sec-fetch-site", site);
        let request = request.header("sec-fetch-mode", "navigate").body(Body::empty()).unwrap();
        let answer = visitor.send(request).await;
        self.keep(&answer);
        answer
    }

    pub fn keep(&mut self, answer: &Answer) {
        for line in answer.set_cookies() {
            let (pair, attributes) = line.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                assert_eq!(attributes.contains("SameSite=Lax"), LAX.contains(&name), "{line}");
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// As staff ask, with a key and without a cookie.
    pub async fn ask_as_staff(
        &self,
        key: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.another().send(request.body(body).unwrap()).await
    }

    pub async fn ask_for_code(&mut self, email: &str) -> Answer {
        let path = "/api/v1/sign-in/codes";
        self.ask(Method::POST, path, Some(json!({ "email": email }))).await
    }

    pub async fn prove(&mut self, proof: Value) -> Answer {
        self.ask(Method::POST, "/api/v1/sign-in/session", Some(proof)).await
    }

    pub async fn session(&mut self) -> Answer {
        self.ask(Method::GET, "/api/v1/sign-in/session", None).await
    }

    pub async fn sign_out(&mut self) -> Answer {
        self.ask(Method::DELETE, "/api/v1/sign-in/session", None).await
    }
}

/// A mail as its receiver reads it.
#[derive(Clone, Debug)]
pub struct Mail {
    pub raw: String,
    pub to: String,
    pub subject: String,
    pub message_id: String,
    pub text: String,
    pub html: String,
}

impl Mail {
    pub fn parse(raw: &[u8]) -> Self {
        use mailparse::MailHeaderMap;
        let mail = mailparse::parse_mail(raw).unwrap();
        let header = |name: &str| mail.headers.get_first_value(name).unwrap();
        Self {
            raw: String::from_utf8(raw.to_vec()).unwrap(),
            to: header("To"),
            subject: header("Subject"),
            message_id: header("Message-ID"),
            text: mail.subparts[0].get_body().unwrap(),
            html: mail.subparts[1].get_body().unwrap(),
        }
    }

    /// `7K3M-9QXA`
    pub fn code(&self) -> String {
        let is_code = |word: &&str| word.len() == 9 && word.as_bytes()[4] == b'-';
        self.text.split_whitespace().find(is_code).unwrap().to_owned()
    }

    /// What comes after `#` in the link.
    pub fn link_secret(&self) -> String {
        let link = self.text.split_whitespace().find(|word| word.contains('#'));
        link.unwrap().split_once('#').unwrap().1.to_owned()
    }
}

/// The mails written so far, oldest first.
pub fn mails(portal: &Shared) -> Vec<Mail> {
    let folder = portal.settings.data_dir.join("mail");
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| Mail::parse(&std::fs::read(file).unwrap())).collect()
}

/// Delivers what is due and gives back the newest mail.
pub async fn newest_mail(portal: &Shared) -> Mail {
    outbox::deliver_due(portal).await.unwrap();
    mails(portal).pop().unwrap()
}

/// Delivers what is due and gives back the newest mail to one address.
pub async fn newest_mail_to(portal: &Shared, email: &str) -> Mail {
    outbox::deliver_due(portal).await.unwrap();
    mails(portal).into_iter().rfind(|mail| mail.to == email).unwrap()
}
