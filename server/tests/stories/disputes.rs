//! Stories of disputes: the payer's bank questions a payment, takes its money, and decides; its
//! news comes twice, late and out of order. Both databases, the sandbox gateway over HTTP.

use crate::support::{On, TestAccount, TestPortal};
use receivables::api::refunds::RefundRequest;
use receivables::ids::PaymentId;
use receivables::money::{Currency, MinorUnits};
use serde_json::json;
use server::gateway::sandbox::TestCard;
use server::payments::{self, Refunding};

const AUGUST: &str = "2026-09-15";
const SEPTEMBER: &str = "2026-10-15";

async fn paid(portal: &TestPortal) -> (TestAccount, PaymentId, String) {
    let account = portal.account(&[(AUGUST, 8_000), (SEPTEMBER, 7_500)]).await;
    let started = portal.started(&account, 12_000).await;
    portal.choose(&started, TestCard::Success).await;
    portal.news_arrives().await;
    let intent = portal.payment(started.payment.id).await.gateway_ref.unwrap();
    (account, started.payment.id, intent)
}

async fn open(portal: &TestPortal, intent: &str, amount: Option<i64>) -> String {
    let wish = json!({ "intent": intent, "amount": amount });
    let opened = portal.post_to_sandbox("/sandbox/disputes", wish).await;
    opened["id"].as_str().unwrap().to_owned()
}

async fn step(portal: &TestPortal, dispute: &str, step: &str) {
    portal.post_to_sandbox(&format!("/sandbox/disputes/{dispute}"), json!({ "step": step })).await;
}

async fn states(portal: &TestPortal) -> Vec<String> {
    let query = "select state from dispute order by opened_at, id";
    sqlx::query_scalar(query).fetch_all(portal.portal.db.read()).await.unwrap()
}

async fn withdrawn(portal: &TestPortal, id: PaymentId) -> i64 {
    portal.payment(id).await.withdrawn.get()
}

async fn postings(portal: &TestPortal, kind: &'static str) -> i64 {
    let query = "select count(*) from posting where kind = $1";
    sqlx::query_scalar(query).bind(kind).fetch_one(portal.portal.db.read()).await.unwrap()
}

async fn refund(portal: &TestPortal, payment_id: PaymentId, amount: i64) -> Result<(), String> {
    let request =
        RefundRequest { amount: MinorUnits::new(amount), currency: Currency::USD, reason: None };
    let operator = "grace".to_owned();
    let refunding =
        Refunding { operator, payment_id, idempotency_key: format!("{amount}"), request };
    let outcome = payments::refund(&portal.portal, refunding).await;
    outcome.map(drop).map_err(|refusal| refusal.code().to_owned())
}

stories! {
    async fn an_open_dispute_keeps_what_was_settled_and_blocks_refunds(portal: TestPortal) {
        let (account, id, intent) = paid(portal).await;
        let dispute = open(portal, &intent, None).await;
        portal.news_arrives().await;
        assert_eq!(states(portal).await, ["open"]);
        assert_eq!(portal.left(&account).await, [0, 3_500]);
        assert_eq!(refund(portal, id, 100).await, Err("disputed".into()));
        assert_eq!(portal.open_work("disputed").await, 1);
        step(portal, &dispute, "close").await;
        portal.news_arrives().await;
        assert_eq!(states(portal).await, ["closed"]);
        assert_eq!(portal.open_work("disputed").await, 0);
        assert_eq!(refund(portal, id, 100).await, Ok(()));
    }

    async fn withdrawn_money_reopens_bills_and_a_won_dispute_settles_them_once(portal: TestPortal) {
        let (account, id, intent) = paid(portal).await;
        let dispute = open(portal, &intent, None).await;
        step(portal, &dispute, "withdraw").await;
        portal.news_arrives().await;
        assert_eq!(portal.left(&account).await, [8_000, 7_500]);
        assert_eq!(withdrawn(portal, id).await, 12_000);
        step(portal, &dispute, "win").await;
        portal.news_arrives().await;
        server::gateway_events::fetch_missed(&portal.portal).await.unwrap();
        portal.news_arrives().await;
        assert_eq!(states(portal).await, ["won"]);
        assert_eq!(portal.left(&account).await, [0, 3_500]);
        assert_eq!(withdrawn(portal, id).await, 0);
        assert_eq!(postings(portal, "dispute_withdrawn").await, 1);
        assert_eq!(postings(portal, "dispute_reinstated").await, 1);
        let receipt = portal.receipt(&account, id).await.unwrap();
        assert_eq!(receipt.withdrawn, MinorUnits::ZERO);
    }

    async fn a_lost_dispute_leaves_the_bills_open(portal: TestPortal) {
        let (account, id, intent) = paid(portal).await;
        let dispute = open(portal, &intent, None).await;
        step(portal, &dispute, "withdraw").await;
        step(portal, &dispute, "lose").await;
        portal.news_arrives().await;
        assert_eq!(states(portal).await, ["lost"]);
        assert_eq!(portal.left(&account).await, [8_000, 7_500]);
        assert_eq!(refund(portal, id, 100).await, Err("exceeds-refundable".into()));
        assert_eq!(portal.open_work("disputed").await, 0);
        // Won after all, months later.
        step(portal, &dispute, "win").await;
        portal.news_arrives().await;
        assert_eq!(states(portal).await, ["won"]);
        assert_eq!(portal.left(&account).await, [0, 3_500]);
    }

    async fn one_payment_can_have_several_disputes(portal: TestPortal) {
        let (account, id, intent) = paid(portal).await;
        let first = open(portal, &intent, Some(4_000)).await;
        let second = open(portal, &intent, Some(5_000)).await;
        step(portal, &first, "withdraw").await;
        step(portal, &second, "withdraw").await;
        portal.news_arrives().await;
        assert_eq!(withdrawn(portal, id).await, 9_000);
        assert_eq!(portal.left(&account).await, [5_000, 7_500]);
        step(portal, &first, "win").await;
        step(portal, &second, "lose").await;
        portal.news_arrives().await;
        assert_eq!(withdrawn(portal, id).await, 5_000);
        assert_eq!(portal.left(&account).await.iter().sum::<i64>(), 8_500);
    }

    async fn a_dispute_of_what_was_refunded_meanwhile_takes_what_is_left(portal: TestPortal) {
        let (account, id, intent) = paid(portal).await;
        assert_eq!(refund(portal, id, 5_000).await, Ok(()));
        let dispute = open(portal, &intent, Some(12_000)).await;
        step(portal, &dispute, "withdraw").await;
        portal.news_arrives().await;
        assert_eq!(withdrawn(portal, id).await, 7_000);
        assert_eq!(portal.left(&account).await, [8_000, 7_500]);
        assert_eq!(portal.open_work("money_went_back").await, 1);
    }

    async fn news_out_of_order_late_and_twice_ends_in_the_same_book(portal: TestPortal) {
        // All that happened is told at once, the last first: only the dispute itself is believed.
        let (account, id, intent) = paid(portal).await;
        let dispute = open(portal, &intent, None).await;
        step(portal, &dispute, "withdraw").await;
        step(portal, &dispute, "win").await;
        portal.turn_the_gateways_news_round().await;
        for _ in 0..2 {
            portal.news_arrives().await;
            portal.news_comes_again().await;
        }
        assert_eq!(states(portal).await, ["won"]);
        assert_eq!(portal.left(&account).await, [0, 3_500]);
        assert_eq!(withdrawn(portal, id).await, 0);
        assert_eq!(postings(portal, "dispute_withdrawn").await, 1);
        assert_eq!(postings(portal, "dispute_reinstated").await, 1);
    }

    async fn a_dispute_that_is_heard_of_before_its_payment_waits_for_it(portal: TestPortal) {
        let account = portal.account(&[(AUGUST, 8_000)]).await;
        let started = portal.started(&account, 8_000).await;
        portal.choose(&started, TestCard::WebhookNever).await;
        let intent = portal.payment(started.payment.id).await.gateway_ref.unwrap();
        let dispute = open(portal, &intent, None).await;
        step(portal, &dispute, "withdraw").await;
        portal.news_arrives().await;
        assert_eq!(states(portal).await, Vec::<String>::new());
        server::gateway_events::fetch_missed(&portal.portal).await.unwrap();
        portal.news_arrives().await;
        portal.clock.pass_seconds(10);
        portal.news_arrives().await;
        assert_eq!(states(portal).await, ["open"]);
        assert_eq!(portal.left(&account).await, [8_000]);
    }
}
