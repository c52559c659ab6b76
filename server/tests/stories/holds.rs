//! Stories of bills on hold: staff put them there with a reason the customer reads, and release
//! them. The whole service, both databases.

use crate::support::people::Person;
use crate::support::{On, TestAccount, TestPortal};
use axum::http::Method;
use receivables::ids::BillId;
use serde_json::{Value, json};
use server::gateway::sandbox::TestCard;

async fn asked(person: &Person, bill: BillId, what: &str, body: Value) -> (u16, Value) {
    let path = format!("/api/v1/bills/{bill}/{what}");
    let answer = person.ask(&Method::POST, &path, Some(&body)).await;
    (answer.status.as_u16(), answer.json())
}

/// What the customer is shown of the bill: its standing, the reason, and the account's sums.
async fn shown(payer: &Person, account: &TestAccount, bill: BillId) -> (Value, Value, Value) {
    let path = format!("/api/v1/accounts/{}/due-periods", account.id);
    let current = payer.ask(&Method::GET, &path, None).await.json();
    let of_bill = |due: &&Value| due["item"]["bill_id"] == bill.to_string();
    let due = current["due_periods"].as_array().unwrap().iter().find(of_bill).unwrap().clone();
    let account = &current["account"];
    let sums = json!([account["owed"], account["past_due"], account["on_hold"]]);
    (due["item"]["standing"].clone(), due["hold_reason"].clone(), sums)
}

stories! {
    async fn a_bill_on_hold_is_not_asked_for_and_says_why(portal: TestPortal) {
        let account = portal.account(&[("2026-09-15", 8_000), ("2026-12-15", 7_500)]).await;
        let carl = Person::operator(portal, "carl", "clerk").await;
        let payer = Person::customer(portal, &account).await;
        let bill = account.bills[0];
        let why = json!({ "reason": "We are reading the meter again" });
        let (status, would) = asked(&carl, bill, "hold?dry_run=true", why.clone()).await;
        assert_eq!(status, 200, "{would}");
        let sums = |of: &Value, when: &str| {
            json!(["owed", "past_due", "on_hold"].map(|sum| of[format!("{sum}_{when}")].clone()))
        };
        assert_eq!(sums(&would, "before"), json!([15_500, 8_000, 0]));
        assert_eq!(sums(&would, "after"), json!([7_500, 0, 8_000]));
        let before = (json!("issued"), Value::Null, sums(&would, "before"));
        assert_eq!(shown(&payer, &account, bill).await, before, "a dry run changes nothing");

        portal.clock.pass_seconds(60);
        let (status, done) = asked(&carl, bill, "hold", why.clone()).await;
        assert_eq!((status, &done["dry_run"]), (200, &json!(false)), "{done}");
        let held = (json!("in_dispute"), why["reason"].clone(), sums(&would, "after"));
        assert_eq!(shown(&payer, &account, bill).await, held);
        let preview = portal.preview(&account, 7_500).await;
        assert!(preview.lines.iter().all(|line| line.bill_id != bill), "it takes no money");
        // Once more by the same clerk is the same act; by another, or otherwise, it is late.
        assert_eq!(asked(&carl, bill, "hold", why.clone()).await.0, 200);
        let (status, late) = asked(&carl, bill, "hold", json!({ "reason": "other" })).await;
        assert_eq!((status, &late["code"]), (409, &json!("invalid-state")));

        portal.clock.pass_seconds(60);
        let anna = Person::operator(portal, "anna", "approver").await;
        let (status, done) =
            asked(&anna, bill, "release", json!({ "reason": "the meter was right" })).await;
        assert_eq!(status, 200, "{done}");
        assert_eq!(shown(&payer, &account, bill).await, before);
        let told = format!("/api/v1/accounts/{}/timeline", account.id);
        let told = carl.ask(&Method::GET, &told, None).await.json();
        let told: Vec<_> = told["items"].as_array().unwrap()[..2].iter()
            .map(|row| json!([row["kind"], row["who"]["name"], row["why"]]))
            .collect();
        assert_eq!(told, [
            json!(["bill_released", "anna", "the meter was right"]),
            json!(["bill_held", "carl", why["reason"]]),
        ]);
    }

    async fn what_is_paid_or_not_on_hold_and_what_others_ask_is_refused(portal: TestPortal) {
        let account = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
        let started = portal.started(&account, 8_000).await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        let carl = Person::operator(portal, "carl", "clerk").await;
        let why = json!({ "reason": "we look at it" });
        for (bill, what, body, code) in [
            (account.bills[0], "hold", why.clone(), (409, "invalid-state")),
            (account.bills[1], "release", json!({}), (409, "invalid-state")),
            (account.bills[1], "hold", json!({ "reason": " " }), (422, "text-invalid")),
            (account.bills[1], "hold", json!({ "reason": "x".repeat(201) }), (422, "text-invalid")),
            (BillId::from_parts(1, &[0; 10]), "hold", why.clone(), (404, "not-found")),
        ] {
            let (status, problem) = asked(&carl, bill, what, body).await;
            assert_eq!((status, &problem["code"]), (code.0, &json!(code.1)), "{what} {bill}");
        }
        let payer = Person::customer(portal, &account).await;
        let auditor = Person::operator(portal, "ida", "auditor").await;
        for person in [payer, auditor] {
            assert_eq!(asked(&person, account.bills[1], "hold", why.clone()).await.0, 403);
        }
        let nobody = Person::nobody(portal);
        assert_eq!(asked(&nobody, account.bills[1], "hold", why.clone()).await.0, 401);
        assert_eq!(portal.count("bill_hold").await, 0);
    }
}
