//! Whatever is sent, the answer is in words: inputs grown from a corpus of good and hostile ones,
//! broken in drawn places, at every door where strangers' bytes come in. P11: 60,000 at each.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::support::browser::{Browser, newest_mail};
use crate::support::proof::{Dice, Proof};
use crate::support::{On, TestPortal};
use axum::body::Body;
use axum::http::{Method, Request};
use receivables::money::Currency;
use receivables::typed_amount::{NumberStyle, parse_typed_amount};
use serde_json::json;
use server::clock::{SystemChance, SystemClock};
use server::config;
use server::imports::{self, ImportArgs};
use server::{gateway_events, router, web};

const FULL: usize = 60_000;

/// What breaks readers: ends, signs, other scripts, numbers at their limits.
const SHARDS: [&str; 36] = [
    "",
    "\0",
    "\r\n",
    "\u{feff}",
    "\u{202e}",
    "\u{d7ff}",
    "'",
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    ";",
    "=",
    "-1",
    "1e999",
    "9223372036854775808",
    "NaN",
    "null",
    "true",
    "٣",
    "４",
    "%00",
    "../",
    "🜁",
    "$1",
    "--",
    "/*",
    "t=",
    "v1=",
    "~",
    "\u{ff0e}",
    "99999999999999999999999",
];

/// One good input, broken once to six times.
fn broken(dice: &mut Dice, corpus: &[&[u8]]) -> Vec<u8> {
    let mut bytes = corpus[dice.below(corpus.len())].to_vec();
    for _ in 0..=dice.below(6) {
        let at = dice.below(bytes.len() + 1);
        match dice.below(7) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            2 if at < bytes.len() => {
                bytes.remove(at);
            }
            3 => {
                let shard = SHARDS[dice.below(SHARDS.len())].as_bytes();
                bytes.splice(at..at, shard.iter().copied());
            }
            4 => {
                let end = (at + dice.below(12)).min(bytes.len());
                let twice = bytes[at..end].to_vec();
                bytes.splice(at..at, twice);
            }
            5 => {
                let other = corpus[dice.below(corpus.len())];
                bytes.truncate(at);
                bytes.extend_from_slice(&other[dice.below(other.len() + 1)..]);
            }
            _ => bytes.insert(at, u8::try_from(dice.below(256)).unwrap()),
        }
    }
    bytes
}

#[test]
fn whatever_is_typed_as_an_amount_is_read_once_or_refused() {
    let mut proof = Proof::begin("P11 amounts", On::Sqlite, FULL * 10);
    let corpus: [&[u8]; 12] = [
        b"1,000.00",
        b"1.000,00",
        b"12.345",
        "٣٤".as_bytes(),
        "１２．５０".as_bytes(),
        b"$ 1 234.50",
        b"0",
        b"+5",
        b"1e2",
        b"-0",
        b"92233720368547758.07",
        "1’000,5 €".as_bytes(),
    ];
    let currencies = ["USD", "EUR", "JPY", "KWD", "CHF"].map(|code| Currency::parse(code).unwrap());
    let mut read = 0;
    for _ in 0..proof.n {
        let text = String::from_utf8_lossy(&broken(&mut proof.dice, &corpus)).into_owned();
        let currency = currencies[proof.dice.below(currencies.len())];
        for style in [NumberStyle::ENGLISH, NumberStyle::CONTINENTAL] {
            if let Ok(amount) = parse_typed_amount(&text, currency, style) {
                assert!(amount.get() >= 0, "{text:?} is {amount:?}");
                read += 1;
            }
        }
    }
    proof.counted("amounts read of those", read);
    assert!(read > 0);
}

struct Story {
    portal: TestPortal,
    browser: Browser,
    account: String,
}

impl Story {
    async fn begin() -> Self {
        let portal = TestPortal::open(On::Sqlite).await.unwrap();
        let account = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
        let service = web::serve(router::rooms(), router::signed(), &portal.portal);
        let mut browser = Browser { service, cookies: BTreeMap::new() };
        let email = "select email from customer";
        let email: String =
            sqlx::query_scalar(email).fetch_one(portal.portal.db.read()).await.unwrap();
        browser.ask_for_code(&email).await;
        let code = newest_mail(&portal.portal).await.code();
        assert_eq!(browser.prove(json!({ "code": code })).await.status, 201);
        Self { portal, browser, account: account.id.to_string() }
    }

    async fn post(&self, path: &str, body: Vec<u8>, header: (&str, &[u8])) -> Option<u16> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("sec-fetch-site", "same-origin")
            .header("x-paydown", "1")
            .header("content-type", "application/json")
            .header(header.0, header.1);
        // What cannot be a header does not reach us either.
        let request = request.body(Body::from(body)).ok()?;
        let answer = self.browser.send(request).await;
        assert!(answer.status.as_u16() < 500, "{path}: {answer:?}");
        if answer.status.as_u16() >= 400 {
            answer.problem();
        }
        Some(answer.status.as_u16())
    }
}

/// How often each status was answered.
type Answers = BTreeMap<u16, usize>;

#[tokio::test]
async fn whatever_is_sent_as_json_is_answered_in_words() {
    let mut proof = Proof::begin("P11 bodies", On::Sqlite, FULL);
    let story = Story::begin().await;
    let corpus: [&[u8]; 5] = [
        br##"{"amount":5000,"currency":"USD"}"##,
        br##"{"amount":5000,"currency":"USD","direction":{"bills":[],"rest":"by_order"}}"##,
        br##"{"id":"pay_0192f4a6b3c47a6b9d4e000000000000","amount":1,"currency":"USD","fingerprint":"x"}"##,
        br##"{"email":"ada@home.example"}"##,
        br##"{"code":"7K3M-9QXA"}"##,
    ];
    let account = format!("/api/v1/accounts/{}", story.account);
    let paths = [
        format!("{account}/allocation-previews"),
        format!("{account}/payments"),
        "/api/v1/sign-in/codes".to_owned(),
        "/csp-reports".to_owned(),
    ];
    let mut answers = Answers::new();
    for _ in 0..proof.n / 4 {
        let body = broken(&mut proof.dice, &corpus);
        for path in &paths {
            let status = story.post(path, body.clone(), ("idempotency-key", b"k")).await;
            *answers.entry(status.unwrap()).or_default() += 1;
        }
    }
    proof.counted("answers", format!("{answers:?}"));
    story.portal.close().await;
}

#[tokio::test]
async fn whatever_is_sent_as_a_webhook_is_turned_away_unless_it_is_signed() {
    let mut proof = Proof::begin("P11 webhooks", On::Sqlite, FULL);
    let story = Story::begin().await;
    let event: &[u8] = br##"{"id":"evt_1","object":"event","type":"payment_intent.succeeded",
        "livemode":false,"created":1,"data":{"object":{"id":"pi_1","object":"payment_intent"}}}"##;
    let header: [&[u8]; 4] = [
        b"t=1795348800,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd",
        b"t=1795348800,v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39",
        b"v1=a,v1=b,v1=c,t=1",
        b"",
    ];
    let mut answers = Answers::new();
    for _ in 0..proof.n {
        let body = broken(&mut proof.dice, &[event]);
        let signature = broken(&mut proof.dice, &header);
        let sent = story.post("/webhooks/stripe", body, ("stripe-signature", &signature)).await;
        *answers.entry(sent.unwrap_or(0)).or_default() += 1;
    }
    assert!(answers.keys().all(|status| [0, 400, 413, 431].contains(status)), "{answers:?}");
    assert_eq!(story.portal.count("gateway_event").await, 0);
    proof.counted("answers (0: no header at all)", format!("{answers:?}"));
    story.portal.close().await;
}

#[tokio::test]
async fn whatever_is_signed_is_stored_and_never_believed() {
    let mut proof = Proof::begin("P11 signed webhooks", On::Sqlite, FULL / 60);
    let story = Story::begin().await;
    let secret = story.portal.sandbox.gateway_settings().webhook_secrets[0].reveal().to_owned();
    let event: &[u8] = br##"{"id":"evt_1","object":"event","type":"payment_intent.succeeded",
        "livemode":false,"created":1,"data":{"object":{"id":"pi_1","object":"payment_intent",
        "amount":5000,"currency":"usd","client_secret":"pi_1_secret_x"}}}"##;
    let seconds = story.portal.portal.now().0 / 1_000_000;
    for _ in 0..proof.n {
        let body = broken(&mut proof.dice, &[event]);
        let signature = signed(&secret, seconds, &body);
        let sent = ("stripe-signature", signature.as_bytes());
        let status = story.post("/webhooks/stripe", body, sent).await.unwrap();
        assert!([200, 400].contains(&status), "{status}");
    }
    gateway_events::apply_due(&story.portal.portal).await.unwrap();
    assert_eq!(story.portal.count("posting").await, 2, "only the two bills are in the book");
    proof.counted("events stored", story.portal.count("gateway_event").await);
    story.portal.close().await;
}

fn signed(secret: &str, seconds: i64, body: &[u8]) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    format!("t={seconds},v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn whatever_is_asked_as_a_page_is_a_page_or_refused() {
    let mut proof = Proof::begin("P11 cursors", On::Sqlite, FULL);
    let mut story = Story::begin().await;
    let corpus: [&[u8]; 5] = [
        b"limit=50&after=1795348800000000~pay_0192f4a6b3c47a6b9d4e000000000000",
        b"status=paid&limit=1&after=2026-11-22~bill_0192f4a6b3c47a6b9d4e000000000000",
        b"after=%00&limit=1e9",
        b"limit=1&limit=2",
        b"id[]=1&sort=;drop",
    ];
    let account = format!("/api/v1/accounts/{}", story.account);
    let mut answers = Answers::new();
    for n in 0..proof.n {
        let query = String::from_utf8_lossy(&broken(&mut proof.dice, &corpus)).into_owned();
        let list = ["bills", "payments", "due-periods"][n % 3];
        let path = format!("{account}/{list}?{query}");
        if path.parse::<axum::http::Uri>().is_err() {
            continue;
        }
        let answer = story.browser.ask(Method::GET, &path, None).await;
        assert!(answer.status.as_u16() < 500, "{path}: {answer:?}");
        *answers.entry(answer.status.as_u16()).or_default() += 1;
    }
    proof.counted("answers", format!("{answers:?}"));
    story.portal.close().await;
}

#[tokio::test]
async fn whatever_is_in_a_file_to_import_is_refused_or_planned_and_nothing_is_stored() {
    let mut proof = Proof::begin("P11 files", On::Sqlite, FULL / 10);
    let portal = TestPortal::open(On::Sqlite).await.unwrap();
    let corpus: [&[u8]; 2] = [
        b"countryCode,customerID,PaperlessDate,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,\
Disputed,SettledDate,PaperlessBill,DaysToSettle,DaysLate\n\
391,0379-NEVHP,4/6/2013,611365,1/2/2013,2/1/2013,55.94,No,1/15/2013,Paper,13,0\n\
406,8976-AMJEO,3/3/2012,7900770,1/26/2013,2/25/2013,61.74,Yes,3/3/2013,Electronic,36,6\n",
        "\u{feff}a;b;c\r\n\"x\r\ny\";\"\"\"\";\r\n".as_bytes(),
    ];
    let file = portal.portal.settings.data_dir.join("file.csv");
    let (mut planned, mut refused) = (0, 0);
    for _ in 0..proof.n {
        std::fs::write(&file, broken(&mut proof.dice, &corpus)).unwrap();
        let args = ImportArgs {
            file: file.clone(),
            map: "accounts-receivable".to_owned(),
            dry_run: true,
            as_of: Some("2013-06-30".parse().unwrap()),
            currency: None,
        };
        let zone = &config::load(None, &[]).unwrap().zone;
        let db = &portal.portal.db;
        match imports::run(&args, db, zone, &SystemClock, Arc::new(SystemChance)).await {
            Ok(_) => planned += 1,
            Err(_) => refused += 1,
        }
    }
    assert_eq!((portal.count("account").await, portal.count("bill").await), (0, 0));
    proof.counted("files planned", planned);
    proof.counted("files refused", refused);
    assert!(planned > 0 && refused > 0);
    portal.close().await;
}
