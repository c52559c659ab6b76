//! `paydown check` notices a book that is broken where money went back: each invariant of
//! refunds and disputes is broken on purpose, past every guard, and must be named.

use crate::support::{On, TestPortal};
use receivables::api::refunds::RefundRequest;
use receivables::ids::PaymentId;
use receivables::money::{Currency, MinorUnits};
use serde_json::json;
use server::gateway::sandbox::TestCard;
use server::ledger;
use server::payments::{self, Refunding};

/// What somebody with the database's own tools could do, and the invariant that tells.
const DAMAGES: &[(&str, &str)] = &[
    (
        "update payment set refunded = refunded - 1 where refunded > 0",
        "every payment knows its refunds and disputes",
    ),
    (
        "update payment set refunding = refunding + 1 where refunded > 0",
        "every payment knows its refunds and disputes",
    ),
    (
        "update payment set withdrawn = withdrawn - 1 where withdrawn > 0",
        "on account, refunded or withdrawn",
    ),
    ("update payment set state = 'failed' where refunded > 0", "no more of a payment goes back"),
    ("update refund set state = 'failed'", "every refund that is done posted once"),
    ("update refund set amount = amount - 1", "every refund that is done posted once"),
    (
        "insert into refund select 'ref_2', payment_id, account_id, requested_by, 'another', \
         request_hash, amount, currency, reason, state, gateway, gateway_key, 're_2', failure, \
         requested_at, changed_at, look_at, looks, version from refund",
        "every refund that is done posted once",
    ),
    ("update dispute set withdrawn = withdrawn - 1", "every dispute's money"),
    (
        "update refund set payment_id = (select id from payment where refunded = 0)",
        "money goes back from the account",
    ),
    (
        "insert into application (id, posting_id, account_id, payment_id, bill_id, amount, \
         reverses, reason, applied_on) select 'appl_more', posting_id, account_id, payment_id, \
         bill_id, -7000, reverses, reason, applied_on from application where amount = -1500",
        "no application is taken back twice",
    ),
];

async fn paid(portal: &TestPortal) -> PaymentId {
    let account = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
    let started = portal.started(&account, 15_500).await;
    portal.choose(&started, TestCard::Success).await;
    portal.news_arrives().await;
    started.payment.id
}

async fn story(portal: &TestPortal, damage: &'static str, invariant: &str) {
    let (refunded, disputed) = (paid(portal).await, paid(portal).await);
    let request =
        RefundRequest { amount: MinorUnits::new(9_000), currency: Currency::USD, reason: None };
    let (operator, idempotency_key) = ("grace".to_owned(), "k".to_owned());
    let refunding = Refunding { operator, payment_id: refunded, idempotency_key, request };
    payments::refund(&portal.portal, refunding).await.unwrap();
    let intent = portal.payment(disputed).await.gateway_ref.unwrap();
    let opened = portal.post_to_sandbox("/sandbox/disputes", json!({ "intent": intent })).await;
    let path = format!("/sandbox/disputes/{}", opened["id"].as_str().unwrap());
    portal.post_to_sandbox(&path, json!({ "step": "withdraw" })).await;
    portal.news_arrives().await;
    portal.the_book_is_exact().await;

    portal.execute(damage).await;
    let findings = ledger::check(portal.portal.db.read()).await.unwrap();
    let named = findings
        .iter()
        .any(|finding| finding.holds.contains(invariant) && !finding.broken.is_empty());
    assert!(named, "{damage}\nwas not noticed as {invariant:?}: {findings:#?}");
}

#[tokio::test]
async fn every_kind_of_damage_to_money_that_went_back_is_named() {
    for on in [On::Sqlite, On::Postgres] {
        for (damage, invariant) in DAMAGES {
            let Some(portal) = TestPortal::open(on).await else { continue };
            story(&portal, damage, invariant).await;
            portal.portal.db.close().await;
        }
    }
}
