//! Stories of what must not happen to a payer's money: asked for twice, posted twice or not at
//! all, held for ever, told as not taken when it may be. Both databases, the sandbox gateway.

use crate::support::{On, TestAccount, TestPortal};
use futures_util::future::join_all;
use receivables::allocation::preview;
use receivables::calendar::{CivilDate, Micros};
use receivables::ids::{ApplicationId, PaymentId, PostingId};
use receivables::money::{Currency, MinorUnits};
use receivables::payment::{MoneyTaken, PaymentEvent, PaymentState};
use receivables::tender::Tender;
use server::bills::open_items;
use server::db::{Command, DbError};
use server::external_payments::{Settled, record_settled};
use server::gateway::sandbox::{Mishap, TestCard};
use server::gateway_events;
use server::payments::{self, Cancelled, news};
use sqlx::AnyConnection;

const AUGUST: &str = "2026-09-15";
const SEPTEMBER: &str = "2026-10-15";
const OCTOBER: &str = "2026-12-15";
const HOUR: i64 = 3_600;

async fn three_months(portal: &TestPortal) -> TestAccount {
    portal.account(&[(AUGUST, 8_000), (SEPTEMBER, 7_500), (OCTOBER, 6_000)]).await
}

async fn state(portal: &TestPortal, id: PaymentId) -> PaymentState {
    portal.payment(id).await.state
}

async fn sweep(portal: &TestPortal) -> u32 {
    gateway_events::sweep(&portal.portal).await.unwrap().looked_at
}

/// Something is done to the database that no room of ours does.
async fn tamper(portal: &TestPortal, change: String) {
    let done = sqlx::query(sqlx::AssertSqlSafe(change)).execute(portal.portal.db.read()).await;
    assert!(done.unwrap().rows_affected() > 0);
}

/// The biller received all of a bill elsewhere.
struct SettledElsewhere {
    account: TestAccount,
    settled: Settled,
    now: Micros,
}

impl Command for SettledElsewhere {
    type Reply = ();
    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        server::accounts::lock(tx, self.account.id).await?;
        let (id, currency) = (self.account.id, self.account.currency);
        record_settled(tx, id, currency, std::slice::from_ref(&self.settled), self.now).await
    }
}

async fn settle_elsewhere(portal: &TestPortal, account: &TestAccount, bill: usize) {
    let items = open_items(portal.portal.db.read(), account.id).await.unwrap();
    let item = items.into_iter().find(|stored| stored.item.bill_id == account.bills[bill]).unwrap();
    let id = || portal.portal.id_parts();
    let (payment, posting, application) = (id(), id(), id());
    let now = portal.portal.now();
    let settled = Settled {
        payment_id: PaymentId::from_parts(payment.0, &payment.1),
        posting_id: PostingId::from_parts(posting.0, &posting.1),
        application_id: ApplicationId::from_parts(application.0, &application.1),
        item: item.item,
        settled_on: portal.portal.today(),
        settled_at: now,
        tender: Tender::Transfer,
        source: "import",
        source_ref: "somewhere else".into(),
    };
    let command = SettledElsewhere { account: account.clone(), settled, now };
    portal.portal.db.write(command).await.unwrap();
}

stories! {
    async fn a_request_repeated_a_day_later_does_not_use_the_old_key(portal: TestPortal) {
        let account = three_months(portal).await;
        portal.sandbox.order_mishaps([const { Mishap::ActThenHangUp }; 3]);
        let wish = portal.wish(&account, 12_000).await;
        let first = portal.start(wish.clone()).await.unwrap();
        assert_eq!(first.payment.state, PaymentState::Unknown);
        portal.clock.pass_seconds(25 * HOUR);
        let again = portal.start(wish).await.unwrap();
        assert_eq!(again.payment.state, PaymentState::Unknown);
        assert!(again.intent.is_none());
        assert_eq!(portal.intents().await, 1);
        // The note on the intent tells.
        sweep(portal).await;
        assert_eq!(state(portal, first.payment.id).await, PaymentState::AwaitingPayer);
        assert_eq!(portal.intents().await, 1);
    }

    async fn a_crowd_at_the_gateway_does_not_settle_what_an_earlier_call_did(portal: TestPortal) {
        let account = three_months(portal).await;
        let wish = portal.wish(&account, 12_000).await;
        let id = portal.start(wish.clone()).await.unwrap().payment.id;
        // As if we had stopped between the gateway's answer and our note of it.
        let change = format!("update payment set state = 'created', gateway_ref = null where id = '{id}'");
        tamper(portal, change).await;
        portal.sandbox.order_mishaps([const { Mishap::Crowd { retry_after_seconds: 1 } }; 3]);
        let repeated = portal.start(wish).await.unwrap();
        assert_eq!(repeated.payment.state, PaymentState::Unknown);
        assert_eq!(portal.count("reservation").await, 2);
    }

    async fn only_the_session_that_started_a_payment_is_handed_its_secret(portal: TestPortal) {
        let account = three_months(portal).await;
        let wish = portal.wish(&account, 12_000).await;
        assert!(portal.start(wish.clone()).await.unwrap().intent.is_some());
        let mut elsewhere = wish.clone();
        elsewhere.session_hash = "another session".into();
        assert!(portal.start(elsewhere).await.unwrap().intent.is_none());
        assert!(portal.start(wish).await.unwrap().intent.is_some());
    }

    async fn a_request_repeated_after_the_card_was_charged_shows_that_it_was(portal: TestPortal) {
        let account = three_months(portal).await;
        let wish = portal.wish(&account, 12_000).await;
        let started = portal.start(wish.clone()).await.unwrap();
        portal.choose(&started, TestCard::WebhookNever).await;
        assert_eq!(portal.start(wish).await.unwrap().payment.state, PaymentState::Posted);
        assert_eq!(portal.left(&account).await, [0, 3_500, 6_000]);
    }

    async fn no_secret_of_an_intent_is_kept_with_its_events(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 12_000).await;
        let intent = started.intent.as_ref().unwrap();
        let secret = intent.client_secret.as_ref().unwrap().reveal().to_owned();
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        let pool = portal.portal.db.read();
        let query = "select body from gateway_event where body <> ''";
        let bodies: Vec<String> = sqlx::query_scalar(query).fetch_all(pool).await.unwrap();
        assert!(bodies.iter().any(|body| body.contains(&intent.gateway_ref)));
        assert!(!bodies.iter().any(|body| body.contains(&secret)));
    }

    async fn many_wishes_to_cancel_at_once_all_get_an_answer(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 12_000).await;
        let payment = portal.payment(started.payment.id).await;
        let wishes = (0..8).map(|_| payments::cancel(&portal.portal, &payment));
        for outcome in join_all(wishes).await {
            assert_eq!(outcome.unwrap(), Cancelled::Now(PaymentState::Cancelled));
        }
        assert_eq!(portal.count("reservation").await, 0);
    }

    async fn a_cancel_whose_answer_is_lost_is_found_out(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 12_000).await;
        portal.sandbox.order_mishaps([const { Mishap::ActThenHangUp }; 3]);
        let payment = portal.payment(started.payment.id).await;
        let outcome = payments::cancel(&portal.portal, &payment).await.unwrap();
        assert_eq!(outcome, Cancelled::InDoubt);
        assert_eq!(portal.count("reservation").await, 2);
        gateway_events::ask_now(&portal.portal, &payment).await.unwrap();
        assert_eq!(state(portal, payment.id).await, PaymentState::Cancelled);
        assert_eq!(portal.count("reservation").await, 0);
    }

    async fn a_debit_cancelled_at_the_gateway_after_its_time_frees_the_bills(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 12_000).await;
        // The bank was confirming, and somebody cancelled it at the gateway.
        let event = PaymentEvent::BankIsConfirming;
        let id = started.payment.id;
        news::happen(&portal.portal, id, event, news::Facts::default(), None).await.unwrap();
        let gateway_ref = &started.intent.as_ref().unwrap().gateway_ref;
        portal.portal.gateway.cancel_intent(gateway_ref, "by_hand").await.unwrap();
        portal.clock.pass_seconds(2 * HOUR);
        assert_eq!(sweep(portal).await, 1);
        assert_eq!(state(portal, id).await, PaymentState::Cancelled);
        assert_eq!(portal.count("reservation").await, 0);
        assert_eq!(sweep(portal).await, 0);
    }

    async fn a_debit_still_under_way_after_its_time_is_not_ended(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 12_000).await;
        portal.choose(&started, TestCard::BankDebit).await;
        gateway_events::ask_now(&portal.portal, &portal.payment(started.payment.id).await)
            .await
            .unwrap();
        portal.clock.pass_seconds(2 * HOUR);
        assert_eq!(sweep(portal).await, 1);
        assert_eq!(state(portal, started.payment.id).await, PaymentState::Processing);
        assert_eq!(portal.count("reservation").await, 2);
        assert_eq!(sweep(portal).await, 0);
        portal.news_arrives().await;
        assert_eq!(state(portal, started.payment.id).await, PaymentState::Posted);
    }

    async fn one_payment_that_cannot_be_read_does_not_hold_up_the_others(portal: TestPortal) {
        let (one, other) = (three_months(portal).await, three_months(portal).await);
        let broken = portal.started(&one, 12_000).await.payment.id;
        let sound = portal.started(&other, 12_000).await.payment.id;
        let kept = sqlx::query_scalar::<_, String>("select preview from payment where id = $1");
        let pool = portal.portal.db.read();
        let kept = kept.bind(broken.to_string()).fetch_one(pool).await.unwrap();
        let set = |text: &str| format!("update payment set preview = '{text}' where id = '{broken}'");
        tamper(portal, set("{}")).await;
        portal.clock.pass_seconds(31 * 60);
        sweep(portal).await;
        assert_eq!(state(portal, sound).await, PaymentState::Expired);
        tamper(portal, set(&kept)).await;
        sweep(portal).await;
        assert_eq!(state(portal, broken).await, PaymentState::Expired);
    }

    async fn one_payment_that_cannot_be_ended_is_put_off_and_the_others_are(portal: TestPortal) {
        let (one, other) = (three_months(portal).await, three_months(portal).await);
        let broken = portal.started(&one, 12_000).await.payment.id;
        let sound = portal.started(&other, 12_000).await.payment.id;
        let set = |to: &str| format!("update account set currency = '{to}' where id = '{}'", one.id);
        tamper(portal, set("ZZZ")).await;
        portal.clock.pass_seconds(31 * 60);
        assert_eq!(sweep(portal).await, 2);
        assert_eq!(state(portal, sound).await, PaymentState::Expired);
        assert_eq!(sweep(portal).await, 0);
        tamper(portal, set("USD")).await;
        portal.clock.pass_seconds(24 * 3_600);
        assert_eq!(sweep(portal).await, 1);
        assert_eq!(state(portal, broken).await, PaymentState::Expired);
    }

    async fn looking_at_all_payments_ends_none_before_its_time(portal: TestPortal) {
        for _ in 0..2 {
            let account = three_months(portal).await;
            portal.started(&account, 12_000).await;
        }
        assert_eq!(gateway_events::look_at_all(&portal.portal).await.unwrap(), 2);
        assert_eq!(portal.count("payment where state = 'awaiting_payer'").await, 2);
        portal.clock.pass_seconds(31 * 60);
        assert_eq!(gateway_events::look_at_all(&portal.portal).await.unwrap(), 2);
        assert_eq!(portal.count("payment where state = 'expired'").await, 2);
    }

    async fn money_of_another_amount_than_asked_is_never_told_as_not_taken(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 12_000).await;
        portal.choose(&started, TestCard::WebhookNever).await;
        let change = "update sandbox_object set document = replace(document, '12000', '11000') \
                      where kind = 'intent'";
        tamper(portal, change.into()).await;
        let payment = portal.payment(started.payment.id).await;
        gateway_events::ask_now(&portal.portal, &payment).await.unwrap();
        let payment = portal.payment(payment.id).await;
        assert_eq!(payment.state, PaymentState::Unknown);
        assert_eq!(payment.state.stage(false).money_taken(), MoneyTaken::Unknown);
        assert_eq!(portal.count("reservation").await, 2);
        // Looked at now and then, and never in a loop.
        portal.clock.pass_seconds(31 * 60);
        assert_eq!(sweep(portal).await, 1);
        assert_eq!(sweep(portal).await, 0);
        assert_eq!(state(portal, payment.id).await, PaymentState::Unknown);
    }

    async fn money_received_in_part_is_posted_as_received(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 12_000).await;
        portal.choose(&started, TestCard::WebhookNever).await;
        let change = "update sandbox_object set document = replace(document, \
                      '\"amount_received\":12000', '\"amount_received\":9000') where kind = 'intent'";
        tamper(portal, change.into()).await;
        gateway_events::ask_now(&portal.portal, &portal.payment(started.payment.id).await)
            .await
            .unwrap();
        let payment = portal.payment(started.payment.id).await;
        assert_eq!((payment.state, payment.received), (PaymentState::Posted, MinorUnits::new(9_000)));
        assert_eq!(portal.left(&account).await, [0, 6_500, 6_000]);
        let receipt = portal.receipt(&account, payment.id).await.unwrap();
        assert!(receipt.differs_from_preview);
        assert_eq!(portal.count("reservation").await, 0);
    }

    async fn news_of_an_intent_that_another_payment_posted_frees_nothing(portal: TestPortal) {
        let account = three_months(portal).await;
        let paid = portal.started(&account, 8_000).await;
        portal.choose(&paid, TestCard::Success).await;
        portal.news_arrives().await;
        portal.sandbox.order_mishaps([const { Mishap::ActThenHangUp }; 3]);
        let wish = portal.wish(&account, 8_000).await;
        let doubtful = portal.start(wish).await.unwrap().payment;
        let held = portal.count("reservation").await;
        let mut intent = paid.intent.unwrap();
        intent = portal.portal.gateway.retrieve_intent(&intent.gateway_ref).await.unwrap();
        intent.payment_id = Some(doubtful.id);
        let outcome = news::take(&portal.portal, &doubtful, &intent, None).await.unwrap();
        assert!(matches!(outcome, news::NewsOutcome::SetAside(_)));
        assert_eq!(state(portal, doubtful.id).await, PaymentState::Unknown);
        assert_eq!(portal.count("reservation").await, held);
        assert_eq!(portal.count("receipt").await, 1);
    }

    async fn the_third_tab_is_told_of_the_payments_in_progress_too(portal: TestPortal) {
        let account = three_months(portal).await;
        let late = portal.wish(&account, 12_000).await;
        let most = portal.wish(&account, 21_500).await;
        portal.started(&account, 6_000).await;
        portal.started(&account, 7_000).await;
        assert_eq!(portal.start(late).await.unwrap_err().code(), "balance-reserved");
        let refusal = portal.start(most).await.unwrap_err();
        assert_eq!(refusal.code(), "balance-reserved");
        assert!(refusal.payment_id().is_some());
    }

    async fn a_card_charged_before_midnight_is_dated_that_day_however_late_the_news(
        portal: TestPortal
    ) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 12_000).await;
        let day = portal.portal.today();
        portal.choose(&started, TestCard::WebhookNever).await;
        portal.clock.pass_seconds(26 * HOUR);
        assert_ne!(portal.portal.today(), day);
        sweep(portal).await;
        let receipt = portal.receipt(&account, started.payment.id).await.unwrap();
        assert_eq!(receipt.paid_on, day);
        let query = "select effective_on from posting where kind = 'payment_received'";
        let pool = portal.portal.db.read();
        let effective_on: String = sqlx::query_scalar(query).fetch_one(pool).await.unwrap();
        assert_eq!(CivilDate::parse(&effective_on).unwrap(), day);
    }

    async fn a_bill_settled_elsewhere_while_it_is_being_paid_holds_nothing_more(
        portal: TestPortal
    ) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 12_000).await;
        settle_elsewhere(portal, &account, 0).await;
        portal.the_book_is_exact().await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        // Received is received: the next bills take it.
        assert_eq!(portal.left(&account).await, [0, 0, 1_500]);
        let receipt = portal.receipt(&account, started.payment.id).await.unwrap();
        assert!(receipt.differs_from_preview);
    }

    async fn yen_are_paid_in_yen(portal: TestPortal) {
        let account = portal.account_in(Currency::JPY, &[(AUGUST, 8_000), (OCTOBER, 501)]).await;
        let started = portal.started(&account, 8_001 + 400).await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        assert_eq!(state(portal, started.payment.id).await, PaymentState::Posted);
        assert_eq!(portal.left(&account).await, [0, 100]);
    }

    async fn a_currency_the_gateway_counts_otherwise_is_refused_before_anything_is_held(
        portal: TestPortal
    ) {
        for code in ["ISK", "UGX", "MGA"] {
            let currency = Currency::parse(code).unwrap();
            let account = portal.account_in(currency, &[(AUGUST, 80_000)]).await;
            let wish = portal.wish(&account, 80_000).await;
            assert_eq!(portal.start(wish).await.unwrap_err().code(), "currency-invalid");
        }
        let account = portal.account_in(Currency::KWD, &[(AUGUST, 12_340)]).await;
        let wish = portal.wish(&account, 1_234).await;
        assert_eq!(portal.start(wish).await.unwrap_err().code(), "amount-invalid");
        assert_eq!(portal.count("payment").await, 0);
        let started = portal.started(&account, 1_230).await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        assert_eq!(portal.left(&account).await, [11_110]);
    }

    async fn a_preview_and_its_posting_agree_where_nothing_changed(portal: TestPortal) {
        let account = three_months(portal).await;
        let view = portal.view(&account).await;
        let amount = MinorUnits::new(9_999);
        let seen = preview(&view.snapshot(), amount, &Default::default()).unwrap();
        let started = portal.started(&account, 9_999).await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        let receipt = portal.receipt(&account, started.payment.id).await.unwrap();
        let posted: Vec<_> = receipt.lines.iter().map(|l| (l.bill_id, l.amount)).collect();
        let shown: Vec<_> = seen.lines.iter().map(|l| (l.bill_id, l.amount)).collect();
        assert_eq!(posted, shown);
        assert_eq!(receipt.left_to_pay, seen.owed_after);
    }
}
