//! Secrets, addresses and card numbers stay where they belong. The real program lives through a
//! day with canaries for every secret; then its log, its database, its mails and every refusal it
//! gave are searched for them. P19.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::every_text::{every_text, where_it_stands};
use crate::support::program::{Payer, Place, Serving, codes};
use crate::support::{On, TestPortal};
use receivables::ids::AccountId;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use server::clock::SystemChance;
use server::db::Database;
use server::gateway::sandbox::TestCard;

const CARDS: [&str; 4] =
    ["4242424242424242", "5555 5555 5555 4444", "3782-822463-10005", "6011 1111 1111 1117"];
const GUEST: &str = "a-guest@elsewhere.example";
const MAIL_PASSWORD: &str = "canary-of-the-mail-server";

/// What the program said and kept.
struct Found {
    log: String,
    texts: Vec<(String, String)>,
    mails: String,
    refusals: Vec<String>,
}

impl Found {
    async fn of(place: &Place, refusals: Vec<String>) -> Self {
        let database = Database::open(&place.database_url, Arc::new(SystemChance)).await.unwrap();
        let texts = every_text(&database).await;
        database.close().await;
        let log = std::fs::read_to_string(place.folder.join("log")).unwrap();
        Self { log, texts, mails: all_of(&place.folder.join("mail")), refusals }
    }

    /// Where a canary is found, though it may be in these places.
    fn places(&self, canary: &str, but: &[&str]) -> Vec<String> {
        assert!(canary.len() >= 6, "{canary:?} is too short to be looked for");
        let canary = canary.to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&canary);
        let mut places: Vec<String> =
            where_it_stands(&self.texts, &canary).into_iter().map(str::to_owned).collect();
        places.extend(has(&self.log).then(|| "log".to_owned()));
        places.extend(has(&self.mails).then(|| "mails".to_owned()));
        places.extend(self.refusals.iter().filter(|text| has(text)).cloned());
        places.retain(|place| !but.contains(&place.as_str()));
        places
    }
}

fn all_of(folder: &Path) -> String {
    let Ok(files) = std::fs::read_dir(folder) else { return String::new() };
    let mut all = String::new();
    for file in files {
        let raw = std::fs::read(file.unwrap().path()).unwrap();
        all.push_str(&String::from_utf8_lossy(&raw));
        let mail = mailparse::parse_mail(&raw).unwrap();
        for part in &mail.subparts {
            all.push_str(&part.get_body().unwrap());
        }
    }
    all
}

/// Everything a stranger, a payer and an operator can type a card number or a wrong secret into.
async fn refusals(serving: &Serving, payer: &Payer, key: &str, payment: &str) -> Vec<String> {
    let http = Client::new();
    let api = format!("{}/api/v1", serving.address);
    let mut told = Vec::new();
    for card in CARDS {
        let by_payer = [
            (format!("{api}/sign-in/codes"), json!({ "email": card })),
            (format!("{api}/sign-in/codes"), json!({ "email": format!("{card}@x.example") })),
            (format!("{api}/sign-in/session"), json!({ "code": card })),
            (format!("{api}/sign-in/session"), json!({ "link": card })),
            (format!("{api}/sign-in/session"), json!({ card: card })),
            (
                format!("{api}/accounts/{}/allocation-previews", payer.account_id),
                json!({ "amount": 500, "currency": card }),
            ),
            (
                format!("{api}/accounts/{}/payments", payer.account_id),
                json!({ "id": card, "amount": 500, "currency": "USD", "fingerprint": card }),
            ),
        ];
        for (url, body) in by_payer {
            let (status, problem) = payer.ask(Method::POST, &url, Some(body)).await.unwrap();
            assert_eq!(status, 422, "{url}: {problem}");
            assert_eq!(problem["code"], "card-number-refused", "{url}");
            told.push(problem.to_string());
        }
        let by_staff = [
            (
                format!("payments/{payment}/refunds"),
                json!({ "amount": 100, "currency": "USD",
                "reason": format!("please use {card} instead") }),
            ),
            (
                format!("accounts/{}/adjustments", payer.account_id),
                json!({ "amount": 100,
                "currency": "USD", "kind": "credit_note", "reason": card }),
            ),
        ];
        for (path, body) in by_staff {
            let request = http
                .post(format!("{api}/{path}"))
                .header("authorization", format!("Bearer {key}"))
                .header("content-type", "application/json")
                .header("idempotency-key", "a-key")
                .body(body.to_string());
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            let text = String::from_utf8(response.bytes().await.unwrap().to_vec()).unwrap();
            assert!(status == 422 && text.contains("card-number-refused"), "{path}: {text}");
            told.push(text);
        }
    }
    // A wrong key and a wrong signature, each near the right one.
    let wrong = [
        ("payments/x/refunds", "authorization", format!("Bearer {key}x")),
        ("accounts/x/payments", "cookie", format!("__Host-pd_sid={}", payer.secrets()[0])),
    ];
    for (path, header, value) in wrong {
        let request = http.post(format!("{api}/{path}")).header(header, value).body("{");
        let response = request.send().await.unwrap();
        assert!(response.status().is_client_error());
        told.push(String::from_utf8(response.bytes().await.unwrap().to_vec()).unwrap());
    }
    let hook = format!("{}/webhooks/stripe", serving.address);
    let hook = http.post(hook).header("stripe-signature", "t=1,v1=canary-signature");
    let hook = hook.body(r#"{"id":"evt_canary","client_secret":"pi_canary_secret"}"#);
    assert_eq!(hook.send().await.unwrap().status(), 400);
    told
}

/// Somebody is invited, and a client is given a key; the secrets of both, and the invited address.
async fn more_secrets(
    (place, settings): (&Place, &[(&str, &str)]),
    serving: &Serving,
    (key, account): (&str, AccountId),
) -> [String; 2] {
    let invited = Client::new()
        .post(format!("{}/api/v1/invitations", serving.address))
        .bearer_auth(key)
        .header("content-type", "application/json")
        .body(json!({ "email": GUEST, "name": "A guest", "accounts": [account] }).to_string());
    assert_eq!(invited.send().await.unwrap().status(), 201);
    let began = Instant::now();
    let link = loop {
        let mails = all_of(&place.folder.join("mail"));
        if let Some((_, after)) = mails.split_once("/invitation#") {
            let is_of_it = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            break after.chars().take_while(is_of_it).collect::<String>();
        }
        assert!(began.elapsed() < Duration::from_secs(60), "the invitation was never delivered");
        std::thread::park_timeout(Duration::from_millis(200));
    };
    let client = ["api-client", "add", "billing", "--scope", "accounts:read"];
    let added = place.program(&client).envs(settings.iter().copied()).output().unwrap();
    let told = String::from_utf8(added.stdout).unwrap();
    let key = told.split_whitespace().find(|word| word.starts_with("pdk_")).unwrap().to_owned();
    let url = format!("{}/api/v1/accounts/{account}", serving.address);
    assert_eq!(Client::new().get(url).bearer_auth(&key).send().await.unwrap().status(), 200);
    [link, key]
}

async fn is_paid(serving: &Serving, payer: &Payer, payment: &str) {
    let url = format!("{}/api/v1/payments/{payment}", serving.address);
    let began = Instant::now();
    loop {
        let (_, now) = payer.ask(Method::GET, &url, None).await.unwrap();
        if now["stage"] == "paid" {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "never posted: {now}");
        std::thread::park_timeout(Duration::from_millis(200));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_and_no_card_number_is_found_where_it_does_not_belong() {
    let bank = TestPortal::open(On::Sqlite).await.unwrap();
    let place = Place::new();
    let database = Database::open(&place.database_url, Arc::new(SystemChance)).await.unwrap();
    let portal = TestPortal::open_at(&bank, (database, place.folder.clone()), 5).await;
    let account = portal.account(&[("2026-09-15", 80_000)]).await;
    let email: String = sqlx::query_scalar("select email from customer")
        .fetch_one(portal.portal.db.read())
        .await
        .unwrap();
    portal.portal.db.close().await;
    let gateway = bank.sandbox.gateway_settings();
    let secret_key = gateway.secret_key.unwrap().reveal().to_owned();
    let webhook_secret = gateway.webhook_secrets[0].reveal().to_owned();
    let publishable_key = gateway.publishable_key.unwrap();
    let settings = [
        ("PAYDOWN_STRIPE__API_URL", gateway.base_url.as_str()),
        ("PAYDOWN_STRIPE__SECRET_KEY", &secret_key),
        ("PAYDOWN_STRIPE__PUBLISHABLE_KEY", &publishable_key),
        ("PAYDOWN_STRIPE__WEBHOOK_SECRET", &webhook_secret),
        ("RUST_LOG", "debug"),
    ];
    let mut add = place.program(&["operator", "add", "olga", "--role", "clerk,approver"]);
    let added = add.envs(settings).output().unwrap();
    let told = String::from_utf8(added.stdout).unwrap();
    let key = told.split_whitespace().find(|word| word.starts_with("pdop_")).unwrap().to_owned();
    let serving = Serving::start(&place, &settings);
    let mail = place.folder.join("mail");
    let payer = Payer::sign_in(&serving.address, &mail, &email).await;
    let (started, _) = payer.pay(&serving.address, 5_000).await;
    let (status, document) = started.unwrap();
    assert_eq!(status, 201, "{document}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let client_secret = text(&document["card_form"]["client_secret"]);
    let (payment, intent) = (text(&document["id"]), text(&document["card_form"]["gateway_ref"]));
    bank.confirm(&intent, &client_secret, TestCard::Success).await;
    is_paid(&serving, &payer, &payment).await;
    let [link, api_key] = more_secrets((&place, &settings), &serving, (&key, account.id)).await;
    let refusals = refusals(&serving, &payer, &key, &payment).await;
    serving.signal("-TERM");
    assert!(serving.wait(Duration::from_secs(25)).1);
    let shown = place.program(&["config", "show"]).envs(settings).output().unwrap();
    let found = Found::of(&place, refusals).await;
    assert!(found.log.contains("signed in") && found.mails.contains(&email), "nothing happened");
    let shown = String::from_utf8(shown.stdout).unwrap();
    for secret in [&secret_key, &webhook_secret] {
        assert!(!shown.contains(secret.as_str()), "config show");
        assert_eq!(found.places(secret, &[]), Vec::<String>::new());
    }
    for secret in payer.secrets().iter().chain([&client_secret, &key, &api_key]) {
        assert_eq!(found.places(secret, &[]), Vec::<String>::new());
    }
    assert_eq!(found.places(&link, &["mails"]), Vec::<String>::new());
    assert_eq!(found.places(GUEST, &["invitation.email", "mails"]), Vec::<String>::new());
    for code in codes(&mail) {
        assert_eq!(found.places(&code, &["mails"]), Vec::<String>::new());
        assert_eq!(found.places(&code.replace('-', ""), &[]), Vec::<String>::new());
    }
    for card in CARDS {
        let digits: String = card.chars().filter(char::is_ascii_digit).collect();
        assert_eq!(found.places(card, &[]), Vec::<String>::new());
        assert_eq!(found.places(&digits, &[]), Vec::<String>::new());
    }
    for canary in ["canary-signature", "pi_canary_secret"] {
        assert_eq!(found.places(canary, &[]), Vec::<String>::new());
    }
    // People's addresses stand in one place, beside the codes they asked for.
    let may = ["customer.email", "sign_in_code.email", "mails"];
    assert_eq!(found.places(&email, &may), Vec::<String>::new());
    let number = text(&json!(account.id.to_string()[28..]));
    assert!(!found.log.contains(&format!("Account {number}")));
    bank.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_that_is_not_there_is_logged_without_password_and_receiver() {
    let place = Place::new();
    assert!(place.run(&["demo"]).status.success());
    let smtp = format!("smtps://paydown:{MAIL_PASSWORD}@127.0.0.1:9");
    let settings = [("PAYDOWN_MAIL__SMTP_URL", smtp.as_str()), ("RUST_LOG", "debug")];
    let serving = Serving::start(&place, &settings);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let asked = Client::new()
        .post(format!("{}/api/v1/sign-in/codes", serving.address))
        .header("sec-fetch-site", "same-origin")
        .header("x-paydown", "1")
        .header("content-type", "application/json")
        .body(r#"{"email":"ada@customers.example"}"#);
    assert_eq!(asked.send().await.unwrap().status(), 202);
    let log = || std::fs::read_to_string(place.folder.join("log")).unwrap();
    let began = Instant::now();
    while !log().contains("not delivered yet") {
        assert!(began.elapsed() < Duration::from_secs(60), "the letter was never tried");
        std::thread::park_timeout(Duration::from_millis(200));
    }
    serving.signal("-TERM");
    assert!(serving.wait(Duration::from_secs(25)).1);
    for canary in [MAIL_PASSWORD, "ada@customers.example"] {
        assert!(!log().contains(canary), "{canary}");
    }
    let shown = place.program(&["config", "show"]).envs(settings).output().unwrap();
    assert!(!String::from_utf8(shown.stdout).unwrap().contains(MAIL_PASSWORD));
}
