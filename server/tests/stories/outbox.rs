//! Stories of the outbox: mails and write-backs after the commit, at least once and never lost.

use std::sync::{Arc, Mutex};

use crate::support::browser::{Browser, Mail, mails, newest_mail};
use crate::support::{On, TestPortal};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::routing::post;
use futures_util::future::join_all;
use receivables::ids::OutboxId;
use serde_json::{Value, json};
use server::clock::Chance;
use server::db::{Command, DbError};
use server::gateway::sandbox::TestCard;
use server::outbox::{DeliveryCount, Letter, NewOutbox, OutboxKind, deliver_due, enqueue};
use sqlx::AnyConnection;

struct Enqueue(NewOutbox, receivables::calendar::Micros);

impl Command for Enqueue {
    type Reply = ();
    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        enqueue(tx, &self.0, self.1).await
    }
}

async fn put(portal: &TestPortal, kind: OutboxKind, payload: Value) -> OutboxId {
    let (ms, chance) = portal.portal.id_parts();
    let now = portal.portal.now();
    let id = OutboxId::from_parts(ms, &chance);
    let new = NewOutbox { id, account_id: None, kind, payload, due_at: now };
    portal.portal.db.write(Enqueue(new, now)).await.unwrap();
    id
}

fn letter(to: &str) -> Letter {
    Letter {
        to: Some(to.to_owned()),
        subject: "Receipt R-1: you paid €120.00, €35.00 left".to_owned(),
        text: "Grüße\n.\nFrom here".to_owned(),
        html: "<p>Grüße</p>".to_owned(),
        useless_after: None,
    }
}

async fn put_letter(portal: &TestPortal, to: &str) -> OutboxId {
    put(portal, OutboxKind::ReceiptMail, letter(to).payload()).await
}

fn count(sent: u32, dropped: u32, failed: u32) -> DeliveryCount {
    DeliveryCount { sent, dropped, failed }
}

stories! {
    async fn eight_deliverers_at_once_send_each_mail_once(portal: TestPortal) {
        for n in 0..60 {
            put_letter(portal, &format!("n{n}@customers.example")).await;
        }
        let counts = join_all((0..8).map(|_| deliver_due(&portal.portal))).await;
        let sent: u32 = counts.into_iter().map(|count| count.unwrap().sent).sum();
        assert_eq!(sent, 60);
        assert_eq!(mails(&portal.portal).len(), 60);
        assert_eq!(deliver_due(&portal.portal).await.unwrap(), count(0, 0, 0));
    }

    async fn what_cannot_be_sent_is_tried_again_until_it_is(portal: TestPortal) {
        // A file where the folder should be.
        let folder = portal.portal.settings.data_dir.join("mail");
        std::fs::write(&folder, "in the way").unwrap();
        let id = put_letter(portal, "ada@customers.example").await;
        for wait in [15, 30, 60] {
            assert_eq!(deliver_due(&portal.portal).await.unwrap(), count(0, 0, 1));
            portal.clock.pass_seconds(wait - 1);
            assert_eq!(deliver_due(&portal.portal).await.unwrap(), count(0, 0, 0));
            portal.clock.pass_seconds(1);
        }
        std::fs::remove_file(&folder).unwrap();
        assert_eq!(deliver_due(&portal.portal).await.unwrap(), count(1, 0, 0));
        let mail = mails(&portal.portal).pop().unwrap();
        assert_eq!(mail.message_id, format!("<{id}@riverside.example>"));
        assert_eq!(mail.subject, letter("").subject);
        assert!(mail.html.contains("Grüße"));
    }

    async fn whoever_dies_with_a_row_in_hand_gives_it_back(portal: TestPortal) {
        let id = put_letter(portal, "ada@customers.example").await;
        // Claimed, and then nothing more was heard.
        let lease = portal.portal.now().plus_seconds(300);
        let claim = sqlx::query("update outbox set due_at = $2, tries = 1 where id = $1");
        claim.bind(id.to_string()).bind(lease.0).execute(portal.portal.db.read()).await.unwrap();
        assert_eq!(deliver_due(&portal.portal).await.unwrap(), count(0, 0, 0));
        portal.clock.pass_seconds(300);
        assert_eq!(deliver_due(&portal.portal).await.unwrap(), count(1, 0, 0));
    }

    async fn a_letter_nobody_can_use_any_more_is_dropped(portal: TestPortal) {
        let now = portal.portal.now();
        let late = Letter { useless_after: Some(now), ..letter("ada@customers.example") };
        put(portal, OutboxKind::SignInMail, late.payload()).await;
        let to_nobody = Letter { to: None, ..letter("") };
        put(portal, OutboxKind::SignInMail, to_nobody.payload()).await;
        assert_eq!(deliver_due(&portal.portal).await.unwrap(), count(0, 2, 0));
        assert!(mails(&portal.portal).is_empty());
    }

    async fn a_payer_gets_one_receipt_by_mail(portal: TestPortal) {
        let account = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
        let started = portal.started(&account, 12_000).await;
        portal.choose(&started, TestCard::WebhookTwice).await;
        portal.news_arrives().await;
        portal.news_arrives().await;
        // The receipt, and what the biller's system would be told if there were one.
        assert_eq!(deliver_due(&portal.portal).await.unwrap(), count(1, 1, 0));
        let sent = mails(&portal.portal);
        assert_eq!(sent.len(), 1);
        let receipt = portal.receipt(&account, started.payment.id).await.unwrap();
        let subject = format!("Receipt {}: you paid $120.00, $35.00 left", receipt.number);
        assert_eq!(sent[0].subject, subject);
        assert!(sent[0].text.contains("This payment       $40.00"), "{}", sent[0].text);
        assert!(sent[0].text.contains("DEMO") && sent[0].html.contains("DEMO"));
        let payloads = "select count(*) from outbox where kind <> 'write_back' and payload <> '{}'";
        let left: i64 =
            sqlx::query_scalar(payloads).fetch_one(portal.portal.db.read()).await.unwrap();
        assert_eq!(left, 0);
    }
}

#[derive(Clone, Default)]
struct Backend(Arc<Mutex<Vec<(String, Value)>>>);

/// Fails the first time.
async fn told(
    State(backend): State<Backend>,
    headers: HeaderMap,
    axum::Json(body): axum::Json<Value>,
) -> StatusCode {
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    let mut told = backend.0.lock().unwrap();
    told.push((key, body));
    if told.len() == 1 { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK }
}

#[tokio::test]
async fn the_billers_system_is_told_until_it_says_yes_with_the_same_key() {
    let backend = Backend::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/paid", listener.local_addr().unwrap());
    let routes = Router::new().route("/paid", post(told)).with_state(backend.clone());
    let serving = tokio::spawn(async move { axum::serve(listener, routes).await });
    let flags = [("backend.write_back_url", url.as_str())];
    let portal = TestPortal::open_with(On::Sqlite, &flags).await.unwrap();
    let id = put(&portal, OutboxKind::WriteBack, json!({ "paid": 12_000 })).await;
    assert_eq!(deliver_due(&portal.portal).await.unwrap(), count(0, 0, 1));
    portal.clock.pass_seconds(15);
    assert_eq!(deliver_due(&portal.portal).await.unwrap(), count(1, 0, 0));
    let expected = (id.to_string(), json!({ "paid": 12_000 }));
    assert_eq!(*backend.0.lock().unwrap(), [expected.clone(), expected]);
    serving.abort();
    portal.close().await;
}

#[tokio::test]
async fn mails_reach_a_real_mail_server() {
    let (Ok(address), Ok(folder)) =
        (std::env::var("PAYDOWN_TEST_SMTP"), std::env::var("PAYDOWN_TEST_SMTP_DIR"))
    else {
        println!("PAYDOWN_TEST_SMTP is not set: mails were tested as files only");
        return;
    };
    let url = format!("smtp://{address}");
    let portal = TestPortal::open_with(On::Sqlite, &[("mail.smtp_url", &url)]).await.unwrap();
    let mut chance = [0; 8];
    server::clock::SystemChance.fill(&mut chance);
    let to = format!("{}@customers.example", hex::encode(chance));
    let ids = [put_letter(&portal, &to).await, put_letter(&portal, &to).await];
    assert_eq!(deliver_due(&portal.portal).await.unwrap(), count(2, 0, 0));
    let mut arrived: Vec<Mail> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| std::fs::read(entry.unwrap().path()).ok())
        .filter(|raw| String::from_utf8_lossy(raw).contains(&format!("X-Envelope-To: {to}")))
        .map(|raw| Mail::parse(&raw))
        .collect();
    arrived.sort_by(|one, other| one.message_id.cmp(&other.message_id));
    let named: Vec<_> = arrived.iter().map(|mail| mail.message_id.clone()).collect();
    assert_eq!(named, ids.map(|id| format!("<{id}@riverside.example>")));
    assert_eq!(arrived[0].subject, letter("").subject);
    assert_eq!(arrived[0].text.replace("\r\n", "\n").trim_end(), "Grüße\n.\nFrom here");
    portal.close().await;
}

#[tokio::test]
async fn a_mail_server_that_is_gone_loses_nothing() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let portal = TestPortal::open_with(On::Sqlite, &[("mail.smtp_url", &url)]).await.unwrap();
    put_letter(&portal, "ada@customers.example").await;
    assert_eq!(deliver_due(&portal.portal).await.unwrap(), count(0, 0, 1));
    let row = "select last_error from outbox where done_at is null and tries = 1";
    let error: String = sqlx::query_scalar(row).fetch_one(portal.portal.db.read()).await.unwrap();
    assert_eq!(error, "the mail server could not be reached");
    portal.close().await;
}

#[tokio::test]
async fn the_mailbox_of_a_demonstration_shows_the_mails() {
    let portal = TestPortal::open_with(On::Sqlite, &[("demo", "true")]).await.unwrap();
    let mut browser = Browser::at(&portal.portal);
    let empty = browser.ask(Method::GET, "/mailbox", None).await;
    assert!(empty.text().contains("No mail yet"));
    let account = portal.account(&[]).await;
    let email = "select email from customer where id = $1";
    let query = sqlx::query_scalar(email).bind(account.customer_id.to_string());
    let email: String = query.fetch_one(portal.portal.db.read()).await.unwrap();
    browser.ask_for_code(&email).await;
    let mail = newest_mail(&portal.portal).await;
    let page = browser.ask(Method::GET, "/mailbox", None).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains(&mail.code()) && page.text().contains(&email));
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{policy}");
    let style = browser.ask(Method::GET, "/mailbox.css", None).await;
    assert_eq!(
        (style.status.as_u16(), &style.headers["content-type"]),
        (200, &"text/css; charset=utf-8".parse().unwrap())
    );
    let count = browser.ask(Method::GET, "/csp-reports/count", None).await;
    assert_eq!(count.json(), json!({ "count": 0 }));
    portal.close().await;
}
