//! Stories of money that staff record: cash, cheques, transfers. The whole service, both
//! databases; every story ends with every invariant of the book asked.

use crate::support::people::Person;
use crate::support::{On, TestAccount, TestPortal};
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use server::outbox;

use crate::support::browser::{Answer, mails};

struct Desk<'p> {
    portal: &'p TestPortal,
    account: TestAccount,
    carl: Person,
    anna: Person,
}

impl<'p> Desk<'p> {
    /// A clerk, an approver, and an account of two bills.
    async fn open(portal: &'p TestPortal) -> Self {
        Self {
            portal,
            account: portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await,
            carl: Person::operator(portal, "carl", "clerk").await,
            anna: Person::operator(portal, "anna", "approver").await,
        }
    }

    fn path(&self) -> String {
        format!("/api/v1/accounts/{}/external-payments", self.account.id)
    }

    async fn looked(&self, wish: &Value) -> Value {
        let path = format!("{}?dry_run=true", self.path());
        let answer = self.carl.ask(&Method::POST, &path, Some(wish)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    async fn recorded(&self, key: &str, wish: &Value) -> Answer {
        let request = Request::post(self.path())
            .header("idempotency-key", key)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", self.carl.key.as_deref().unwrap()));
        self.carl.browser.send(request.body(Body::from(wish.to_string())).unwrap()).await
    }

    async fn decided(&self, who: &Person, of: &Value, decision: &str) -> Answer {
        let id = of["id"].as_str().unwrap();
        let path = format!("/api/v1/external-payments/{id}/{decision}");
        who.ask(&Method::POST, &path, Some(&json!({}))).await
    }

    async fn left(&self) -> Vec<i64> {
        self.portal.left(&self.account).await
    }
}

fn cheque(amount: i64, reference: &str) -> Value {
    json!({
        "amount": amount, "currency": "USD", "received_on": "2026-11-20", "tender": "cheque",
        "reference": reference,
    })
}

fn with(mut wish: Value, more: Value) -> Value {
    let more = more.as_object().unwrap().clone();
    wish.as_object_mut().unwrap().extend(more);
    wish
}

/// A portal whose clerks decide on 100.00 alone.
async fn generous(on: On) -> Option<TestPortal> {
    TestPortal::open_with(on, &[("staff.clerks_limit", "10000")]).await
}

async fn a_cheque_is_previewed_and_posted_as_previewed(on: On) {
    let Some(portal) = generous(on).await else { return };
    let desk = Desk::open(&portal).await;
    let wish = cheque(9_000, "1001");
    let would = desk.looked(&wish).await;
    assert_eq!((&would["dry_run"], &would["id"]), (&json!(true), &Value::Null));
    assert_eq!(would["state"], "posted");
    assert_eq!(desk.left().await, [8_000, 7_500], "a look changes nothing");
    let lines = would["preview"]["lines"].as_array().unwrap();
    let settles: Vec<_> = lines.iter().map(|line| (&line["before"], &line["after"])).collect();
    assert_eq!(settles, [(&json!(8_000), &json!(0)), (&json!(7_500), &json!(6_500))]);

    let fingerprint = would["preview"]["fingerprint"].clone();
    let wish = with(
        wish,
        json!({ "fingerprint": fingerprint, "mail_receipt": true,
        "payer_name": "Walter", "fee": 25, "note": "left at the counter" }),
    );
    let done = desk.recorded("k1", &wish).await;
    assert_eq!(done.status, 200, "{done:?}");
    let done = done.json();
    assert_eq!(done["preview"]["lines"], would["preview"]["lines"]);
    assert_eq!(desk.left().await, [0, 6_500]);
    for (field, value) in [
        ("state", json!("posted")),
        ("recorded_by", json!("carl")),
        ("fee", json!(25)),
        ("payer_name", json!("Walter")),
        ("note", json!("left at the counter")),
    ] {
        assert_eq!(done[field], value, "{field}");
    }
    // The same key again is the same payment; another request under it is refused.
    let again = desk.recorded("k1", &wish).await.json();
    assert_eq!((&again["id"], &again["receipt_number"]), (&done["id"], &done["receipt_number"]));
    let other = desk.recorded("k1", &cheque(1, "1002")).await;
    assert_eq!(other.problem(), (422, "idempotency-key-reused".into()));
    assert_eq!(desk.left().await, [0, 6_500]);

    let payment = format!("/api/v1/payments/{}", done["id"].as_str().unwrap());
    let payment = desk.carl.ask(&Method::GET, &payment, None).await.json();
    assert_eq!((&payment["tender"], &payment["received"]), (&json!("cheque"), &json!(9_000)));
    assert_eq!(payment["receipt_number"], done["receipt_number"]);
    outbox::deliver_due(&portal.portal).await.unwrap();
    let number = done["receipt_number"].as_str().unwrap();
    assert_eq!(mails(&portal.portal).iter().filter(|mail| mail.text.contains(number)).count(), 1);
    let told = format!("/api/v1/accounts/{}/timeline", desk.account.id);
    let told = desk.carl.ask(&Method::GET, &told, None).await.json();
    let row = told["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["kind"] == "external_payment_recorded")
        .unwrap()
        .clone();
    assert_eq!(row["who"], json!({ "kind": "staff", "name": "carl" }));
    assert_eq!((&row["why"], &row["on"]), (&json!("left at the counter"), &json!("2026-11-20")));
    portal.the_book_is_exact().await;
    portal.close().await;
}

async fn what_looks_like_an_earlier_payment_needs_a_reason_that_is_kept(on: On) {
    let Some(portal) = generous(on).await else { return };
    let desk = Desk::open(&portal).await;
    let first = desk.recorded("k1", &cheque(2_000, "No. 10-01")).await.json();
    let again = with(cheque(2_000, "no 1001"), json!({ "received_on": "2026-11-13" }));
    let would = desk.looked(&again).await;
    assert_eq!(would["likely_duplicate"]["payment_id"], first["id"]);
    assert_eq!(would["likely_duplicate"]["recorded_by"], "carl");
    let refused = desk.recorded("k2", &again).await;
    assert_eq!(refused.problem(), (409, "likely-duplicate".into()));
    assert_eq!(refused.json()["payment_id"], first["id"]);
    assert_eq!(desk.left().await, [6_000, 7_500]);

    // Another amount, another reference, a week and a day: another payment.
    for (key, other) in [
        ("k3", cheque(100, "no 1001")),
        ("k4", cheque(2_000, "1002")),
        ("k5", with(cheque(2_000, "no 1001"), json!({ "received_on": "2026-11-12" }))),
    ] {
        let done = desk.recorded(key, &other).await;
        assert_eq!(done.status, 200, "{key}: {done:?}");
        assert_eq!(done.json()["duplicate_of"], Value::Null, "{key}");
    }
    let why = json!({ "duplicate_reason": "two cheques of one book" });
    let done = desk.recorded("k6", &with(again, why)).await;
    assert_eq!(done.status, 200, "{done:?}");
    let list = desk.anna.ask(&Method::GET, &desk.path(), None).await.json();
    let newest = &list["items"][0];
    assert_eq!(newest["duplicate_reason"], "two cheques of one book");
    assert!(newest["duplicate_of"].is_string());
    portal.the_book_is_exact().await;
    portal.close().await;
}

stories! {
    async fn above_the_limit_another_member_of_staff_posts_it(portal: TestPortal) {
        let desk = Desk::open(portal).await;
        let waits = desk.recorded("k1", &cheque(9_000, "1001")).await.json();
        assert_eq!((&waits["state"], &waits["receipt_number"]), (&json!("proposed"), &Value::Null));
        assert_eq!(desk.left().await, [8_000, 7_500], "nothing is posted yet");
        assert_eq!(portal.open_work("approval_waits").await, 1);
        let twice = desk.recorded("k2", &cheque(9_000, "1001")).await;
        assert_eq!(twice.problem(), (409, "likely-duplicate".into()));

        let by_clerk = desk.decided(&desk.carl, &waits, "approval").await;
        assert_eq!(by_clerk.status, 403);
        let auditor = Person::operator(portal, "ida", "auditor").await;
        assert_eq!(desk.decided(&auditor, &waits, "approval").await.status, 403);
        // Between the two, a new bill came; what is there is split by what is open now.
        portal.bill(desk.account.id, "2026-08-15", 500).await;
        let done = desk.decided(&desk.anna, &waits, "approval").await;
        assert_eq!(done.status, 200, "{done:?}");
        assert_eq!((&done.json()["state"], &done.json()["decided_by"]), (&json!("posted"), &json!("anna")));
        assert_eq!(desk.left().await, [0, 7_000]);
        assert_eq!(portal.open_work("approval_waits").await, 0);
        let again = desk.decided(&desk.anna, &waits, "approval").await.json();
        assert_eq!(again["id"], waits["id"]);
        let late = desk.decided(&desk.anna, &waits, "refusal").await;
        assert_eq!(late.problem(), (409, "invalid-state".into()));
    }

    async fn what_is_declined_is_never_posted(portal: TestPortal) {
        let desk = Desk::open(portal).await;
        let own = Person::operator(portal, "otto", "clerk,approver").await;
        let path = desk.path();
        let waits = own.ask(&Method::POST, &path, Some(&cheque(900, "7"))).await.json();
        let by_self = desk.decided(&own, &waits, "approval").await;
        assert_eq!(by_self.problem(), (403, "own-proposal".into()));
        assert_eq!(desk.decided(&own, &waits, "refusal").await.json()["state"], "declined");
        assert_eq!(desk.left().await, [8_000, 7_500]);
        assert_eq!(portal.open_work("approval_waits").await, 0);
        let late = desk.decided(&desk.anna, &waits, "approval").await;
        assert_eq!(late.problem(), (409, "invalid-state".into()));
        assert_eq!(portal.count("payment").await, 0);
    }

    async fn the_payers_own_words_are_followed_and_the_rest_stays_where_they_said(portal: TestPortal) {
        let desk = Desk::open(portal).await;
        let october = desk.account.bills[1];
        let direction = json!({ "bills": [{ "bill_id": october, "amount": 7_500 }],
            "rest": "stays_on_account" });
        let wish = with(cheque(8_000, "1001"), json!({ "direction": direction }));
        let would = desk.looked(&wish).await;
        assert_eq!(would["preview"]["credit_added"], 500);
        let waits = desk.recorded("k1", &wish).await.json();
        desk.decided(&desk.anna, &waits, "approval").await;
        assert_eq!(desk.left().await, [8_000, 0]);
        assert_eq!(portal.view(&desk.account).await.credit.get(), 500);
    }

    async fn what_cannot_be_recorded_is_refused_with_its_field(portal: TestPortal) {
        let desk = Desk::open(portal).await;
        let long = "x".repeat(101);
        for (more, status, code, pointer) in [
            (json!({ "amount": 0 }), 422, "amount-invalid", "#/amount"),
            (json!({ "received_on": "2026-11-23" }), 422, "date-in-future", "#/received_on"),
            (json!({ "tender": "card" }), 422, "field-invalid", "#/tender"),
            (json!({ "fee": 2_000 }), 422, "amount-invalid", "#/fee"),
            (json!({ "reference": long }), 422, "text-invalid", "#/reference"),
            (json!({ "note": "two\nlines" }), 422, "text-invalid", "#/note"),
            (json!({ "currency": "EUR" }), 422, "currency-mismatch", "#/currency"),
            (json!({ "fingerprint": "0".repeat(32) }), 409, "allocation-changed", ""),
        ] {
            let answer = desk.recorded("k", &with(cheque(2_000, "1"), more.clone())).await;
            assert_eq!(answer.problem(), (status, code.into()), "{more}");
            if !pointer.is_empty() {
                assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{more}");
            }
        }
        let payer = Person::customer(portal, &desk.account).await;
        let answer = payer.ask(&Method::POST, &desk.path(), Some(&cheque(1, "1"))).await;
        assert_eq!(answer.problem(), (403, "forbidden".into()));
        assert_eq!(portal.count("external_payment").await, 0);
    }

    async fn a_receipt_is_mailed_only_where_somebody_can_read_it(portal: TestPortal) {
        let desk = Desk::open(portal).await;
        let path = format!("/api/v1/accounts/{}/people/{}", desk.account.id, desk.account.customer_id);
        assert_eq!(desk.carl.ask(&Method::DELETE, &path, None).await.status, 204);
        let wish = with(cheque(2_000, "1"), json!({ "mail_receipt": true }));
        assert_eq!(desk.looked(&wish).await["can_mail"], false);
        let refused = desk.recorded("k", &wish).await;
        assert_eq!(refused.problem(), (422, "no-address".into()));
        assert_eq!(desk.recorded("k", &cheque(2_000, "1")).await.status, 200);
    }
}

#[tokio::test]
async fn a_cheque_is_previewed_and_posted_as_previewed_on_sqlite() {
    a_cheque_is_previewed_and_posted_as_previewed(On::Sqlite).await;
}

#[tokio::test]
async fn a_cheque_is_previewed_and_posted_as_previewed_on_postgres() {
    a_cheque_is_previewed_and_posted_as_previewed(On::Postgres).await;
}

#[tokio::test]
async fn what_looks_like_an_earlier_payment_needs_a_reason_that_is_kept_on_sqlite() {
    what_looks_like_an_earlier_payment_needs_a_reason_that_is_kept(On::Sqlite).await;
}

#[tokio::test]
async fn what_looks_like_an_earlier_payment_needs_a_reason_that_is_kept_on_postgres() {
    what_looks_like_an_earlier_payment_needs_a_reason_that_is_kept(On::Postgres).await;
}
