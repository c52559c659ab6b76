//! The demo data shows every state, on both engines, and is loaded once.

use crate::support::databases;
use std::sync::Arc;

use crate::support::databases::{
    CountingChance, FixedClock, assert_sound, each_engine, number, settings,
};
use server::config::Secret;
use server::demo::{self, DemoError};

async fn load(db: &server::db::Database, at: &str) -> Result<demo::DemoLoaded, DemoError> {
    let (settings, zone) = settings();
    let chance = Arc::new(CountingChance::default());
    demo::run(db, &settings, &zone, &FixedClock::at(at), chance).await
}

#[tokio::test]
async fn loading_twice_changes_nothing() {
    for fresh in each_engine().await {
        let first = load(&fresh.db, "2026-11-22T15:00:00Z").await.unwrap();
        assert_eq!((first.accounts, first.known_before), (8, 0));
        let bills = number(&fresh.db, "select count(*) from bill").await;
        let entries = number(&fresh.db, "select count(*) from entry").await;
        let again = load(&fresh.db, "2026-12-24T15:00:00Z").await.unwrap();
        assert_eq!((again.accounts, again.known_before), (0, 8));
        assert_eq!(number(&fresh.db, "select count(*) from bill").await, bills);
        assert_eq!(number(&fresh.db, "select count(*) from entry").await, entries);
        assert_sound(&fresh.db).await;
    }
}

#[tokio::test]
async fn every_situation_that_is_promised_is_there() {
    let fresh = databases::sqlite().await;
    let db = &fresh.db;
    load(db, "2026-11-22T15:00:00Z").await.unwrap();
    let of = |account: &str, what: &str| {
        format!(
            "select count(*) from bill join account on account.id = bill.account_id
             where account.number = '{account}' and {what}"
        )
    };
    let expected = [
        ("1001", "due_on < '2026-11-22' and open_amount > 0", 2),
        ("1001", "open_amount between 1 and total - 1", 1),
        ("1001", "period_from = '2026-10-01' and due_on = '2026-11-26' and open_amount > 0", 1),
        ("1001", "open_amount = 0 and settled_on is not null", 3),
        ("1002", "open_amount > 0", 0),
        ("1002", "open_amount = 0", 4),
        ("1003", "standing = 'in_dispute' and hold_reason is not null", 1),
        ("1003", "standing = 'cancelled' and open_amount = 0", 1),
        ("1003", "standing = 'issued' and due_on < '2026-11-22' and open_amount > 0", 1),
        ("1004", "open_amount > 0", 2),
        ("1005", "currency = 'JPY' and open_amount > 0", 2),
        ("1006", "open_amount = 0 and credit > 0", 2),
        ("1007", "part_payment = 'never' and due_on = '2026-11-22'", 1),
        ("1007", "part_payment = 'at_least:5000'", 1),
        ("1007", "due_on is null", 1),
        ("1008", "open_amount > 0", 300),
    ];
    for (account, what, count) in expected {
        let sql = sqlx::AssertSqlSafe(of(account, what));
        let found: i64 = sqlx::query_scalar(sql).fetch_one(db.read()).await.unwrap();
        assert_eq!(found, count, "{account}: {what}");
    }
    assert_eq!(number(db, "select count(*) from receipt").await, 9);
    assert_eq!(number(db, "select count(*) from outbox").await, 0, "nobody is written to");
}

#[tokio::test]
async fn on_any_day_of_the_year_the_stories_hold() {
    for day in ["2026-01-01", "2027-03-01", "2028-02-29", "2026-03-31", "2026-12-31"] {
        let fresh = databases::sqlite().await;
        load(&fresh.db, &format!("{day}T15:00:00Z")).await.unwrap();
        assert_sound(&fresh.db).await;
        let sql = "select count(*) from bill where issued_on > due_on or period_to >= issued_on";
        assert_eq!(number(&fresh.db, sql).await, 0, "{day}");
    }
}

#[tokio::test]
async fn where_real_money_is_taken_demo_data_is_refused() {
    let fresh = databases::sqlite().await;
    let (mut settings, zone) = settings();
    settings.stripe.secret_key = Secret::new("sk_live_x");
    let clock = FixedClock::at("2026-11-22T15:00:00Z");
    let chance = Arc::new(CountingChance::default());
    let refused = demo::run(&fresh.db, &settings, &zone, &clock, chance).await;
    assert!(matches!(refused, Err(DemoError::NotASandbox)));
    assert_eq!(number(&fresh.db, "select count(*) from account").await, 0);
}
