//! `paydown check` notices a broken book: each invariant is broken on purpose, past every guard,
//! and must be named.

use crate::support::{On, TestPortal};
use server::gateway::sandbox::TestCard;
use server::ledger;

/// What somebody with the database's own tools could do, and the invariant that tells.
const DAMAGES: &[(&str, &str)] = &[
    (
        "update bill set open_amount = open_amount - 1 where open_amount > 1",
        "every bill's total is what is applied, credited",
    ),
    (
        "update bill set open_amount = open_amount - 1 where open_amount > 1",
        "every bill's open amount is the book's",
    ),
    (
        "insert into external_money (gateway, gateway_ref, amount, currency, tender, received_on, \
         received_at, found_at, payment_id, matched_by, matched_at) \
         select gateway, gateway_ref, received + 1, currency, tender, '2026-11-22', 0, 0, id, \
         'note', 0 from payment where state = 'posted'",
        "money that came without us and was matched",
    ),
    ("update bill_line set amount = amount + 1", "every bill's lines sum to its total"),
    ("update account set credit = credit + 1", "every account's credit is the book's"),
    ("update payment set received = received - 1", "every payment's money is applied"),
    ("update payment set state = 'cancelled'", "and posted"),
    ("update payment set state = 'cancelled' where 1 = 1", "every payment posted here has one"),
    (
        "insert into reservation select p.id, b.id, b.account_id, 1 from payment p, bill b \
         where p.state = 'posted' and b.open_amount > 0",
        "only payments in flight hold reservations",
    ),
    (
        "insert into reservation select p.id, b.id, b.account_id, 99999999 from payment p, bill b \
         where b.open_amount > 0",
        "no bill is reserved beyond what is open",
    ),
    (
        "insert into entry select posting_id, 99, account_id, 'income', null, currency, 1 from entry \
         where line = 1",
        "every posting sums to zero",
    ),
    (
        "update payment set gateway_ref = 'pi_another'",
        "the amount, currency and reference received",
    ),
    ("update account set currency = 'EUR'", "of one account and its currency"),
    (
        "insert into application (id, posting_id, account_id, payment_id, bill_id, amount, reason, \
         applied_on) select 'app_more', posting_id, account_id, payment_id, bill_id, 1, reason, \
         applied_on from application where amount = 1000",
        "what a posting applies to bills",
    ),
    ("update payment set state = 'cancelled'", "whose success at the gateway was taken in"),
];

#[tokio::test]
async fn every_kind_of_damage_to_the_book_is_named() {
    for (on, (damage, invariant)) in
        [On::Sqlite, On::Postgres].into_iter().flat_map(|on| DAMAGES.iter().map(move |d| (on, d)))
    {
        let Some(portal) = TestPortal::open(on).await else { continue };
        let account = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
        let started = portal.started(&account, 9_000).await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        portal.the_book_is_exact().await;

        let pool = portal.portal.db.read();
        sqlx::query(*damage).execute(pool).await.unwrap();
        let findings = ledger::check(pool).await.unwrap();
        let named = findings
            .iter()
            .any(|finding| finding.holds.contains(invariant) && !finding.broken.is_empty());
        assert!(named, "{damage}\nwas not noticed as {invariant:?}: {findings:#?}");
        portal.portal.db.close().await;
    }
}
