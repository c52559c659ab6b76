//! Staff sign-in against an identity provider nobody here wrote: the certified `oidc-provider`,
//! which `tools/with-peers.sh` starts. Its pages are walked as a browser would.

use std::collections::BTreeMap;

use crate::support::browser::{Answer, Browser};
use crate::support::{On, TestPortal};
use axum::http::header;
use reqwest::Url;
use serde_json::{Value, json};
use server::clock::{Clock, SystemClock};

const PORTAL: &str = "http://127.0.0.1:8080";

/// The provider, as somebody with a browser sees it.
struct Provider {
    issuer: String,
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

impl Provider {
    /// None where the tests were not given one.
    fn join() -> Option<Self> {
        let Ok(issuer) = std::env::var("PAYDOWN_TEST_IDENTITY_PROVIDER") else {
            println!("PAYDOWN_TEST_IDENTITY_PROVIDER is not set: this story was not told");
            return None;
        };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let policy = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().redirect(policy).no_proxy().build().unwrap();
        Some(Self { issuer, http, cookies: BTreeMap::new() })
    }

    /// Makes the portal its client: id and secret.
    async fn register(&self) -> (String, String) {
        let body = json!({ "redirect_uris": [format!("{PORTAL}/staff/sign-in/return")] });
        let request = self.http.post(format!("{}/reg", self.issuer));
        let request = request.header("content-type", "application/json").body(body.to_string());
        let answer = request.send().await.unwrap().bytes().await.unwrap();
        let client: Value = serde_json::from_slice(&answer).unwrap();
        let word = |name: &str| client[name].as_str().unwrap().to_owned();
        (word("client_id"), word("client_secret"))
    }

    async fn ask(&mut self, request: reqwest::RequestBuilder) -> (Option<String>, String) {
        let cookies: Vec<_> = self.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let answer = request.header("cookie", cookies.join("; ")).send().await.unwrap();
        for line in answer.headers().get_all("set-cookie") {
            let (pair, _) = line.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        (to, answer.text().await.unwrap())
    }

    /// From the address it was asked at, over its own forms, to the address it sends back to.
    async fn walk(&mut self, address: &str, login: &str) -> String {
        let mut next = address.to_owned();
        for _ in 0..12 {
            let (to, page) = self.ask(self.http.get(&next)).await;
            let to = match to {
                Some(to) => to,
                None => {
                    let form = format!("{}&login={login}&password=any", hidden_prompt(&page));
                    let kind = "application/x-www-form-urlencoded";
                    let request = self.http.post(action(&page)).header("content-type", kind);
                    self.ask(request.body(form)).await.0.unwrap()
                }
            };
            next = Url::parse(&self.issuer).unwrap().join(&to).unwrap().into();
            if next.starts_with(PORTAL) {
                return next.strip_prefix(PORTAL).unwrap().to_owned();
            }
        }
        unreachable!("the provider never sends back")
    }
}

fn between<'p>(page: &'p str, before: &str, after: &str) -> &'p str {
    page.split_once(before).unwrap().1.split_once(after).unwrap().0
}

fn action(page: &str) -> &str {
    between(page, "action=\"", "\"")
}

fn hidden_prompt(page: &str) -> String {
    format!("prompt={}", between(page, "name=\"prompt\" value=\"", "\""))
}

struct Stage {
    portal: TestPortal,
    provider: Provider,
}

impl Stage {
    async fn open(on: On) -> Option<Self> {
        let provider = Provider::join()?;
        let (client, secret) = provider.register().await;
        let settings = [
            ("staff_sign_in.issuer", &*provider.issuer),
            ("staff_sign_in.client_id", &client),
            ("staff_sign_in.client_secret", &secret),
            ("staff_sign_in.role_map.clerk", "paydown-clerks"),
            ("staff_sign_in.role_map.approver", "paydown-approvers"),
        ];
        let portal = TestPortal::open_with(on, &settings).await?;
        // The provider goes by the machine's clock.
        let behind = SystemClock.now().0 - portal.portal.now().0;
        portal.clock.pass_seconds(behind / 1_000_000);
        Some(Self { portal, provider })
    }

    /// Signs in at the provider, and comes back with what it gave.
    async fn sign_in(&mut self, login: &str) -> (Browser, String, Answer) {
        let mut browser = Browser::at_all_of(&self.portal.portal);
        let begun = browser.visit_from("same-origin", "/staff/sign-in").await;
        assert_eq!(begun.status, 303, "{begun:?}");
        let address = begun.headers[header::LOCATION].to_str().unwrap().to_owned();
        self.provider.cookies.clear();
        let back = self.provider.walk(&address, login).await;
        let answer = browser.visit_from("cross-site", &back).await;
        (browser, back, answer)
    }
}

async fn people_sign_in_through_a_certified_provider(on: On) {
    let Some(mut stage) = Stage::open(on).await else { return };
    for (login, name, role) in
        [("clara", "Clara Clerk", "clerk"), ("anton", "Anton Approver", "approver")]
    {
        let (mut browser, back, answer) = stage.sign_in(login).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let who = browser.visit_from("same-origin", "/api/v1/staff/session").await.json();
        assert_eq!((&who["name"], &who["roles"]), (&json!(name), &json!([role])));

        // The same address again finds nothing under way.
        let again = browser.visit_from("cross-site", &back).await;
        assert_eq!(again.status, 403, "{back}");
        // The same code under a state of this browser: the provider gives it out once.
        let begun = browser.visit_from("same-origin", "/staff/sign-in").await;
        let address = Url::parse(begun.headers[header::LOCATION].to_str().unwrap()).unwrap();
        let state = address.query_pairs().find(|(name, _)| name == "state").unwrap().1;
        let back = Url::parse(PORTAL).unwrap().join(&back).unwrap();
        let code = back.query_pairs().find(|(name, _)| name == "code").unwrap().1;
        let path = format!("/staff/sign-in/return?code={code}&state={state}");
        let answer = browser.visit_from("cross-site", &path).await;
        assert_eq!(answer.status, 403);
        assert!(answer.text().contains("was not begun in this browser"), "{}", answer.text());
    }
    for (login, words) in [("paul", "signed in without one"), ("gina", "has no role here")] {
        let (_, _, answer) = stage.sign_in(login).await;
        assert_eq!(answer.status, 403);
        assert!(answer.text().contains(words), "{}", answer.text());
    }
    assert_eq!(stage.portal.count("staff_session").await, 2);
    stage.portal.close().await;
}

#[tokio::test]
async fn people_sign_in_through_a_certified_provider_on_sqlite() {
    people_sign_in_through_a_certified_provider(On::Sqlite).await;
}

#[tokio::test]
async fn people_sign_in_through_a_certified_provider_on_postgres() {
    people_sign_in_through_a_certified_provider(On::Postgres).await;
}
