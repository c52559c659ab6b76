//! Stories of money that came through the gateway without a payment started here: posted once to
//! the account it names, and else kept for a person and never guessed. Both databases.

use crate::support::{On, TestAccount, TestPortal};
use receivables::ids::PaymentId;
use receivables::money::{Currency, MinorUnits};
use receivables::payment::PaymentState;
use receivables::tender::Tender;
use server::external_payments::{MatchError, match_money};
use server::gateway::sandbox::TestCard;
use server::gateway_events;

async fn two_bills(portal: &TestPortal) -> TestAccount {
    portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await
}

fn number(account: &TestAccount) -> String {
    account.id.to_string()[28..].to_owned()
}

async fn outcomes(portal: &TestPortal) -> Vec<String> {
    let query = "select outcome from gateway_event where outcome is not null order by outcome";
    sqlx::query_scalar(query).fetch_all(portal.portal.db.read()).await.unwrap()
}

async fn only_payment(portal: &TestPortal) -> PaymentId {
    let query = "select id from payment";
    let id: String = sqlx::query_scalar(query).fetch_one(portal.portal.db.read()).await.unwrap();
    PaymentId::parse(&id).unwrap()
}

/// Only these kinds of event arrive, in this order.
async fn arrive(portal: &TestPortal, kinds: &[&str]) {
    for kind in kinds {
        let others = format!(
            "update sandbox_event set next_try_at = 9223372036854775807 \
             where deliveries_left > 0 and kind <> '{kind}'"
        );
        let these = format!(
            "update sandbox_event set next_try_at = 0 where deliveries_left > 0 and kind = '{kind}'"
        );
        for change in [others, these] {
            let change = sqlx::AssertSqlSafe(change);
            sqlx::query(change).execute(portal.portal.db.read()).await.unwrap();
        }
        portal.news_arrives().await;
    }
}

stories! {
    async fn a_payment_link_that_names_an_account_is_posted_to_it_once(portal: TestPortal) {
        let account = two_bills(portal).await;
        let link = Some(number(&account));
        let card = TestCard::WebhookTwice;
        let (_, intent) = portal.pay_by_link((10_000, "usd"), link.as_deref(), card).await;
        portal.news_arrives().await;
        portal.news_arrives().await;
        gateway_events::fetch_missed(&portal.portal).await.unwrap();
        portal.news_arrives().await;

        assert_eq!(portal.left(&account).await, [0, 5_500]);
        let payment = portal.payment(only_payment(portal).await).await;
        assert_eq!(payment.state, PaymentState::Posted);
        assert_eq!(payment.gateway_ref, Some(intent));
        assert_eq!((payment.tender, payment.method.as_deref()), (Tender::Card, Some("Visa 4242")));
        let receipt = portal.receipt(&account, payment.id).await.unwrap();
        assert_eq!(receipt.amount, MinorUnits::new(10_000));
        assert!(!receipt.differs_from_preview);
        assert_eq!(portal.count("receipt").await, 1);
        assert_eq!(portal.count("outbox where kind = 'receipt_mail'").await, 1);
        assert!(portal.work().await.is_empty());
    }

    async fn the_news_of_a_link_post_once_in_whichever_order_they_come(portal: TestPortal) {
        let (session, intent) = ("checkout.session.completed", "payment_intent.succeeded");
        for order in [[session, intent], [intent, session]] {
            let account = two_bills(portal).await;
            let link = Some(account.id.to_string());
            portal.pay_by_link((10_000, "usd"), link.as_deref(), TestCard::Success).await;
            arrive(portal, &order[..1]).await;
            assert_eq!(portal.left(&account).await, [0, 5_500], "{order:?}");
            arrive(portal, &order[1..]).await;
            assert_eq!(portal.left(&account).await, [0, 5_500], "{order:?}");
        }
        assert_eq!(portal.count("receipt").await, 2);
        // Both at once, acted upon side by side.
        let account = two_bills(portal).await;
        let link = Some(number(&account));
        for _ in 0..4 {
            portal.pay_by_link((2_000, "usd"), link.as_deref(), TestCard::Success).await;
        }
        let many = "update sandbox_event set next_try_at = 0 where deliveries_left > 0";
        sqlx::query(many).execute(portal.portal.db.read()).await.unwrap();
        portal.sandbox.tick().await.unwrap();
        let bearers = (0..4).map(|_| gateway_events::apply_due(&portal.portal));
        for outcome in futures_util::future::join_all(bearers).await {
            outcome.unwrap();
        }
        assert_eq!(portal.left(&account).await, [0, 7_500]);
        assert_eq!(portal.count("receipt").await, 6);
    }

    async fn a_debit_by_link_is_posted_when_the_bank_confirms(portal: TestPortal) {
        let account = two_bills(portal).await;
        let link = Some(number(&account));
        portal.pay_by_link((8_000, "usd"), link.as_deref(), TestCard::BankDebit).await;
        portal.news_arrives().await;
        assert_eq!(portal.count("payment").await, 0);
        portal.clock.pass_seconds(60);
        portal.sandbox.tick().await.unwrap();
        arrive(portal, &["checkout.session.async_payment_succeeded"]).await;
        assert_eq!(portal.left(&account).await, [0, 7_500]);
        arrive(portal, &["payment_intent.succeeded"]).await;
        assert_eq!(portal.count("receipt").await, 1);

        portal.pay_by_link((7_500, "usd"), link.as_deref(), TestCard::BankDebitFails).await;
        portal.clock.pass_seconds(60);
        portal.news_arrives().await;
        assert_eq!(portal.left(&account).await, [0, 7_500]);
        assert!(portal.work().await.is_empty());
    }

    async fn money_that_names_no_account_of_ours_waits_for_a_person_and_is_never_guessed(
        portal: TestPortal
    ) {
        let account = two_bills(portal).await;
        let yen = Some(number(&account));
        let nearly = number(&account).to_uppercase();
        let cases = [
            (None, "usd"),
            (Some("no-such-account"), "usd"),
            (Some(nearly.as_str()), "usd"),
            (Some("not fit to be a reference"), "usd"),
            (yen.as_deref(), "jpy"),
        ];
        // Two decimals at the gateway and none in ISO 4217: its number is not ours.
        let krona = portal.account_in(Currency::parse("ISK").unwrap(), &[]).await;
        let krona = number(&krona);
        let cases = cases.into_iter().chain([(Some(krona.as_str()), "isk")]);
        let mut intents = Vec::new();
        for (reference, currency) in cases {
            let card = TestCard::WebhookTwice;
            let paid = portal.pay_by_link((5_000, currency), reference, card).await;
            intents.push(paid.1);
            portal.news_arrives().await;
            portal.clock.pass_seconds(1);
        }
        let expected: Vec<_> =
            intents.iter().map(|intent| ("unmatched_money".to_owned(), intent.clone())).collect();
        assert_eq!(portal.work().await, expected);
        assert_eq!(portal.count("external_money where payment_id is null").await, 6);
        assert_eq!(portal.count("payment").await, 0);
        assert_eq!(portal.left(&account).await, [8_000, 7_500]);
        let words: Vec<String> = sqlx::query_scalar("select why from work_item")
            .fetch_all(portal.portal.db.read())
            .await
            .unwrap();
        assert!(words.iter().all(|why| !why.contains("no-such-account") && why.contains("pi_")));
    }

    async fn an_intent_that_is_not_ours_and_has_no_checkout_never_posts(portal: TestPortal) {
        let account = two_bills(portal).await;
        let (_, intent) = portal.pay_by_link((5_000, "usd"), None, TestCard::Success).await;
        // As if made in the dashboard: there is no session.
        sqlx::query("delete from sandbox_session").execute(portal.portal.db.read()).await.unwrap();
        portal.news_arrives().await;
        portal.pay_by_link((5_000, "usd"), None, TestCard::Declined).await;
        portal.news_arrives().await;
        assert_eq!(portal.count("payment").await, 0);
        assert_eq!(portal.work().await, [("unmatched_money".to_owned(), intent)]);
        assert!(outcomes(portal).await.contains(&"the intent is not ours".to_owned()));
        assert_eq!(portal.left(&account).await, [8_000, 7_500]);
    }

    async fn an_operator_says_whose_unmatched_money_is(portal: TestPortal) {
        let account = two_bills(portal).await;
        let (_, intent) = portal.pay_by_link((9_000, "usd"), None, TestCard::Success).await;
        let paid_on = portal.portal.today();
        portal.news_arrives().await;
        portal.clock.pass_seconds(3 * 24 * 3_600);
        let say = |reference: &str, account: &str| {
            let (reference, account) = (reference.to_owned(), account.to_owned());
            async move { match_money(&portal.portal, (&reference, &account), "operator").await }
        };
        assert!(matches!(say(&intent, "nobody").await, Err(MatchError::NoSuchAccount(_))));
        assert!(matches!(say("pi_1", &number(&account)).await, Err(MatchError::NoSuchMoney(_))));
        let euros = portal.account_in(Currency::EUR, &[("2026-09-15", 8_000)]).await;
        assert!(matches!(say(&intent, &number(&euros)).await, Err(MatchError::Refused(_))));
        assert_eq!(portal.work().await.len(), 1);

        let id = say(&intent, &number(&account)).await.unwrap();
        assert_eq!(portal.left(&account).await, [0, 6_500]);
        assert_eq!(portal.receipt(&account, id).await.unwrap().paid_on, paid_on);
        assert!(portal.work().await.is_empty());
        assert!(matches!(say(&intent, &number(&account)).await, Err(MatchError::PostedBefore(_))));
        portal.news_arrives().await;
        assert_eq!(portal.count("receipt").await, 1);
    }

    async fn a_reference_that_comes_after_its_money_still_posts_it(portal: TestPortal) {
        let account = two_bills(portal).await;
        let link = Some(number(&account));
        portal.pay_by_link((8_000, "usd"), link.as_deref(), TestCard::Success).await;
        // The gateway does not find the session yet when the intent's news come.
        let hide = "update sandbox_session set intent_id = null";
        sqlx::query(hide).execute(portal.portal.db.read()).await.unwrap();
        arrive(portal, &["payment_intent.succeeded"]).await;
        assert_eq!(portal.work().await.len(), 1);
        arrive(portal, &["checkout.session.completed"]).await;
        assert_eq!(portal.left(&account).await, [0, 7_500]);
        assert!(portal.work().await.is_empty());
    }

    async fn money_that_goes_back_from_no_payment_of_ours_waits_for_a_person(portal: TestPortal) {
        let account = two_bills(portal).await;
        let (_, intent) = portal.pay_by_link((9_000, "usd"), None, TestCard::Success).await;
        portal.news_arrives().await;
        portal.clock.pass_seconds(1);
        portal.refund_at_the_gateway(&intent, 1_000).await;
        portal.news_arrives().await;
        let work: Vec<String> = portal.work().await.into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(work, ["unmatched_money", "money_went_back"]);
        let told = "set aside: the refund is of no payment of ours".to_owned();
        assert!(outcomes(portal).await.contains(&told));
        assert_eq!(portal.count("refund").await, 0);
        assert_eq!(portal.left(&account).await, [8_000, 7_500]);
    }

    async fn more_than_is_owed_by_link_becomes_credit_on_account(portal: TestPortal) {
        let account = two_bills(portal).await;
        let started = portal.started(&account, 8_000).await;
        let link = Some(number(&account));
        portal.pay_by_link((20_000, "usd"), link.as_deref(), TestCard::Success).await;
        portal.news_arrives().await;
        // What the payment in flight has reserved is left to it.
        assert_eq!(portal.left(&account).await, [8_000, 0]);
        assert_eq!(portal.view(&account).await.credit, MinorUnits::new(12_500));
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        assert_eq!(portal.left(&account).await, [0, 0]);
    }

    async fn a_payment_of_ours_that_this_database_has_lost_is_posted_by_its_note(
        portal: TestPortal
    ) {
        let account = two_bills(portal).await;
        let started = portal.started(&account, 8_000).await;
        portal.choose(&started, TestCard::Success).await;
        // As after a restore of an older backup.
        for table in ["reservation", "payment_attempt", "payment_history", "payment"] {
            let forget = sqlx::AssertSqlSafe(format!("delete from {table}"));
            sqlx::query(forget).execute(portal.portal.db.read()).await.unwrap();
        }
        portal.news_arrives().await;
        portal.news_arrives().await;
        let payment = portal.payment(started.payment.id).await;
        assert_eq!(payment.state, PaymentState::Posted);
        assert_eq!(portal.left(&account).await, [0, 7_500]);
        assert_eq!(portal.count("receipt").await, 1);
    }
}
