//! Stories of refunds as staff ask for them: by the API, from the terminal, and of payments that
//! no gateway took.

use crate::support::browser::{Answer, Browser};
use crate::support::{On, TestAccount, TestPortal};
use axum::body::Body;
use axum::http::{Method, Request};
use clap::Parser;
use receivables::allocation::{AllocationOrder, Overpayment, PaymentRules};
use receivables::calendar::CivilDate;
use receivables::ids::{AccountId, PaymentId};
use receivables::money::MinorUnits;
use receivables::tender::Tender;
use serde_json::{Value, json};
use server::db::{Command, DbError};
use server::desk::{self, DeskCommand};
use server::external_payments::{ExternalPayment, Recording, record_external_payment};
use server::gateway::sandbox::TestCard;
use server::sign_in::{AddOperator, StaffRoles};
use server::state::Shared;
use server::{router, web};
use sqlx::AnyConnection;

const AUGUST: &str = "2026-09-15";
const SEPTEMBER: &str = "2026-10-15";

async fn paid(portal: &TestPortal) -> (TestAccount, PaymentId) {
    let account = portal.account(&[(AUGUST, 8_000), (SEPTEMBER, 7_500)]).await;
    let started = portal.started(&account, 12_000).await;
    portal.choose(&started, TestCard::Success).await;
    portal.news_arrives().await;
    (account, started.payment.id)
}

async fn operator(portal: &TestPortal) -> String {
    let (now, chance) = (portal.portal.now(), portal.portal.chance.clone());
    let (add, key) = AddOperator::new(
        "grace",
        StaffRoles::parse("clerk,approver").unwrap(),
        chance.as_ref(),
        now,
    )
    .unwrap();
    portal.portal.db.write(add).await.unwrap().unwrap();
    key
}

struct Api {
    browser: Browser,
    key: String,
}

impl Api {
    async fn of(portal: &TestPortal) -> Self {
        let service = web::serve(router::rooms(), router::signed(), &portal.portal);
        let browser = Browser { service, cookies: Default::default() };
        Self { browser, key: operator(portal).await }
    }

    async fn ask(&self, method: Method, path: &str, body: &Value, idempotency: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", self.key))
            .header("idempotency-key", idempotency);
        self.browser.send(request.body(Body::from(body.to_string())).unwrap()).await
    }
}

/// What somebody types after `paydown`.
#[derive(Parser)]
struct Typed {
    #[command(subcommand)]
    command: DeskCommand,
}

async fn type_in(portal: &TestPortal, words: &str) -> Result<String, String> {
    let typed = Typed::try_parse_from(format!("paydown {words}").split(' ')).unwrap();
    desk::run(&portal.portal, typed.command).await.map_err(|error| error.to_string())
}

/// Somebody pays at the counter.
struct PayAtTheCounter {
    portal: Shared,
    account_id: AccountId,
    id: PaymentId,
    amount: MinorUnits,
}

impl Command for PayAtTheCounter {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        let payment = ExternalPayment {
            id: self.id,
            account_id: self.account_id,
            amount: self.amount,
            tender: Tender::Cash,
            received_on: CivilDate::parse("2026-11-20").unwrap(),
            received_at: self.portal.now(),
            source: "counter",
            source_ref: "till 7".into(),
        };
        let rules = PaymentRules {
            order: AllocationOrder::OldestDueFirst,
            overpayment: Overpayment::Credit,
            directions: true,
            smallest_payment: MinorUnits::new(1),
            gateway_minimum: MinorUnits::new(50),
            largest_payment: MinorUnits::MAX,
        };
        let now = self.portal.now();
        let recording = Recording { rules, biller_name: "Riverside", demo: true, now };
        let chance = self.portal.chance.as_ref();
        record_external_payment(tx, &payment, recording, chance).await?.unwrap();
        Ok(())
    }
}

stories! {
    async fn staff_preview_ask_for_and_look_up_a_refund_by_the_api(portal: TestPortal) {
        let (account, id) = paid(portal).await;
        let api = Api::of(portal).await;
        let path = format!("/api/v1/payments/{id}/refunds");
        let wish = json!({ "amount": 5_000, "currency": "USD", "reason": "moved out" });
        let dry = api.ask(Method::POST, &format!("{path}?dry_run=true"), &wish, "k").await;
        assert_eq!(dry.status.as_u16(), 200, "{}", dry.text());
        assert_eq!(dry.json()["refundable_after"], 7_000);
        assert_eq!(portal.count("refund").await, 0);

        let made = api.ask(Method::POST, &path, &wish, "k").await;
        assert_eq!(made.status.as_u16(), 201, "{}", made.text());
        let again = api.ask(Method::POST, &path, &wish, "k").await;
        assert_eq!((again.status.as_u16(), &again.json()["id"]), (200, &made.json()["id"]));
        let place = made.headers["location"].to_str().unwrap();
        let found = api.ask(Method::GET, place, &json!({}), "k").await.json();
        assert_eq!((&found["state"], &found["requested_by"]), (&json!("done"), &json!("grace")));
        let list = api.ask(Method::GET, &path, &json!({}), "k").await.json();
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        assert_eq!(portal.left(&account).await, [1_000, 7_500]);

        let more = json!({ "amount": 7_001, "currency": "USD" });
        let more = api.ask(Method::POST, &path, &more, "l").await;
        assert_eq!(more.problem(), (422, "exceeds-refundable".into()));
        let nobody = Api { key: "pdop_x".into(), browser: api.browser.another() };
        let refused = nobody.ask(Method::POST, &path, &wish, "m").await;
        assert_eq!(refused.problem(), (401, "unauthenticated".into()));
        let none = "/api/v1/refunds/ref_00000000000000000000000000000000";
        let unknown = api.ask(Method::GET, none, &json!({}), "k").await;
        assert_eq!(unknown.problem(), (404, "not-found".into()));
    }

    async fn staff_give_money_back_from_the_terminal(portal: TestPortal) {
        let (account, id) = paid(portal).await;
        operator(portal).await;
        let told = type_in(portal, &format!("refund {id} 50 --by grace --dry-run")).await.unwrap();
        assert!(told.contains("left to pay $35.00 -> $75.00"), "{told}");
        assert!(told.contains("Can still go back: $120.00 -> $70.00"), "{told}");
        assert_eq!(portal.left(&account).await, [0, 3_500]);
        let told = type_in(portal, &format!("refund {id} 50 --by grace")).await.unwrap();
        assert!(told.ends_with("is done."), "{told}");
        assert_eq!(portal.left(&account).await, [1_000, 7_500]);
        let told = type_in(portal, &format!("refund {id} 500 --by grace")).await.unwrap_err();
        assert_eq!(told, "At most $70.00 of this payment can still go back.");
        assert!(type_in(portal, &format!("refund {id} 5 --by nobody")).await.is_err());
    }

    async fn money_paid_at_the_counter_is_given_back_by_hand_and_recorded(portal: TestPortal) {
        let account = portal.account(&[(AUGUST, 8_000)]).await;
        let (ms, chance) = portal.portal.id_parts();
        let id = PaymentId::from_parts(ms, &chance);
        let (account_id, amount) = (account.id, MinorUnits::new(9_000));
        let pay = PayAtTheCounter { portal: portal.portal.clone(), account_id, id, amount };
        portal.portal.db.write(pay).await.unwrap();
        operator(portal).await;
        let told = type_in(portal, &format!("refund {id} 25 --by grace")).await.unwrap();
        assert!(told.contains("give the money back yourself") && told.ends_with("is done."));
        assert_eq!(portal.left(&account).await, [1_500]);
        assert_eq!(portal.payment(id).await.refunded, MinorUnits::new(2_500));
        let asked = "select count(*) from sandbox_object where kind = 'refund'";
        let asked: i64 = sqlx::query_scalar(asked).fetch_one(portal.portal.db.read()).await.unwrap();
        assert_eq!(asked, 0);
    }
}
