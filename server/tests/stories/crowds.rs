//! Limits on how often one may ask: they hold whatever addresses are claimed, for a whole IPv6
//! network, for every spelling of an e-mail address, after a restart, and for an account
//! whoever asks. P22: 2,000 requests of each kind.

use crate::support::browser;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::browser::{Browser, newest_mail};
use crate::support::program::{Place, Serving};
use crate::support::proof::Proof;
use crate::support::{On, TestPortal};
use axum::http::Method;
use receivables::ids::PaymentId;
use reqwest::Client;
use serde_json::{Value, json};
use server::{router, web};

/// The tests reach the program through a proxy on this machine, as far as it can tell.
const BEHIND_A_PROXY: (&str, &str) = ("PAYDOWN_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8");

struct Crowd {
    http: Client,
    address: String,
}

impl Crowd {
    fn at(serving: &Serving) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { http: Client::new(), address: serving.address.clone() }
    }

    /// Asks for a code with this header of the proxies; status, seconds to wait, code of a problem.
    async fn ask(&self, forwarded: &str, email: &str) -> (u16, Option<u32>, String) {
        let url = format!("{}/api/v1/sign-in/codes", self.address);
        let request = self
            .http
            .post(url)
            .header("x-forwarded-for", forwarded)
            .header("sec-fetch-site", "same-origin")
            .header("x-paydown", "1")
            .header("content-type", "application/json")
            .body(json!({ "email": email }).to_string());
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let wait = response.headers().get("retry-after");
        let wait = wait.map(|wait| wait.to_str().unwrap().parse().unwrap());
        let body: Value =
            serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null);
        (status, wait, body["code"].as_str().unwrap_or_default().to_owned())
    }

    /// How many of these were let through; each other one is told when to come back.
    async fn let_through(&self, asked: impl Iterator<Item = (String, String)>) -> usize {
        let mut through = 0;
        for (forwarded, email) in asked {
            match self.ask(&forwarded, &email).await {
                (202, None, _) => through += 1,
                (429, Some(wait), code) => {
                    assert_eq!(code, "too-many-requests");
                    assert!((1..=3_600).contains(&wait), "{wait}");
                }
                other => unreachable!("{forwarded}: {other:?}"),
            }
        }
        through
    }
}

/// An allowance fills up a little while many requests are on their way.
fn is_about(through: usize, allowed: usize) {
    assert!((allowed..=allowed + 5).contains(&through), "{through} of {allowed} were let through");
}

async fn limits_hold_in_the_real_program(on: On) {
    let proof = Proof::begin("P22", on, 2_000);
    let Some(place) = Place::on(on).await else { return };
    let serving = Serving::start(&place, &[BEHIND_A_PROXY]);
    let crowd = Crowd::at(&serving);
    let nobody = |n: usize| format!("nobody{n}@nowhere.example");
    // What the caller claims changes each time; what our proxy adds does not.
    let claimed = (0..proof.n).map(|n| (format!("10.1.{}.{}, 198.51.100.7", n / 250, n % 250), n));
    let claimed = claimed.chain((0..20).map(|n| (format!("203.0.113.{n}, 198.51.100.7"), n)));
    is_about(crowd.let_through(claimed.map(|(by, n)| (by, nobody(n)))).await, 30);
    // One line to the internet has a whole network of addresses.
    let walk = (0..proof.n).map(|n| (format!("2001:db8:7:7:{n:x}::{n:x}"), nobody(n)));
    is_about(crowd.let_through(walk).await, 30);
    // Somebody else is not held up.
    assert_eq!(crowd.ask("198.51.100.8", &nobody(0)).await.0, 202);
    assert_eq!(crowd.ask("2001:db8:7:8::1", &nobody(0)).await.0, 202);
    serving.signal("-TERM");
    assert!(serving.wait(Duration::from_secs(25)).1);
    // A new start forgets nothing.
    let serving = Serving::start(&place, &[BEHIND_A_PROXY]);
    let crowd = Crowd::at(&serving);
    let again = ["198.51.100.7", "2001:db8:7:7::ffff"].map(|by| (by.to_owned(), nobody(1)));
    let mut let_in = 0;
    for (by, email) in again.into_iter().cycle().take(20) {
        let_in += usize::from(crowd.ask(&by, &email).await.0 == 202);
    }
    assert!(let_in <= 4, "{let_in} of 20 were let in after a restart");
    serving.signal("-TERM");
    assert!(serving.wait(Duration::from_secs(25)).1);
    proof.counted("requests", proof.n * 2 + 42);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claimed_addresses_do_not_help_and_a_restart_forgets_nothing_on_sqlite() {
    limits_hold_in_the_real_program(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claimed_addresses_do_not_help_and_a_restart_forgets_nothing_on_postgres() {
    limits_hold_in_the_real_program(On::Postgres).await;
}

/// Ways in, what a stranger sends there, and what they are told before it is too often.
const WAYS_IN: [(&str, &str, &str, u16); 6] = [
    ("POST", "/api/v1/sign-in/session", r#"{"code":"AAAA-AAAA"}"#, 401),
    ("POST", "/api/v1/sign-in/passkey-options", "{}", 200),
    ("POST", "/api/v1/sign-in/passkey", A_FORGED_PASSKEY, 401),
    (
        "POST",
        "/api/v1/invitations/acceptance",
        r#"{"link":"nobody-was-sent-this","account_number":"RU-204177"}"#,
        410,
    ),
    // Nobody answers where its provider should be.
    ("GET", "/staff/sign-in", "", 503),
    ("POST", "/staff/break-glass", "name=ada&password=guessed&code=000000", 401),
];

const A_FORGED_PASSKEY: &str = r#"{"credential":{"id":"AAAA","rawId":"AAAA","type":"public-key",
    "response":{"authenticatorData":"AAAA","clientDataJSON":"AAAA","signature":"AAAA"},
    "extensions":{}}}"#;

impl Crowd {
    async fn come_in(&self, way: (&str, &str, &str, u16), from: &str) -> reqwest::Response {
        let (method, path, body, _) = way;
        let kind = match body.starts_with('{') {
            true => "application/json",
            false => "application/x-www-form-urlencoded",
        };
        let request = self
            .http
            .request(method.parse().unwrap(), format!("{}{path}", self.address))
            .header("x-forwarded-for", from)
            .header("sec-fetch-site", "same-origin")
            .header("x-paydown", "1")
            .header("content-type", kind);
        request.body(body.to_owned()).send().await.unwrap()
    }

    /// Five come in this way from one address; the sixth is told when to come back.
    async fn five_may(&self, way: (&str, &str, &str, u16)) {
        let (method, path, _, told) = way;
        for n in 0..5 {
            let answer = self.come_in(way, "198.51.100.7").await;
            assert_eq!(answer.status(), told, "{method} {path}, try {n}");
        }
        self.no_more_may(way).await;
        let another = self.come_in(way, "198.51.100.8").await;
        assert_eq!(another.status(), told, "{method} {path} from another address");
    }

    async fn no_more_may(&self, way: (&str, &str, &str, u16)) {
        let answer = self.come_in(way, "198.51.100.7").await;
        assert_eq!(answer.status(), 429, "{} {}", way.0, way.1);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let wait: i64 = header("retry-after").parse().unwrap();
        assert!((1..=720).contains(&wait), "{wait}");
        let (kind, text) = (header("content-type"), answer.text().await.unwrap());
        if way.1.starts_with("/api") {
            assert_eq!(kind, "application/problem+json");
            assert!(text.contains("\"too-many-requests\""), "{text}");
        } else {
            assert!(text.contains("try again in"), "{text}");
        }
    }
}

async fn each_way_in_has_its_allowance(on: On) {
    let Some(place) = Place::on(on).await else { return };
    let settings = [
        BEHIND_A_PROXY,
        ("PAYDOWN_LIMITS__SIGN_INS_PER_ADDRESS", "5"),
        ("PAYDOWN_PUBLIC_URL", "http://localhost:8080"),
        ("PAYDOWN_STAFF_SIGN_IN__ISSUER", "http://127.0.0.1:9"),
        ("PAYDOWN_STAFF_SIGN_IN__CLIENT_ID", "paydown"),
        ("PAYDOWN_STAFF_SIGN_IN__ROLE_MAP__CLERK", "clerks"),
    ];
    // Another name than the one that is guessed at, whose five tries do not count here.
    let broken = place.run(&["break-glass", "enable", "grace", "--hours", "1"]);
    assert!(broken.status.success());
    let serving = Serving::start(&place, &settings);
    let crowd = Crowd::at(&serving);
    for way in WAYS_IN {
        crowd.five_may(way).await;
    }
    serving.signal("-TERM");
    assert!(serving.wait(Duration::from_secs(25)).1);
    // A new start forgets nothing.
    let serving = Serving::start(&place, &settings);
    let crowd = Crowd::at(&serving);
    for way in WAYS_IN {
        crowd.no_more_may(way).await;
    }
    serving.signal("-TERM");
    assert!(serving.wait(Duration::from_secs(25)).1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_in_is_counted_by_address_and_a_restart_forgets_nothing() {
    each_way_in_has_its_allowance(On::Sqlite).await;
    each_way_in_has_its_allowance(On::Postgres).await;
}

async fn codes_of(portal: &TestPortal, email: &str) -> i64 {
    let query = "select count(*) from sign_in_code where email = $1";
    let pool = portal.portal.db.read();
    sqlx::query_scalar(query).bind(email).fetch_one(pool).await.unwrap()
}

async fn begin_payment(
    portal: &TestPortal,
    browser: &mut Browser,
    account: &str,
) -> browser::Answer {
    let wish = json!({ "amount": 500, "currency": "USD" });
    let previews = format!("/api/v1/accounts/{account}/allocation-previews");
    let previewed = browser.ask(Method::POST, &previews, Some(wish)).await.json();
    let (ms, chance) = portal.portal.id_parts();
    let id = PaymentId::from_parts(ms, &chance);
    let start = json!({
        "id": id, "amount": 500, "currency": "USD",
        "fingerprint": previewed["preview"]["fingerprint"],
    });
    let path = format!("/api/v1/accounts/{account}/payments");
    browser.ask_with_key(&path, start, &id.to_string()).await
}

stories! {
    async fn every_spelling_of_an_address_counts_as_one(portal: TestPortal) {
        let browser = Browser::at(&portal.portal);
        for n in 0..40 {
            let email = ["ada@home.example", "ADA@home.example", " Ada@Home.Example ",
                "ada@HOME.EXAMPLE\t"][n % 4];
            let answer = browser.another().ask_for_code(email).await;
            assert_eq!((answer.status.as_u16(), answer.body.len()), (202, 0));
        }
        // Those that only look alike are nobody's address, and are answered alike.
        for alike in ["аda@home.example", "ada@hоme.example", "ada＠home.example"] {
            assert_eq!(browser.another().ask_for_code(alike).await.status, 202);
        }
        assert_eq!(codes_of(portal, "ada@home.example").await, 5);
        assert_eq!(portal.count("sign_in_code").await, 5);
    }
}

async fn an_account_may_begin_three(on: On) {
    let limit = ("limits.unfinished_payments_per_account", "3");
    let Some(portal) = TestPortal::open_with(on, &[limit]).await else { return };
    let account = portal.account(&[("2026-09-15", 80_000)]).await;
    let service = web::serve(router::rooms(), router::signed(), &portal.portal);
    let mut browser = Browser { service, cookies: BTreeMap::new() };
    let query = "select email from customer where id = $1";
    let email: String = sqlx::query_scalar(query)
        .bind(account.customer_id.to_string())
        .fetch_one(portal.portal.db.read())
        .await
        .unwrap();
    browser.ask_for_code(&email).await;
    let code = newest_mail(&portal.portal).await.code();
    assert_eq!(browser.prove(json!({ "code": code })).await.status, 201);
    let id = account.id.to_string();
    let mut first = Value::Null;
    for _ in 0..3 {
        let started = begin_payment(&portal, &mut browser, &id).await;
        assert_eq!(started.status, 201, "{started:?}");
        first = started.json();
        portal.clock.pass_seconds(60);
    }
    let refused = begin_payment(&portal, &mut browser, &id).await;
    assert_eq!(refused.problem(), (429, "too-many-requests".into()));
    let wait: i64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((86_000..=86_400).contains(&wait), "{wait}");
    assert_eq!(refused.json()["money_taken"], "no");
    assert!(refused.json()["detail"].as_str().unwrap().contains("try again in 24 hours"));
    assert_eq!(portal.count("payment").await, 3);
    // What was begun can be asked for again, and a finished payment makes room.
    let key = first["id"].as_str().unwrap();
    let looked = browser.ask(Method::GET, &format!("/api/v1/payments/{key}"), None).await;
    assert_eq!(looked.status, 200);
    portal.clock.pass_seconds(wait);
    browser.ask_for_code(&email).await;
    let code = newest_mail(&portal.portal).await.code();
    assert_eq!(browser.prove(json!({ "code": code })).await.status, 201);
    assert_eq!(begin_payment(&portal, &mut browser, &id).await.status, 201);
    portal.close().await;
}

#[tokio::test]
async fn one_account_begins_only_so_many_payments_from_whatever_address() {
    an_account_may_begin_three(On::Sqlite).await;
    an_account_may_begin_three(On::Postgres).await;
}

#[tokio::test]
async fn of_many_who_ask_at_once_no_more_get_through_than_may() {
    for on in [On::Sqlite, On::Postgres] {
        let Some(portal) = TestPortal::open(on).await else { continue };
        let limit = server::limits::Limit::an_hour("things", 10);
        let asked = (0..100).map(|_| async {
            let now = portal.portal.now();
            server::limits::count(&portal.portal.db, limit, "one", now).await.is_ok()
        });
        let through = futures_util::future::join_all(asked).await;
        assert_eq!(through.iter().filter(|through| **through).count(), 10, "{on:?}");
        // It fills up steadily: one every six minutes.
        portal.clock.pass_seconds(361);
        let now = portal.portal.now();
        let count = || server::limits::count(&portal.portal.db, limit, "one", now);
        assert!(count().await.is_ok());
        assert_eq!(count().await.unwrap_err().status(), 429);
        portal.clock.pass_seconds(7_200);
        server::limits::forget_old(&portal.portal).await.unwrap();
        assert_eq!(portal.count("allowance").await, 0);
        portal.close().await;
    }
}
