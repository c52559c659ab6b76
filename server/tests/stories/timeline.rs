//! Stories of an account's timeline: everything that happened on it, newest first, with who did it
//! and why. The whole service, both databases.

use crate::support::people::Person;
use crate::support::{On, TestAccount, TestPortal};
use axum::http::Method;
use receivables::ids::PaymentId;
use serde_json::{Value, json};
use server::gateway::sandbox::TestCard;
use server::outbox;

async fn paid(portal: &TestPortal, account: &TestAccount, amount: i64) -> PaymentId {
    let started = portal.started(account, amount).await;
    portal.choose(&started, TestCard::Success).await;
    portal.news_arrives().await;
    started.payment.id
}

async fn done(person: &Person, path: &str, body: &Value) -> Value {
    let answer = person.ask(&Method::POST, path, Some(body)).await;
    assert!(answer.status.is_success(), "{path}: {answer:?}");
    answer.json()
}

/// The rows of all pages of so many rows, newest first.
async fn rows(person: &Person, account: &TestAccount, limit: usize) -> Vec<Value> {
    let mut rows: Vec<Value> = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/api/v1/accounts/{}/timeline?limit={limit}{after}", account.id);
        let answer = person.ask(&Method::GET, &path, None).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let page = answer.json();
        assert!(page["items"].as_array().unwrap().len() <= limit);
        rows.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return rows,
        }
    }
}

fn kinds(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["kind"].as_str().unwrap()).collect()
}

fn row<'r>(rows: &'r [Value], kind: &str) -> &'r Value {
    rows.iter().find(|row| row["kind"] == kind).unwrap_or_else(|| panic!("no {kind}: {rows:?}"))
}

/// A payment moved, given up, paid back in part; somebody asked in, somebody sent away.
async fn a_busy_week(portal: &TestPortal, account: &TestAccount) -> (Person, PaymentId) {
    let carl = Person::operator(portal, "carl", "clerk").await;
    let anna = Person::operator(portal, "anna", "approver").await;
    portal.clock.pass_seconds(60);
    let payment = paid(portal, account, 9_000).await;
    outbox::deliver_due(&portal.portal).await.unwrap();
    portal.clock.pass_seconds(60);
    let bill = account.bills[0];
    let path = format!("/api/v1/payments/{payment}/unapplications");
    done(&carl, &path, &json!({ "bills": [{ "bill_id": bill, "amount": 500 }] })).await;
    portal.clock.pass_seconds(60);
    let wish = json!({ "kind": "write_off", "bill_id": account.bills[1], "amount": 200,
        "currency": "USD", "reason": "the meter was read wrong" });
    let path = format!("/api/v1/accounts/{}/adjustments", account.id);
    let proposed = done(&carl, &path, &wish).await;
    portal.clock.pass_seconds(60);
    let adjustment = proposed["id"].as_str().unwrap();
    done(&anna, &format!("/api/v1/adjustments/{adjustment}/approval"), &json!({})).await;
    portal.clock.pass_seconds(60);
    let wish = json!({ "amount": 300, "currency": "USD", "reason": "paid twice" });
    done(&anna, &format!("/api/v1/payments/{payment}/refunds"), &wish).await;
    portal.clock.pass_seconds(60);
    let wish = json!({ "email": "ada@mail.example", "name": "Ada", "role": "viewer",
        "accounts": [account.id] });
    done(&carl, "/api/v1/invitations", &wish).await;
    portal.clock.pass_seconds(60);
    let path = format!("/api/v1/accounts/{}/people/{}", account.id, account.customer_id);
    assert_eq!(carl.ask(&Method::DELETE, &path, None).await.status, 204);
    (carl, payment)
}

stories! {
    async fn what_happened_on_an_account_is_told_with_who_and_why(portal: TestPortal) {
        let account = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
        let others = portal.account(&[("2026-09-15", 100)]).await;
        paid(portal, &others, 100).await;
        let (carl, payment) = a_busy_week(portal, &account).await;
        let told = rows(&carl, &account, 200).await;
        let staff = |name: &str| json!({ "kind": "staff", "name": name });
        let first = ["access_taken_back", "person_invited"];
        assert_eq!(kinds(&told)[..2], first);
        for (kind, who) in [
            ("access_taken_back", staff("carl")),
            ("person_invited", staff("carl")),
            ("refund_requested", staff("anna")),
            ("write_off_approved", staff("anna")),
            ("write_off_proposed", staff("carl")),
            ("payment_moved", staff("carl")),
            ("bill_issued", json!({ "kind": "portal" })),
        ] {
            assert_eq!(row(&told, kind)["who"], who, "{kind}");
        }
        let of_payment = row(&told, "payment_received");
        assert_eq!(of_payment["who"]["kind"], "customer");
        assert_eq!(of_payment["amount"], 9_000);
        assert_eq!(of_payment["payment_id"], payment.to_string());
        assert_eq!(of_payment["tender"], "card");
        assert!(of_payment["receipt_number"].is_string());
        let settled: Vec<_> = of_payment["bills"].as_array().unwrap().iter()
            .map(|bill| (bill["bill_id"].as_str().unwrap().to_owned(), bill["amount"].clone()))
            .collect();
        let expected = [(0, 8_000), (1, 1_000)].map(|(n, amount): (usize, i64)| {
            (account.bills[n].to_string(), json!(amount))
        });
        assert_eq!(settled, expected);
        assert_eq!(row(&told, "payment_moved")["bills"][0]["amount"], -500);
        assert_eq!(row(&told, "write_off_proposed")["why"], "the meter was read wrong");
        assert_eq!(row(&told, "write_off_proposed")["amount"], 200);
        let number = row(&told, "write_off_proposed")["bills"][0]["number"].clone();
        assert!(number.is_string());
        assert_eq!(row(&told, "refund_requested")["why"], "paid twice");
        assert_eq!(row(&told, "person_invited")["person"], "Ada");
        assert_eq!(row(&told, "letter_sent")["who"]["kind"], "portal");
        assert_eq!(row(&told, "payment_started")["who"]["kind"], "customer");
        let issued = told.iter().filter(|row| row["kind"] == "bill_issued").count();
        assert_eq!(issued, 2, "nothing of another account: {told:?}");
    }

    async fn pages_of_any_size_tell_the_same_once_each(portal: TestPortal) {
        let account = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
        let carl = Person::operator(portal, "carl", "clerk").await;
        // All in one moment, so that the tables' orders meet.
        for amount in [900, 1_000, 1_100] {
            paid(portal, &account, amount).await;
        }
        portal.clock.pass_seconds(1);
        portal.started(&account, 600).await;
        let all = rows(&carl, &account, 200).await;
        assert!(all.len() > 3 + 3 + 2, "{all:?}");
        let times: Vec<&str> = all.iter().map(|row| row["at"].as_str().unwrap()).collect();
        assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
        for limit in [1, 2, 3, 5] {
            assert_eq!(rows(&carl, &account, limit).await, all, "pages of {limit}");
        }
    }

    async fn a_dispute_is_told_from_its_beginning_to_its_end(portal: TestPortal) {
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        let payment = paid(portal, &account, 8_000).await;
        let intent = portal.payment(payment).await.gateway_ref.unwrap();
        let dispute = portal.post_to_sandbox("/sandbox/disputes", json!({ "intent": intent })).await;
        portal.news_arrives().await;
        let dispute = format!("/sandbox/disputes/{}", dispute["id"].as_str().unwrap());
        for step in ["withdraw", "win"] {
            portal.clock.pass_seconds(60);
            portal.post_to_sandbox(&dispute, json!({ "step": step })).await;
            portal.news_arrives().await;
        }
        let carl = Person::operator(portal, "carl", "clerk").await;
        let told = rows(&carl, &account, 50).await;
        let of_dispute: Vec<_> =
            kinds(&told).into_iter().filter(|kind| kind.starts_with("dispute")).collect();
        let expected = ["dispute_reinstated", "dispute_won", "dispute_withdrawn", "dispute_opened"];
        assert_eq!(of_dispute, expected);
        for kind in expected {
            let row = row(&told, kind);
            assert_eq!(row["who"], json!({ "kind": "gateway" }), "{kind}");
            assert!(row["why"].is_string(), "{kind}: the bank's word");
            assert_eq!(row["payment_id"], payment.to_string(), "{kind}");
            assert_eq!(row["amount"], 8_000, "{kind}");
        }
    }

    async fn staff_and_programs_that_read_accounts_read_it_and_nobody_else(portal: TestPortal) {
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        let path = format!("/api/v1/accounts/{}/timeline", account.id);
        for role in ["clerk", "approver", "auditor"] {
            let person = Person::operator(portal, role, role).await;
            assert_eq!(person.ask(&Method::GET, &path, None).await.status, 200, "{role}");
        }
        let reader = Person::client(portal, "reader", "accounts:read").await;
        assert_eq!(reader.ask(&Method::GET, &path, None).await.status, 200);
        let payer = Person::customer(portal, &account).await;
        let other = Person::client(portal, "other", "payments:read").await;
        for person in [payer, other] {
            let answer = person.ask(&Method::GET, &path, None).await;
            assert_eq!(answer.problem(), (403, "forbidden".into()));
        }
        let answer = Person::nobody(portal).ask(&Method::GET, &path, None).await;
        assert_eq!(answer.problem(), (401, "unauthenticated".into()));
        for (asked, code) in [
            ("?limit=0", (422, "page-invalid")),
            ("?after=yesterday", (400, "cursor-invalid")),
            ("?order=oldest", (422, "filter-invalid")),
        ] {
            let answer = reader.ask(&Method::GET, &format!("{path}{asked}"), None).await;
            assert_eq!(answer.problem(), (code.0, code.1.into()), "{asked}");
        }
    }
}
