//! Stories of payments: the real rooms, both databases, the sandbox gateway over HTTP.
//! Every story ends with every invariant of the book asked.

use crate::support::{On, TestAccount, TestPortal};
use receivables::allocation::Reason;
use receivables::ids::PaymentId;
use receivables::money::MinorUnits;
use receivables::payment::{MoneyTaken, PaymentStage, PaymentState};
use server::gateway::sandbox::{Mishap, TestCard};
use server::gateway_events;
use server::payments::{self, Cancelled};

const AUGUST: &str = "2026-09-15";
const SEPTEMBER: &str = "2026-10-15";
const OCTOBER: &str = "2026-12-15";

async fn three_months(portal: &TestPortal) -> TestAccount {
    portal.account(&[(AUGUST, 8_000), (SEPTEMBER, 7_500), (OCTOBER, 6_000)]).await
}

fn amounts(preview: &receivables::allocation::Preview) -> Vec<i64> {
    preview.lines.iter().map(|line| line.amount.get()).collect()
}

async fn state(portal: &TestPortal, id: PaymentId) -> PaymentState {
    portal.payment(id).await.state
}

stories! {
    async fn a_part_payment_settles_the_oldest_overdue_period_first(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 12_000).await;
        assert_eq!(amounts(&started.payment.preview), [8_000, 4_000]);
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;

        let payment = portal.payment(started.payment.id).await;
        assert_eq!(payment.state, PaymentState::Posted);
        assert_eq!(payment.received, MinorUnits::new(12_000));
        assert_eq!(portal.left(&account).await, [0, 3_500, 6_000]);
        let receipt = portal.receipt(&account, payment.id).await.unwrap();
        assert!(receipt.number.ends_with("-0001"), "{}", receipt.number);
        assert_eq!(receipt.amount, MinorUnits::new(12_000));
        let lines: Vec<_> = receipt.lines.iter().map(|l| (l.amount.get(), l.reason)).collect();
        assert_eq!(lines, [(8_000, Reason::OldestOverdue), (4_000, Reason::OldestOverdue)]);
        assert_eq!(receipt.left_to_pay, MinorUnits::new(9_500));
        assert_eq!(receipt.past_due, MinorUnits::new(3_500));
        assert_eq!(receipt.method.as_deref(), Some("Visa 4242"));
        assert!(receipt.demo && !receipt.differs_from_preview);
        assert_eq!(portal.count("reservation").await, 0);
    }

    async fn the_same_news_brought_by_everyone_posts_once(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 12_000).await;
        portal.choose(&started, TestCard::WebhookTwice).await;
        portal.sandbox.tick().await.unwrap();
        let payment = portal.payment(started.payment.id).await;
        let bearers = (0..8).map(|_| gateway_events::ask_now(&portal.portal, &payment));
        for outcome in futures_util::future::join_all(bearers).await {
            outcome.unwrap();
        }
        portal.news_arrives().await;
        gateway_events::fetch_missed(&portal.portal).await.unwrap();
        portal.news_arrives().await;
        assert_eq!(state(portal, payment.id).await, PaymentState::Posted);
        assert_eq!(portal.left(&account).await, [0, 3_500, 6_000]);
        assert_eq!(portal.count("receipt").await, 1);
    }

    async fn a_webhook_that_never_comes_is_healed_by_the_payer_who_waits(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 8_000).await;
        portal.choose(&started, TestCard::WebhookNever).await;
        portal.news_arrives().await;
        assert_eq!(state(portal, started.payment.id).await, PaymentState::AwaitingPayer);
        gateway_events::ask_now(&portal.portal, &portal.payment(started.payment.id).await)
            .await
            .unwrap();
        assert_eq!(state(portal, started.payment.id).await, PaymentState::Posted);
    }

    async fn a_payer_who_asks_again_and_again_asks_the_gateway_every_few_seconds(
        portal: TestPortal
    ) {
        let account = three_months(portal).await;
        let payment = portal.started(&account, 8_000).await.payment.id;
        let mut asked = Vec::new();
        for pause in [10, 0, 2, 2, 10] {
            portal.clock.pass_seconds(pause);
            let waiting = portal.payment(payment).await;
            let answer = gateway_events::ask_now(&portal.portal, &waiting).await.unwrap();
            asked.push(answer.is_some());
        }
        assert_eq!(asked, [true, false, false, true, true]);
    }

    async fn a_webhook_that_never_comes_is_healed_by_the_list_of_events(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 8_000).await;
        portal.choose(&started, TestCard::WebhookNever).await;
        portal.news_arrives().await;
        let found = gateway_events::fetch_missed(&portal.portal).await.unwrap();
        assert!(found.events_found > 0);
        gateway_events::apply_due(&portal.portal).await.unwrap();
        assert_eq!(state(portal, started.payment.id).await, PaymentState::Posted);
    }

    async fn the_list_of_events_is_read_from_before_the_last_webhook_and_three_days_back(
        portal: TestPortal
    ) {
        let mut late = Vec::new();
        for (card, then) in [
            (TestCard::WebhookNever, 50 * 3_600),
            (TestCard::WebhookNever, 3_000),
            (TestCard::Success, 30),
        ] {
            let account = three_months(portal).await;
            let started = portal.started(&account, 8_000).await;
            portal.choose(&started, card).await;
            portal.news_arrives().await;
            late.push(started.payment.id);
            // The first is long before the last webhook: only where none ever came it is read of.
            if then > 3_600 {
                portal.clock.pass_seconds(then);
                let found = gateway_events::fetch_missed(&portal.portal).await.unwrap();
                assert!(found.events_found > 0);
                gateway_events::apply_due(&portal.portal).await.unwrap();
                assert_eq!(state(portal, started.payment.id).await, PaymentState::Posted);
            } else {
                portal.clock.pass_seconds(then);
            }
        }
        assert_eq!(state(portal, late[1]).await, PaymentState::AwaitingPayer);
        gateway_events::fetch_missed(&portal.portal).await.unwrap();
        gateway_events::apply_due(&portal.portal).await.unwrap();
        assert_eq!(state(portal, late[1]).await, PaymentState::Posted);
    }

    async fn a_declined_card_takes_nothing_and_another_pays_the_same_payment(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 12_000).await;
        portal.choose(&started, TestCard::InsufficientFunds).await;
        portal.news_arrives().await;
        let payment = portal.payment(started.payment.id).await;
        let stage = payment.state.stage(payment.decline.is_some());
        assert_eq!(stage, PaymentStage::Declined);
        assert_eq!(stage.money_taken(), MoneyTaken::No);
        assert_eq!(portal.left(&account).await, [8_000, 7_500, 6_000]);

        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        assert_eq!(state(portal, payment.id).await, PaymentState::Posted);
        assert_eq!(portal.left(&account).await, [0, 3_500, 6_000]);
    }

    async fn a_bill_that_arrived_meanwhile_is_shown_before_anything_is_charged(portal: TestPortal) {
        let account = three_months(portal).await;
        let wish = portal.wish(&account, 12_000).await;
        portal.bill(account.id, "2026-08-15", 2_000).await;
        let refusal = portal.start(wish).await.unwrap_err();
        assert_eq!(refusal.code(), "allocation-changed");
        assert_eq!(amounts(refusal.preview().unwrap()), [2_000, 8_000, 2_000]);
        assert_eq!(portal.count("payment").await, 0);
        assert_eq!(portal.intents().await, 0);
    }

    async fn a_second_tab_is_told_of_the_payment_in_progress(portal: TestPortal) {
        let account = three_months(portal).await;
        let (one, other) = (portal.wish(&account, 12_000).await, portal.wish(&account, 12_000).await);
        let first = portal.start(one).await.unwrap();
        let refusal = portal.start(other).await.unwrap_err();
        assert_eq!(refusal.code(), "balance-reserved");
        assert_eq!(refusal.payment_id(), Some(first.payment.id));
        assert_eq!(portal.count("payment").await, 1);
        // What the first leaves can be paid beside it, once the payer has seen it.
        let second = portal.started(&account, 9_500).await;
        assert_eq!(amounts(&second.payment.preview), [3_500, 6_000]);
    }

    async fn two_tabs_at_once_start_one_payment(portal: TestPortal) {
        let account = three_months(portal).await;
        let mut wishes = Vec::new();
        for _ in 0..6 {
            wishes.push(portal.wish(&account, 21_500).await);
        }
        let starts = wishes.into_iter().map(|wish| portal.start(wish));
        let outcomes = futures_util::future::join_all(starts).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        for refusal in outcomes.into_iter().filter_map(Result::err) {
            assert_eq!(refusal.code(), "balance-reserved");
        }
    }

    async fn the_same_request_again_is_the_same_payment(portal: TestPortal) {
        let account = three_months(portal).await;
        let wish = portal.wish(&account, 12_000).await;
        let first = portal.start(wish.clone()).await.unwrap();
        let second = portal.start(wish.clone()).await.unwrap();
        assert!(!first.repeated && second.repeated);
        assert_eq!(first.payment.id, second.payment.id);
        assert_eq!(first.intent.unwrap().gateway_ref, second.intent.unwrap().gateway_ref);
        assert_eq!(portal.intents().await, 1);

        let mut other_body = wish;
        other_body.request.amount = MinorUnits::new(11_000);
        assert_eq!(portal.start(other_body).await.unwrap_err().code(), "idempotency-key-reused");
    }

    async fn the_same_request_many_times_at_once_is_one_payment(portal: TestPortal) {
        let account = three_months(portal).await;
        let wish = portal.wish(&account, 12_000).await;
        let starts = (0..6).map(|_| portal.start(wish.clone()));
        for outcome in futures_util::future::join_all(starts).await {
            assert_eq!(outcome.unwrap().payment.id, wish.request.id);
        }
        assert_eq!(portal.count("payment").await, 1);
        assert_eq!(portal.intents().await, 1);
    }

    async fn a_lost_answer_blocks_and_resolves_to_one_intent(portal: TestPortal) {
        let account = three_months(portal).await;
        portal.sandbox.order_mishaps([const { Mishap::ActThenHangUp }; 3]);
        let wish = portal.wish(&account, 12_000).await;
        let id = wish.request.id;
        let outcome = portal.start(wish).await.unwrap();
        assert_eq!(outcome.payment.state, PaymentState::Unknown);
        assert!(outcome.intent.is_none());
        // What it holds cannot be paid a second time.
        let others = portal.view(&account).await;
        assert_eq!(others.items.iter().map(|item| item.available().get()).sum::<i64>(), 9_500);

        portal.clock.pass_seconds(5 * 60);
        let swept = gateway_events::sweep(&portal.portal).await.unwrap();
        assert_eq!(swept.looked_at, 1);
        assert_eq!(state(portal, id).await, PaymentState::AwaitingPayer);
        assert_eq!(portal.intents().await, 1);
    }

    async fn a_gateway_that_is_down_leaves_the_payment_in_doubt_and_the_sweep_asks_again(
        portal: TestPortal
    ) {
        let account = three_months(portal).await;
        portal.sandbox.order_mishaps([const { Mishap::Html502 }; 3]);
        let wish = portal.wish(&account, 12_000).await;
        let id = wish.request.id;
        assert_eq!(portal.start(wish).await.unwrap().payment.state, PaymentState::Unknown);
        portal.clock.pass_seconds(5 * 60);
        portal.sandbox.order_mishaps([const { Mishap::Fail }; 3]);
        gateway_events::sweep(&portal.portal).await.unwrap();
        assert_eq!(state(portal, id).await, PaymentState::Unknown);
        // Not again at once, but after an hour.
        assert_eq!(gateway_events::sweep(&portal.portal).await.unwrap().looked_at, 0);
        portal.clock.pass_seconds(60 * 60);
        gateway_events::sweep(&portal.portal).await.unwrap();
        assert_eq!(portal.intents().await, 1);
        assert_ne!(state(portal, id).await, PaymentState::Unknown);
    }

    async fn a_key_too_old_to_repeat_is_never_sent_again(portal: TestPortal) {
        let account = three_months(portal).await;
        portal.sandbox.order_mishaps([const { Mishap::Html502 }; 3]);
        let wish = portal.wish(&account, 12_000).await;
        let id = wish.request.id;
        portal.start(wish).await.unwrap();
        portal.clock.pass_seconds(25 * 3_600);
        gateway_events::sweep(&portal.portal).await.unwrap();
        assert_eq!(portal.intents().await, 0);
        assert_eq!(state(portal, id).await, PaymentState::Failed);
        assert_eq!(portal.count("reservation").await, 0);
    }

    async fn time_that_ran_out_frees_the_bills_once_the_gateway_confirms(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 12_000).await;
        portal.clock.pass_seconds(31 * 60);
        gateway_events::sweep(&portal.portal).await.unwrap();
        assert_eq!(state(portal, started.payment.id).await, PaymentState::Expired);
        assert_eq!(portal.count("reservation").await, 0);
        // Nobody can pay it any more.
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        assert_eq!(state(portal, started.payment.id).await, PaymentState::Expired);
        assert_eq!(portal.left(&account).await, [8_000, 7_500, 6_000]);
    }

    async fn a_payment_made_just_before_it_expired_is_posted(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 12_000).await;
        portal.choose(&started, TestCard::WebhookNever).await;
        portal.clock.pass_seconds(31 * 60);
        gateway_events::sweep(&portal.portal).await.unwrap();
        assert_eq!(state(portal, started.payment.id).await, PaymentState::Posted);
        assert_eq!(portal.left(&account).await, [0, 3_500, 6_000]);
    }

    async fn an_expiry_the_gateway_did_not_confirm_keeps_the_reservation(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 12_000).await;
        portal.clock.pass_seconds(31 * 60);
        portal.sandbox.order_mishaps([const { Mishap::Html502 }; 3]);
        gateway_events::sweep(&portal.portal).await.unwrap();
        assert_eq!(state(portal, started.payment.id).await, PaymentState::AwaitingPayer);
        assert_eq!(portal.count("reservation").await, 2);
        portal.clock.pass_seconds(60);
        gateway_events::sweep(&portal.portal).await.unwrap();
        assert_eq!(state(portal, started.payment.id).await, PaymentState::Expired);
    }

    async fn a_bank_debit_holds_the_bills_until_the_bank_confirms(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 12_000).await;
        portal.choose(&started, TestCard::BankDebit).await;
        portal.news_arrives().await;
        assert_eq!(state(portal, started.payment.id).await, PaymentState::Processing);
        assert_eq!(portal.left(&account).await, [8_000, 7_500, 6_000]);
        assert_eq!(portal.count("reservation").await, 2);
        portal.clock.pass_seconds(60);
        portal.news_arrives().await;
        assert_eq!(state(portal, started.payment.id).await, PaymentState::Posted);
        assert_eq!(portal.left(&account).await, [0, 3_500, 6_000]);
    }

    async fn a_bank_debit_that_fails_gives_the_bills_back(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 12_000).await;
        portal.choose(&started, TestCard::BankDebitFails).await;
        portal.news_arrives().await;
        portal.clock.pass_seconds(60);
        portal.news_arrives().await;
        let payment = portal.payment(started.payment.id).await;
        assert_eq!(payment.state.stage(payment.decline.is_some()), PaymentStage::Declined);
        portal.clock.pass_seconds(31 * 60);
        gateway_events::sweep(&portal.portal).await.unwrap();
        assert_eq!(portal.count("reservation").await, 0);
        assert_eq!(portal.left(&account).await, [8_000, 7_500, 6_000]);
    }

    async fn a_payer_who_gives_up_frees_the_bills_at_once(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 12_000).await;
        let outcome = payments::cancel(&portal.portal, &portal.payment(started.payment.id).await).await;
        assert_eq!(outcome.unwrap(), Cancelled::Now(PaymentState::Cancelled));
        assert_eq!(portal.count("reservation").await, 0);
    }

    async fn giving_up_what_was_paid_a_moment_ago_posts_it(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 12_000).await;
        portal.choose(&started, TestCard::WebhookLate).await;
        let outcome = payments::cancel(&portal.portal, &portal.payment(started.payment.id).await).await;
        assert_eq!(outcome.unwrap(), Cancelled::Now(PaymentState::Posted));
        assert_eq!(portal.left(&account).await, [0, 3_500, 6_000]);
    }

    async fn a_bill_put_on_hold_while_the_payer_paid_shows_on_the_receipt(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 12_000).await;
        portal.hold(account.bills[0], "We check the meter").await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        let receipt = portal.receipt(&account, started.payment.id).await.unwrap();
        assert!(receipt.differs_from_preview);
        assert_eq!(portal.left(&account).await, [8_000, 0, 1_500]);
    }

    async fn money_that_no_longer_fits_becomes_credit_on_account(portal: TestPortal) {
        let account = portal.account(&[(AUGUST, 8_000)]).await;
        let started = portal.started(&account, 8_000).await;
        portal.hold(account.bills[0], "We check the meter").await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        let receipt = portal.receipt(&account, started.payment.id).await.unwrap();
        assert_eq!(receipt.credit_on_account, MinorUnits::new(8_000));
        assert_eq!(portal.view(&account).await.credit, MinorUnits::new(8_000));
    }

    async fn credit_on_account_pays_the_next_bills_oldest_first(portal: TestPortal) {
        let account = portal.account(&[(AUGUST, 5_000), (SEPTEMBER, 4_000)]).await;
        let started =
            [portal.started(&account, 5_000).await, portal.started(&account, 4_000).await];
        // The bills go on hold while the payer pays, so all of it becomes credit.
        for (bill, started) in account.bills.iter().zip(&started) {
            portal.hold(*bill, "We check the meter").await;
            portal.choose(started, TestCard::Success).await;
            portal.news_arrives().await;
            portal.clock.pass_seconds(1);
        }
        assert_eq!(portal.view(&account).await.credit, MinorUnits::new(9_000));
        portal.release(account.bills[1]).await;

        // 4,000 on the older bill first, then 5,000 of the new one: from both payments.
        let new = portal.bill(account.id, OCTOBER, 5_500).await;
        let now = TestAccount { bills: vec![account.bills[1], new], ..account.clone() };
        assert_eq!(portal.left(&now).await, [0, 500]);
        assert_eq!(portal.view(&account).await.credit, MinorUnits::ZERO);
        assert_eq!(portal.count("application").await, 3);
    }

    async fn many_payers_of_one_account_never_settle_a_cent_twice(portal: TestPortal) {
        let account = three_months(portal).await;
        let parts = [5_000_i64, 7_000, 3_000, 6_500];
        for part in parts {
            let started = portal.started(&account, part).await;
            portal.choose(&started, TestCard::Success).await;
        }
        portal.sandbox.tick().await.unwrap();
        let bearers = (0..4).map(|_| gateway_events::apply_due(&portal.portal));
        for outcome in futures_util::future::join_all(bearers).await {
            outcome.unwrap();
        }
        assert_eq!(portal.left(&account).await, [0, 0, 0]);
        assert_eq!(portal.count("receipt").await, 4);
    }

    async fn the_book_refuses_to_be_changed(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 12_000).await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        for table in ["posting", "entry", "application", "receipt"] {
            for change in [
                format!("delete from {table}"),
                format!("update {table} set account_id = account_id"),
            ] {
                let outcome = sqlx::query(sqlx::AssertSqlSafe(change.clone()))
                    .execute(portal.portal.db.read())
                    .await;
                let words = outcome.unwrap_err().to_string();
                assert!(words.contains("the book is append only"), "{change}: {words}");
            }
        }
    }
}
