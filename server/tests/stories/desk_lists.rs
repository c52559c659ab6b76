//! Stories of what staff read of all accounts at once: the dashboard, everyone's payments, the
//! audit trail. The whole service, both databases.

use crate::support::people::Person;
use crate::support::{On, TestAccount, TestPortal};
use axum::http::Method;
use receivables::money::Currency;
use serde_json::{Value, json};
use server::audit;
use server::gateway::sandbox::TestCard;

async fn read(person: &Person, path: &str) -> Value {
    let answer = person.ask(&Method::GET, path, None).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

async fn paid(portal: &TestPortal, account: &TestAccount, amount: i64) -> String {
    let started = portal.started(account, amount).await;
    portal.choose(&started, TestCard::Success).await;
    portal.news_arrives().await;
    started.payment.id.to_string()
}

/// The ids of all pages of so many rows.
async fn ids(person: &Person, path: &str, limit: usize) -> Vec<String> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = read(person, &format!("{path}&limit={limit}{after}")).await;
        let items = page["items"].as_array().unwrap();
        found.extend(items.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return found,
        }
    }
}

stories! {
    async fn the_dashboard_says_what_is_collected_late_and_under_way_by_currency(portal: TestPortal) {
        let carl = Person::operator(portal, "carl", "clerk").await;
        let nothing = read(&carl, "/api/v1/dashboard").await;
        assert_eq!((&nothing["currencies"], &nothing["needs_a_person"]), (&json!([]), &json!(0)));
        assert_eq!(nothing["today"], "2026-11-22");
        // Today is 22 November: 0, 1, 30, 31, 60, 61, 90 and 91 days late, and never due.
        let account = portal.account(&[
            ("2026-11-22", 1), ("2026-11-21", 20), ("2026-10-23", 30), ("2026-10-22", 400),
            ("2026-09-23", 500), ("2026-09-22", 6_000), ("2026-08-24", 7_000), ("2026-08-23", 80_000),
        ]).await;
        portal.account_in(Currency::JPY, &[("2026-11-21", 9)]).await;
        let held = portal.bill(account.id, "2026-01-01", 1_000_000).await;
        portal.hold(held, "we look at it").await;
        let figures = read(&carl, "/api/v1/dashboard").await;
        let of = |figures: &Value, code: &str| {
            let all = figures["currencies"].as_array().unwrap();
            all.iter().find(|of| of["currency"] == code).unwrap().clone()
        };
        let dollars = of(&figures, "USD");
        let aging: Vec<_> = dollars["aging"].as_array().unwrap().iter()
            .map(|bucket| json!([bucket["age"], bucket["amount"], bucket["count"]]))
            .collect();
        assert_eq!(aging, [
            json!(["current", 1, 1]), json!(["days_1_30", 50, 2]), json!(["days_31_60", 900, 2]),
            json!(["days_61_90", 13_000, 2]), json!(["over_90", 80_000, 1]),
        ]);
        assert_eq!(dollars["past_due"], json!({ "amount": 93_950, "count": 7 }));
        assert_eq!(of(&figures, "JPY")["past_due"], json!({ "amount": 9, "count": 1 }));

        paid(portal, &account, 80_000).await;
        paid(portal, &account, 1_000).await;
        portal.started(&account, 2_000).await;
        let dollars = of(&read(&carl, "/api/v1/dashboard").await, "USD");
        assert_eq!(dollars["collected_today"], json!({ "amount": 81_000, "count": 2 }));
        assert_eq!(dollars["in_progress"], json!({ "amount": 2_000, "count": 1 }));
        assert_eq!(dollars["past_due"]["amount"], 93_950 - 81_000);
        portal.clock.pass_seconds(24 * 3_600);
        let dollars = of(&read(&carl, "/api/v1/dashboard").await, "USD");
        assert_eq!(dollars["collected_today"], json!({ "amount": 0, "count": 0 }));
        let days = dollars["collected"].as_array().unwrap();
        assert_eq!((days.len(), &days[0]["on"]), (30, &json!("2026-10-25")));
        assert_eq!(days[28], json!({ "on": "2026-11-22", "amount": 81_000, "count": 2 }));
        let file = carl.ask(&Method::GET, "/api/v1/dashboard?format=csv", None).await;
        let file = String::from_utf8(file.body.to_vec()).unwrap();
        assert!(file.contains("USD,collected,2026-11-22,810.00,2\r\n"), "{file}");
        assert!(file.contains("JPY,aging,1-30,9,1\r\n"), "{file}");
    }

    async fn everyones_payments_are_listed_by_state_and_day_in_pages_and_as_a_file(portal: TestPortal) {
        let carl = Person::operator(portal, "carl", "clerk").await;
        let one = portal.account(&[("2026-09-15", 8_000)]).await;
        let other = portal.account(&[("2026-09-15", 7_500)]).await;
        // Two of one moment, one of the next day.
        let mut first = [paid(portal, &one, 1_000).await, paid(portal, &other, 2_000).await];
        portal.clock.pass_seconds(24 * 3_600);
        let second = paid(portal, &one, 3_000).await;
        let under_way = portal.started(&other, 500).await.payment.id.to_string();
        let all = ids(&carl, "/api/v1/payments?state=posted", 50).await;
        assert_eq!(all[0], second);
        first.sort();
        let mut rest = all[1..].to_vec();
        rest.sort();
        assert_eq!(rest, first);
        for limit in [1, 2] {
            assert_eq!(ids(&carl, "/api/v1/payments?state=posted", limit).await, all);
        }
        assert_eq!(ids(&carl, "/api/v1/payments?on=2026-11-22", 1).await, all[1..]);
        assert_eq!(ids(&carl, "/api/v1/payments?on=2026-11-23", 1).await, all[..1]);
        assert_eq!(ids(&carl, "/api/v1/payments?state=in_progress", 1).await, std::slice::from_ref(&under_way));
        let day = "/api/v1/payments?state=awaiting_payer&on=2026-11";
        assert_eq!(ids(&carl, &format!("{day}-23"), 1).await, [under_way]);
        assert!(ids(&carl, &format!("{day}-22"), 1).await.is_empty());
        let row = read(&carl, "/api/v1/payments?limit=1").await["items"][0].clone();
        assert_eq!(row["account_id"], one.id.to_string());
        assert_eq!((&row["received"], &row["on"]), (&json!(3_000), &json!("2026-11-23")));
        assert!(row["receipt_number"].is_string());

        let file = carl.ask(&Method::GET, "/api/v1/payments?format=csv", None).await;
        assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
        let file = String::from_utf8(file.body.to_vec()).unwrap();
        let lines: Vec<_> = file.split("\r\n").collect();
        assert_eq!((lines.len(), lines[4]), (5, ""), "{file}");
        assert!(lines[0].starts_with("payment,account,name,stage,amount"));
        assert!(lines[1].starts_with(&second) && lines[1].contains(",30.00,30.00,USD,card,"));
        for (asked, code) in [
            ("?state=lost", "filter-invalid"), ("?on=yesterday", "filter-invalid"),
            ("?format=xml", "filter-invalid"), ("?after=x", "cursor-invalid"),
        ] {
            let answer = carl.ask(&Method::GET, &format!("/api/v1/payments{asked}"), None).await;
            assert_eq!(answer.problem().1, code, "{asked}");
        }
        let payer = Person::customer(portal, &one).await;
        for list in ["payments", "dashboard", "audit-acts"] {
            let answer = payer.ask(&Method::GET, &format!("/api/v1/{list}"), None).await;
            assert_eq!(answer.problem(), (403, "forbidden".into()), "{list}");
        }
    }

    async fn the_audit_trail_is_browsed_with_each_act_held_against_the_one_before(portal: TestPortal) {
        let ida = Person::operator(portal, "ida", "auditor").await;
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        let payment = paid(portal, &account, 1_000).await;
        let page = read(&ida, "/api/v1/audit-acts").await;
        assert_eq!(page["items"], json!([]), "nothing is sealed yet");
        assert!(page["chain"]["unsealed"].as_i64().unwrap() > 2);
        audit::seal(&portal.portal).await.unwrap();
        portal.the_book_is_exact().await;
        portal.portal.book.look(portal.portal.db.read(), portal.portal.now()).await.unwrap();
        let page = read(&ida, "/api/v1/audit-acts?limit=200").await;
        let acts = page["items"].as_array().unwrap();
        assert!(acts.iter().all(|act| act["holds"] == true), "{acts:?}");
        let chain = &page["chain"];
        assert_eq!((&chain["head_n"], &chain["head_hash"]), (&acts[0]["n"], &acts[0]["hash"]));
        assert_eq!((&chain["holds"], &chain["unsealed"]), (&json!(true), &json!(0)));
        assert!(chain["verified_at"].is_string());
        let received = acts.iter().find(|act| act["kind"] == "payment_received").unwrap();
        assert_eq!(received["about"], payment);
        let two = read(&ida, "/api/v1/audit-acts?limit=2").await;
        let rest = format!("/api/v1/audit-acts?limit=200&after={}", two["next"].as_str().unwrap());
        let rest = read(&ida, &rest).await["items"].as_array().unwrap().clone();
        assert_eq!([two["items"].as_array().unwrap().clone(), rest].concat(), *acts);
        let clerk = Person::operator(portal, "carl", "clerk").await;
        assert_eq!(clerk.ask(&Method::GET, "/api/v1/audit-acts", None).await.status, 403);
    }

    async fn what_people_did_is_found_by_who_what_and_where_and_is_a_file_too(portal: TestPortal) {
        let ida = Person::operator(portal, "ida", "auditor").await;
        Person::operator(portal, "carl", "clerk").await;
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        paid(portal, &account, 1_000).await;
        audit::seal(&portal.portal).await.unwrap();
        let found = async |asked: String| {
            let page = read(&ida, &format!("/api/v1/audit-acts?limit=200&{asked}")).await;
            let acts = page["items"].as_array().unwrap().clone();
            assert!(acts.iter().all(|act| act["holds"] == true), "{acts:?}");
            acts
        };
        let all = found(String::new()).await;
        let added = found("kind=operator_added".to_owned()).await;
        assert_eq!(added.len(), 2);
        let by = |name: &str| all.iter().filter(|act| act["actor"] == name).count();
        let actor = added[0]["actor"].as_str().unwrap();
        assert_eq!(found(format!("actor={actor}")).await.len(), by(actor));
        assert_eq!(found(format!("actor={actor}&kind=payment_started")).await.len(), 0);
        let here = found(format!("account={}", account.id)).await;
        assert!(!here.is_empty() && here.len() < all.len());
        assert!(here.iter().all(|act| act["account_id"] == account.id.to_string()));
        let one = read(&ida, "/api/v1/audit-acts?kind=operator_added&limit=1").await;
        let rest = format!("kind=operator_added&after={}", one["next"].as_str().unwrap());
        assert_eq!(found(rest).await, added[1..]);

        let csv = ida.ask(&Method::GET, "/api/v1/audit-acts?format=csv", None).await;
        let csv = String::from_utf8(csv.body.to_vec()).unwrap();
        assert_eq!(csv.lines().count(), all.len() + 1, "{csv}");
        let book = ida.ask(&Method::GET, "/api/v1/audit-acts?format=xlsx", None).await;
        assert!(book.headers["content-type"].to_str().unwrap().ends_with("spreadsheetml.sheet"));
        assert!(book.body.starts_with(b"PK"), "a spreadsheet is a packed folder");
        let wrong = ida.ask(&Method::GET, "/api/v1/audit-acts?account=1001", None).await;
        assert_eq!(wrong.problem().1, "filter-invalid");
    }
}
