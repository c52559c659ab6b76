//! The API over HTTP, as a browser and as a stranger use it: the whole service with every layer
//! around it, a real session, a real database. Wrong requests are refused in words, store
//! nothing, and are never answered with a fault of ours.

use std::collections::BTreeMap;

use crate::support::browser::{Answer, Browser, newest_mail};
use axum::body::Body;
use axum::http::{Method, Request};
use receivables::allocation::Preview;
use receivables::ids::PaymentId;
use serde_json::{Value, json};
use server::gateway::sandbox::TestCard;
use server::sign_in::{AddOperator, EndOperator, StaffRoles};
use server::{router, web};

use crate::support::{On, TestAccount, TestPortal};

struct Story {
    portal: TestPortal,
    account: TestAccount,
    browser: Browser,
}

impl Story {
    async fn begin(on: On) -> Option<Self> {
        let portal = TestPortal::open(on).await?;
        let account = portal
            .account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500), ("2026-12-15", 6_000)])
            .await;
        let service = web::serve(router::rooms(), router::signed(), &portal.portal);
        let stranger = Browser { service, cookies: BTreeMap::new() };
        let browser = signed_in(&portal, &stranger, &account).await;
        Some(Self { portal, account, browser })
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/v1/accounts/{}{rest}", self.account.id)
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.browser.ask(Method::GET, path, None).await
    }

    async fn preview(&mut self, body: Value) -> Answer {
        let path = self.path("/allocation-previews");
        self.browser.ask(Method::POST, &path, Some(body)).await
    }

    fn new_payment_id(&self) -> PaymentId {
        let (ms, chance) = self.portal.portal.id_parts();
        PaymentId::from_parts(ms, &chance)
    }

    /// The request a browser sends for an amount it has just previewed.
    async fn wish(&mut self, amount: i64) -> Value {
        let answer = self.preview(json!({ "amount": amount, "currency": "USD" })).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let preview: Preview = serde_json::from_value(answer.json()["preview"].clone()).unwrap();
        json!({
            "id": self.new_payment_id(),
            "amount": amount,
            "currency": "USD",
            "fingerprint": preview.fingerprint,
        })
    }

    async fn start(&self, keys: &[&str], body: &str) -> Answer {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(self.path("/payments"))
            .header("sec-fetch-site", "same-origin")
            .header("x-paydown", "1")
            .header("content-type", "application/json");
        for key in keys {
            request = request.header("idempotency-key", *key);
        }
        self.browser.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    async fn nothing_was_stored(&self) {
        assert_eq!(self.portal.count("payment").await, 0);
        assert_eq!(self.portal.count("reservation").await, 0);
        assert_eq!(self.portal.intents().await, 0);
    }
}

/// Through the mail, as a person would.
async fn signed_in(portal: &TestPortal, stranger: &Browser, account: &TestAccount) -> Browser {
    let mut browser = stranger.another();
    let email = format!("{}@customers.example", &account.id.to_string()[28..]);
    assert_eq!(browser.ask_for_code(&email).await.status, 202);
    let code = newest_mail(&portal.portal).await.code();
    assert_eq!(browser.prove(json!({ "code": code })).await.status, 201);
    browser
}

async fn both(story: impl AsyncFn(Story)) {
    for on in [On::Sqlite, On::Postgres] {
        if let Some(begun) = Story::begin(on).await {
            story(begun).await;
        }
    }
}

#[tokio::test]
async fn the_main_job_over_http() {
    both(async |mut story| {
        let bill = story.get(&story.path("/due-periods")).await.json();
        assert_eq!(bill["account"]["owed"], 21_500);
        assert_eq!(bill["account"]["past_due"], 15_500);
        assert_eq!(bill["due_periods"].as_array().unwrap().len(), 3);
        assert_eq!(bill["due_periods"][0]["item"]["due_on"], "2026-09-15");

        let wish = story.wish(12_000).await;
        let key = wish["id"].as_str().unwrap().to_owned();
        let started = story.start(&[&key], &wish.to_string()).await;
        assert_eq!(started.status, 201, "{}", started.text());
        let document = started.json();
        assert_eq!(document["stage"], "awaiting_payer");
        assert_eq!(document["money_taken"], "no");
        assert!(document["card_form"]["client_secret"].is_string());
        let again = story.start(&[&key], &wish.to_string()).await;
        assert_eq!((again.status.as_u16(), &again.json()["id"]), (200, &document["id"]));

        // The session that started it finds the form again; another session of the same
        // customer gets no secret.
        let path = format!("/api/v1/payments/{key}");
        let looked = story.get(&path).await;
        assert_eq!(looked.json()["card_form"], document["card_form"]);
        story.portal.clock.pass_seconds(2);
        let mut elsewhere = signed_in(&story.portal, &story.browser, &story.account).await;
        let looked = elsewhere.ask(Method::GET, &path, None).await;
        assert_eq!(looked.status, 200);
        assert!(looked.json()["card_form"].is_null());
        assert_eq!(story.get(&format!("{path}/receipt")).await.problem().0, 404);

        let payment = story.portal.payment(PaymentId::parse(&key).unwrap()).await;
        let gateway_ref = payment.gateway_ref.clone().unwrap();
        let intent = story.portal.portal.gateway.retrieve_intent(&gateway_ref).await.unwrap();
        let started =
            server::payments::StartOutcome { payment, intent: Some(intent), repeated: false };
        story.portal.choose(&started, TestCard::Success).await;
        story.portal.news_arrives().await;

        let receipt = story.get(&format!("{path}/receipt")).await.json();
        assert_eq!(receipt["amount"], 12_000);
        assert_eq!(receipt["left_to_pay"], 9_500);
        let bill = story.get(&story.path("/due-periods")).await.json();
        assert_eq!(bill["account"]["owed"], 9_500);
        let past = story.get(&story.path("/bills?status=paid")).await.json();
        assert_eq!(past["items"].as_array().unwrap().len(), 1);
        let details = story.get(&format!("/api/v1/bills/{}", story.account.bills[1])).await.json();
        assert_eq!(
            (details["paid"].as_i64(), details["open"].as_i64()),
            (Some(4_000), Some(3_500))
        );
        assert_eq!(details["applications"][0]["receipt_number"], receipt["number"]);
        let history = story.get(&story.path("/payments")).await.json();
        assert_eq!(history["items"][0]["stage"], "paid");
        story.portal.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_not_yours_answers_like_what_is_not_there() {
    both(async |mut story| {
        let other = story.portal.account(&[("2026-09-15", 5_000)]).await;
        let started = story.portal.started(&other, 5_000).await;
        let mine = story.account.id.to_string();
        let nowhere = format!("acc_{}", "0".repeat(32));
        for (theirs, none) in [
            (format!("/api/v1/accounts/{}", other.id), format!("/api/v1/accounts/{nowhere}")),
            (
                format!("/api/v1/accounts/{}/due-periods", other.id),
                format!("/api/v1/accounts/{nowhere}/due-periods"),
            ),
            (
                format!("/api/v1/accounts/{}/bills", other.id),
                format!("/api/v1/accounts/{nowhere}/bills"),
            ),
            (
                format!("/api/v1/accounts/{}/payments", other.id),
                format!("/api/v1/accounts/{nowhere}/payments"),
            ),
            (
                format!("/api/v1/bills/{}", other.bills[0]),
                format!("/api/v1/bills/bill_{}", "0".repeat(32)),
            ),
            (
                format!("/api/v1/payments/{}", started.payment.id),
                format!("/api/v1/payments/pay_{}", "0".repeat(32)),
            ),
            (
                format!("/api/v1/payments/{}/receipt", started.payment.id),
                format!("/api/v1/payments/pay_{}/receipt", "0".repeat(32)),
            ),
        ] {
            let (theirs, none) = (story.get(&theirs).await, story.get(&none).await);
            assert_eq!(theirs.problem(), (404, "not-found".into()));
            assert_eq!(without_instance(&theirs), without_instance(&none));
        }
        for path in [
            format!("/api/v1/accounts/{}/allocation-previews", other.id),
            format!("/api/v1/accounts/{nowhere}/allocation-previews"),
        ] {
            let body = json!({ "amount": 5_000, "currency": "USD" });
            let answer = story.browser.ask(Method::POST, &path, Some(body)).await;
            assert_eq!(answer.problem(), (404, "not-found".into()));
        }
        let path = format!("/api/v1/payments/{}/cancellation", started.payment.id);
        let answer = story.browser.ask(Method::POST, &path, Some(json!({}))).await;
        assert_eq!(answer.problem(), (404, "not-found".into()));
        assert_eq!(story.get(&format!("/api/v1/accounts/{mine}")).await.status, 200);
        story.portal.close().await;
    })
    .await;
}

fn without_instance(answer: &Answer) -> Value {
    let mut problem = answer.json();
    problem["instance"] = Value::Null;
    problem
}

#[tokio::test]
async fn a_stranger_is_asked_to_sign_in() {
    both(async |story| {
        let mut stranger = story.browser.another();
        for path in ["", "/due-periods", "/bills", "/payments"] {
            let answer = stranger.ask(Method::GET, &story.path(path), None).await;
            assert_eq!(answer.problem(), (401, "unauthenticated".into()), "{path}");
        }
        assert_eq!(stranger.ask(Method::GET, "/api/v1/portal", None).await.status, 200);
        story.portal.close().await;
    })
    .await;
}

#[tokio::test]
async fn ids_of_another_shape_are_not_there() {
    both(async |mut story| {
        let bill = story.account.bills[0].to_string();
        let long = "a".repeat(4_000);
        for id in ["1", "-1", "..%2F", "%00", &long, &bill.to_uppercase(), "acc_1", "%2e%2e"] {
            for kind in ["accounts", "bills", "payments"] {
                let answer = story.get(&format!("/api/v1/{kind}/{id}")).await;
                assert_eq!(answer.problem().0, 404, "{kind}/{}", &id[..id.len().min(30)]);
            }
        }
        // A good id of the wrong kind.
        assert_eq!(story.get(&format!("/api/v1/accounts/{bill}")).await.problem().0, 404);
        story.portal.close().await;
    })
    .await;
}

/// Bodies of a preview and of a payment, by what is wrong: the answer's status and code.
const WRONG_AMOUNTS: &[(&str, u16, &str)] = &[
    ("0", 422, "amount-too-small"),
    ("-1", 422, "amount-too-small"),
    ("49", 422, "amount-too-small"),
    ("21501", 422, "exceeds-due"),
    ("21480", 422, "remainder-too-small"),
    ("9223372036854775807", 422, "exceeds-due"),
    ("9223372036854775808", 422, "amount-invalid"),
    ("1.0", 422, "amount-invalid"),
    ("1e3", 422, "amount-invalid"),
    ("\"100\"", 422, "amount-invalid"),
    ("true", 422, "amount-invalid"),
    ("null", 422, "amount-invalid"),
    ("NaN", 400, "malformed-json"),
];

#[tokio::test]
async fn wrong_amounts_are_refused_by_preview_and_payment_alike() {
    both(async |mut story| {
        let fingerprint = "0".repeat(32);
        for (amount, status, code) in WRONG_AMOUNTS {
            let preview = format!(r#"{{"amount":{amount},"currency":"USD"}}"#);
            let answer = post(&story, "/allocation-previews", &preview).await;
            assert_eq!(answer.problem(), (*status, (*code).to_owned()), "preview of {amount}");
            assert_eq!(answer.json()["money_taken"], "no");
            if *status == 422 {
                assert_eq!(answer.json()["errors"][0]["pointer"], "#/amount", "{amount}");
            }
            let id = story.new_payment_id();
            let payment = format!(
                r#"{{"id":"{id}","amount":{amount},"currency":"USD","fingerprint":"{fingerprint}"}}"#
            );
            let answer = story.start(&["a-key"], &payment).await;
            assert_eq!(answer.problem(), (*status, (*code).to_owned()), "payment of {amount}");
        }
        story.nothing_was_stored().await;
        let still = story.get(&story.path("/due-periods")).await.json();
        assert_eq!(still["account"]["owed"], 21_500);
        story.portal.close().await;
    })
    .await;
}

async fn post(story: &Story, rest: &str, body: &str) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri(story.path(rest))
        .header("sec-fetch-site", "same-origin")
        .header("x-paydown", "1")
        .header("content-type", "application/json");
    story.browser.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

#[tokio::test]
async fn wrong_fields_are_named_and_never_echoed() {
    both(async |story| {
        let bill = story.account.bills[0];
        let twice = format!(
            r#"{{"amount":5000,"currency":"USD","direction":{{"bills":[
            {{"bill_id":"{bill}","amount":1000}},{{"bill_id":"{bill}","amount":1000}}]}}}}"#
        );
        let beyond = format!(
            r#"{{"amount":9000,"currency":"USD","direction":{{"bills":[
            {{"bill_id":"{bill}","amount":8001}}]}}}}"#
        );
        let unknown_bill = format!(
            r#"{{"amount":5000,"currency":"USD","direction":{{"bills":[
            {{"bill_id":"bill_{}","amount":1000}}]}}}}"#,
            "0".repeat(32)
        );
        let many = (0..101)
            .map(|n| format!(r#"{{"bill_id":"bill_{n:032x}","amount":1}}"#))
            .collect::<Vec<_>>()
            .join(",");
        let many =
            format!(r#"{{"amount":5000,"currency":"USD","direction":{{"bills":[{many}]}}}}"#);
        for (body, status, code) in [
            (r#"{"amount":5000,"currency":"eur"}"#, 422, "currency-invalid"),
            (r#"{"amount":5000,"currency":"XXX"}"#, 422, "currency-invalid"),
            (r#"{"amount":5000,"currency":"USD "}"#, 422, "currency-invalid"),
            (r#"{"amount":5000,"currency":"EUR"}"#, 422, "currency-mismatch"),
            (r#"{"amount":5000,"currency":"USD","is_admin":"canary-7"}"#, 422, "unknown-field"),
            (r#"{"amount":5000,"amount":1,"currency":"USD"}"#, 400, "malformed-json"),
            ("", 400, "malformed-json"),
            ("[]", 400, "malformed-json"),
            ("null", 400, "malformed-json"),
            (r#"{"amount":5000"#, 400, "malformed-json"),
            (r#"{"amount":5000,"currency":"USD"} x"#, 400, "malformed-json"),
            ("\u{feff}{\"amount\":5000,\"currency\":\"USD\"}", 400, "malformed-json"),
            (&twice, 422, "duplicate-bill"),
            (&beyond, 422, "exceeds-due"),
            (&unknown_bill, 409, "bill-not-payable"),
            (&many, 422, "too-many-bills"),
        ] {
            let answer = post(&story, "/allocation-previews", body).await;
            let (found_status, found_code) = answer.problem();
            assert_eq!((found_status, found_code.as_str()), (status, code), "{body:.90}");
            assert!(!answer.text().contains("canary-7"));
        }
        let deep = format!(r#"{{"amount":{}1{}}}"#, "[".repeat(40), "]".repeat(40));
        assert_eq!(post(&story, "/allocation-previews", &deep).await.status, 400);
        let large = format!(r#"{{"amount":5000,"currency":"{}"}}"#, "U".repeat(70_000));
        let answer = post(&story, "/allocation-previews", &large).await;
        assert_eq!(answer.problem(), (413, "payload-too-large".into()));
        story.nothing_was_stored().await;
        story.portal.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_idempotency_key_is_one_visible_word_and_means_one_request() {
    both(async |mut story| {
        let wish = story.wish(12_000).await;
        let body = wish.to_string();
        let long = "k".repeat(256);
        for (keys, code) in [
            (&[][..], "idempotency-key-missing"),
            (&[""][..], "idempotency-key-invalid"),
            (&["\"\""][..], "idempotency-key-invalid"),
            (&["two words"][..], "idempotency-key-invalid"),
            (&[long.as_str()][..], "idempotency-key-invalid"),
            (&["one", "two"][..], "idempotency-key-invalid"),
        ] {
            let answer = story.start(keys, &body).await;
            assert_eq!(answer.problem(), (400, code.to_owned()), "{keys:?}");
        }
        story.nothing_was_stored().await;
        assert_eq!(story.start(&["\"quoted\""], &body).await.status, 201);
        assert_eq!(story.start(&["quoted"], &body).await.status, 200);
        let other = body.replace("12000", "11000");
        let answer = story.start(&["quoted"], &other).await;
        assert_eq!(answer.problem(), (422, "idempotency-key-reused".into()));
        // The same payment under another key is not a second payment either.
        let answer = story.start(&["another"], &body).await;
        assert_eq!(answer.problem(), (422, "idempotency-key-reused".into()));
        assert_eq!(story.portal.count("payment").await, 1);
        story.portal.close().await;
    })
    .await;
}

#[tokio::test]
async fn pages_and_filters_are_read_strictly() {
    both(async |mut story| {
        for (query, status) in [
            ("limit=0", 422),
            ("limit=-1", 422),
            ("limit=1000000000", 422),
            ("limit=ten", 422),
            ("after=nonsense", 400),
            ("after=2026-11-22~bill_1", 400),
            ("status=everything", 422),
            ("limit=1&limit=2", 400),
            ("sort=amount;drop+table+bill", 422),
        ] {
            let path = story.path(&format!("/bills?{query}"));
            assert_eq!(story.get(&path).await.problem().0, status, "{query}");
        }
        let first = story.get(&story.path("/bills?status=all&limit=2")).await.json();
        assert_eq!(first["items"].as_array().unwrap().len(), 2);
        let next = first["next"].as_str().unwrap();
        let second =
            story.get(&story.path(&format!("/bills?status=all&limit=2&after={next}"))).await.json();
        assert_eq!(second["items"].as_array().unwrap().len(), 1);
        assert!(second["next"].is_null());
        story.portal.close().await;
    })
    .await;
}

#[tokio::test]
async fn requests_from_other_places_move_nothing() {
    both(async |mut story| {
        let body = story.wish(12_000).await.to_string();
        let place = |name: &'static str, value: &'static str| (name, value);
        for wrong in [
            place("sec-fetch-site", "cross-site"),
            place("sec-fetch-site", "same-site"),
            place("sec-fetch-site", "none"),
            place("origin", "null"),
            place("origin", "https://paydown.example.evil.example"),
            place("x-nothing", "at all"),
        ] {
            let request = Request::builder()
                .method(Method::POST)
                .uri(story.path("/payments"))
                .header("x-paydown", "1")
                .header("content-type", "application/json")
                .header("idempotency-key", "k")
                .header(wrong.0, wrong.1);
            let answer = story.browser.send(request.body(Body::from(body.clone())).unwrap()).await;
            assert_eq!(answer.problem(), (403, "csrf".into()), "{wrong:?}");
        }
        story.nothing_was_stored().await;
        story.portal.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_webhook_without_a_good_signature_is_turned_away() {
    both(async |story| {
        let event = r#"{"id":"evt_1","object":"event","type":"payment_intent.succeeded",
            "livemode":false,"created":1,"data":{"object":{"id":"pi_1","object":"payment_intent"}}}"#;
        for signature in [None, Some(""), Some("t=1,v1=00"), Some("v1=00"), Some("t=x,v1=zz")] {
            let mut request = Request::builder().method(Method::POST).uri("/webhooks/stripe");
            if let Some(signature) = signature {
                request = request.header("stripe-signature", signature);
            }
            let answer = story.browser.send(request.body(Body::from(event)).unwrap()).await;
            assert_eq!(answer.problem(), (400, "signature-invalid".into()), "{signature:?}");
        }
        assert_eq!(story.portal.count("gateway_event").await, 0);
        story.portal.close().await;
    })
    .await;
}

#[tokio::test]
async fn staff_routes_open_only_with_an_operators_key() {
    both(async |mut story| {
        let portal = story.portal.portal.clone();
        let (add, key) = AddOperator::new(
            "anna",
            StaffRoles::parse("clerk,approver").unwrap(),
            portal.chance.as_ref(),
            portal.now(),
        )
        .unwrap();
        portal.db.write(add).await.unwrap().unwrap();
        let path = story.path("/adjustments");
        let note = json!({
            "kind": "credit_note", "amount": 500, "currency": "USD", "reason": "wrong meter"
        });
        let ask = async |story: &Story, path: &str, key: Option<&str>, idempotency: bool| {
            let mut request = Request::builder().method(Method::POST).uri(path);
            request = request.header("content-type", "application/json");
            if let Some(key) = key {
                request = request.header("authorization", format!("Bearer {key}"));
            }
            if idempotency {
                request = request.header("idempotency-key", "k1");
            }
            let body = Body::from(note.to_string());
            story.browser.another().send(request.body(body).unwrap()).await
        };
        let almost = format!("{}x", &key[..key.len() - 1]);
        let longer = format!("{key}x");
        let neither = ask(&story, &path, None, true).await;
        assert_eq!(neither.problem(), (403, "csrf".into()));
        for wrong in [Some(""), Some("pdop_"), Some(almost.as_str()), Some(longer.as_str())] {
            let answer = ask(&story, &path, wrong, true).await;
            assert_eq!(answer.problem(), (401, "unauthenticated".into()), "{wrong:?}");
        }
        // A customer's session is no operator's key, and beside one neither counts.
        let mine = story.browser.ask(Method::POST, &path, Some(note.clone())).await;
        assert_eq!(mine.problem(), (403, "forbidden".into()));
        let mut request = Request::builder().method(Method::POST).uri(&path);
        for (name, value) in [("content-type", "application/json"), ("idempotency-key", "k1")] {
            request = request.header(name, value);
        }
        let request = request.header("authorization", format!("Bearer {key}"));
        let request = request.body(Body::from(note.to_string())).unwrap();
        assert_eq!(story.browser.send(request).await.problem(), (400, "two-proofs".into()));

        let without = ask(&story, &path, Some(&key), false).await;
        assert_eq!(without.problem(), (400, "idempotency-key-missing".into()));
        let dry = ask(&story, &format!("{path}?dry_run=true"), Some(&key), false).await;
        assert_eq!((dry.status.as_u16(), dry.json()["dry_run"].as_bool()), (200, Some(true)));
        assert_eq!(story.portal.count("adjustment").await, 0);
        let done = ask(&story, &path, Some(&key), true).await;
        assert_eq!((done.status.as_u16(), done.json()["state"].as_str()), (200, Some("posted")));

        let now = portal.now();
        portal.db.write(EndOperator { name: "anna".into(), now }).await.unwrap().unwrap();
        let ended = ask(&story, &path, Some(&key), true).await;
        assert_eq!(ended.problem(), (401, "unauthenticated".into()));
        story.portal.close().await;
    })
    .await;
}
