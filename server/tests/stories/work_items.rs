//! Stories of the work list as staff read it and end its matters by API. The whole service, both
//! databases.

use crate::support::people::Person;
use crate::support::{On, TestPortal};
use axum::http::Method;
use receivables::money::Currency;
use serde_json::{Value, json};
use server::gateway::sandbox::TestCard;

async fn list(person: &Person, asked: &str) -> Value {
    let answer = person.ask(&Method::GET, &format!("/api/v1/work-items{asked}"), None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

async fn done(person: &Person, id: &Value, note: &str) -> (u16, Value) {
    let path = format!("/api/v1/work-items/{}/done", id.as_str().unwrap());
    let answer = person.ask(&Method::POST, &path, Some(&json!({ "note": note }))).await;
    (answer.status.as_u16(), answer.json())
}

stories! {
    async fn each_matter_says_what_it_is_about_and_the_one_thing_to_do(portal: TestPortal) {
        let account = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
        let carl = Person::operator(portal, "carl", "clerk").await;
        assert_eq!(list(&carl, "").await, json!({ "items": [], "next": null, "counts": [] }));
        let started = portal.started(&account, 8_000).await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        let payment = started.payment.id;
        let intent = portal.payment(payment).await.gateway_ref.unwrap();
        portal.clock.pass_seconds(60);
        portal.post_to_sandbox("/sandbox/disputes", json!({ "intent": intent })).await;
        portal.news_arrives().await;
        portal.clock.pass_seconds(60);
        portal.pay_by_link((500, "usd"), None, TestCard::Success).await;
        portal.news_arrives().await;
        portal.clock.pass_seconds(60);
        let write_off = json!({ "kind": "write_off", "bill_id": account.bills[1], "amount": 100,
            "currency": "USD", "reason": "given up" });
        let path = format!("/api/v1/accounts/{}/adjustments", account.id);
        let proposed = carl.ask(&Method::POST, &path, Some(&write_off)).await.json();

        let all = list(&carl, "").await;
        let told: Vec<_> = all["items"].as_array().unwrap().iter()
            .map(|row| json!([row["kind"], row["action"], row["payment_id"], row["adjustment_id"]]))
            .collect();
        assert_eq!(told, [
            json!(["disputed", "answer_dispute", payment, null]),
            json!(["unmatched_money", "match", null, null]),
            json!(["approval_waits", "decide", null, proposed["id"]]),
        ]);
        assert_eq!(all["items"][0]["account_id"], account.id.to_string());
        assert!(all["items"][0]["account_number"].is_string());
        let counts = ["approval_waits", "disputed", "unmatched_money"];
        assert_eq!(all["counts"], json!(counts.map(|kind| json!({ "kind": kind, "open": 1 }))));
        let only = list(&carl, "?kind=unmatched_money").await;
        assert_eq!(only["items"], json!([all["items"][1]]));
        let first = list(&carl, "?limit=2").await;
        let rest = list(&carl, &format!("?after={}", first["next"].as_str().unwrap())).await;
        assert_eq!((&rest["items"], &rest["next"]), (&json!([all["items"][2]]), &Value::Null));
    }

    async fn who_settled_a_matter_takes_it_off_with_a_note(portal: TestPortal) {
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        let carl = Person::operator(portal, "carl", "clerk").await;
        portal.pay_by_link((500, "usd"), None, TestCard::Success).await;
        portal.news_arrives().await;
        let item = list(&carl, "").await["items"][0].clone();
        let auditor = Person::operator(portal, "ida", "auditor").await;
        assert_eq!(list(&auditor, "").await["items"][0], item);
        assert_eq!(done(&auditor, &item["id"], "seen").await.0, 403);
        let payer = Person::customer(portal, &account).await;
        let answer = payer.ask(&Method::GET, "/api/v1/work-items", None).await;
        assert_eq!(answer.problem(), (403, "forbidden".into()));
        assert_eq!(done(&carl, &item["id"], " ").await.1["code"], "text-invalid");
        let (status, ended) = done(&carl, &item["id"], "given back by the bank").await;
        assert_eq!((status, &ended["done_by"]), (200, &json!("carl")));
        assert_eq!(list(&carl, "").await["items"], json!([]));
        assert_eq!(done(&carl, &item["id"], "again").await.1["code"], "invalid-state");
        let none = json!(format!("work_{}", "0".repeat(32)));
        assert_eq!(done(&carl, &none, "what").await.1["code"], "not-found");
        let by = "select actor from audit_act where kind = 'work_item_done'";
        let by: String = sqlx::query_scalar(by).fetch_one(portal.portal.db.read()).await.unwrap();
        assert_eq!(by, "carl");
    }

    async fn unmatched_money_is_posted_where_staff_say_it_belongs(portal: TestPortal) {
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        let yen = portal.account_in(Currency::JPY, &[("2026-09-15", 8_000)]).await;
        let carl = Person::operator(portal, "carl", "clerk").await;
        portal.pay_by_link((500, "usd"), None, TestCard::Success).await;
        portal.news_arrives().await;
        let item = list(&carl, "").await["items"][0].clone();
        let path = format!("/api/v1/external-money/{}/match", item["thing_id"].as_str().unwrap());
        let matched = async |of: Value| {
            let answer = carl.ask(&Method::POST, &path, Some(&json!({ "account": of }))).await;
            (answer.status.as_u16(), answer.json())
        };
        for (of, code) in [(json!("nobody"), "account-unknown"), (json!(yen.id), "invalid-state")] {
            assert_eq!(matched(of.clone()).await.1["code"], code, "{of}");
        }
        let (status, done) = matched(json!(account.id)).await;
        assert_eq!(status, 200, "{done}");
        assert_eq!(portal.left(&account).await, [7_500]);
        assert_eq!(list(&carl, "").await["items"], json!([]));
        assert_eq!(matched(json!(account.id)).await.1["code"], "invalid-state");
        let told = format!("/api/v1/accounts/{}/timeline", account.id);
        let told = carl.ask(&Method::GET, &told, None).await.json();
        let rows = told["items"].as_array().unwrap();
        let row = rows.iter().find(|row| row["kind"] == "payment_received").unwrap();
        assert_eq!(row["payment_id"], done["payment_id"]);
        assert_eq!(row["who"], json!({ "kind": "staff", "name": "carl" }));
    }

    async fn what_waits_for_approval_leaves_the_list_by_the_decision_alone(portal: TestPortal) {
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        let carl = Person::operator(portal, "carl", "clerk").await;
        let anna = Person::operator(portal, "anna", "approver").await;
        let cheque = json!({ "amount": 500, "currency": "USD", "received_on": "2026-11-20",
            "tender": "cheque" });
        let path = format!("/api/v1/accounts/{}/external-payments", account.id);
        let waits = carl.ask(&Method::POST, &path, Some(&cheque)).await.json();
        let item = list(&anna, "?kind=approval_waits").await["items"][0].clone();
        assert_eq!(item["payment_id"], waits["id"]);
        assert_eq!(done(&anna, &item["id"], "later").await.1["code"], "invalid-state");
        let path = format!("/api/v1/external-payments/{}/approval", waits["id"].as_str().unwrap());
        assert_eq!(anna.ask(&Method::POST, &path, Some(&json!({}))).await.status, 200);
        assert_eq!(list(&anna, "").await["items"], json!([]));
    }
}
