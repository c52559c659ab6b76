//! Stories of the work list: what the portal cannot settle by itself ends there, once, and
//! leaves it when it resolves itself or a person says so. Both databases.

use crate::support::browser::mails;
use crate::support::{On, StandingClock, TestAccount, TestPortal};
use receivables::payment::PaymentState;
use server::gateway::sandbox::{Mishap, TestCard};
use server::gateway_events;
use server::health::measure;
use server::outbox;
use server::work_list::{self, WorkListError};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

async fn one_bill(portal: &TestPortal) -> TestAccount {
    portal.account(&[("2026-09-15", 8_000)]).await
}

/// One round of the sweep while the gateway does not answer; how many payments it looked at.
async fn sweep_without_an_answer(portal: &TestPortal) -> u32 {
    portal.sandbox.order_mishaps([const { Mishap::Html502 }; 3]);
    let looked_at = gateway_events::sweep(&portal.portal).await.unwrap().looked_at;
    portal.sandbox.forget_mishaps();
    looked_at
}

async fn endings(portal: &TestPortal) -> Vec<String> {
    let query = "select ending from work_item where done_at is not null order by done_at";
    sqlx::query_scalar(query).fetch_all(portal.portal.db.read()).await.unwrap()
}

fn clock(portal: &TestPortal) -> &StandingClock {
    portal.clock.as_ref()
}

stories! {
    async fn a_payment_that_stays_unknown_is_looked_at_by_plan_and_then_waits_for_a_person(
        portal: TestPortal
    ) {
        let account = one_bill(portal).await;
        portal.sandbox.order_mishaps([const { Mishap::Html502 }; 3]);
        let wish = portal.wish(&account, 8_000).await;
        let id = portal.start(wish).await.unwrap().payment.id;
        for wait in [5 * MINUTE, HOUR, DAY, DAY, DAY, DAY, DAY] {
            assert!(portal.work().await.is_empty());
            clock(portal).pass_seconds(wait - 1);
            assert_eq!(sweep_without_an_answer(portal).await, 0);
            clock(portal).pass_seconds(1);
            assert_eq!(sweep_without_an_answer(portal).await, 1);
        }
        assert_eq!(portal.work().await, [("payment_unclear".into(), id.to_string())]);
        assert_eq!(measure(&portal.portal).await.unwrap().work_items, 1);
        assert_eq!(portal.count("reservation").await, 1);

        // From now on weekly, and the item stays one.
        clock(portal).pass_seconds(WEEK - 1);
        assert_eq!(sweep_without_an_answer(portal).await, 0);
        clock(portal).pass_seconds(1);
        assert_eq!(sweep_without_an_answer(portal).await, 1);
        assert_eq!(portal.count("work_item").await, 1);

        // The gateway answers again: no intent carries our note, so nothing was paid.
        clock(portal).pass_seconds(WEEK);
        gateway_events::sweep(&portal.portal).await.unwrap();
        assert_eq!(portal.payment(id).await.state, PaymentState::Failed);
        assert!(portal.work().await.is_empty());
        assert_eq!(endings(portal).await, ["resolved: the payment is failed"]);
        assert_eq!(portal.count("reservation").await, 0);
    }

    async fn a_debit_the_bank_never_confirms_is_looked_at_for_a_quarter_and_no_longer(
        portal: TestPortal
    ) {
        let account = one_bill(portal).await;
        let started = portal.started(&account, 8_000).await;
        portal.choose(&started, TestCard::BankDebit).await;
        gateway_events::ask_now(&portal.portal, &portal.payment(started.payment.id).await)
            .await
            .unwrap();
        let mut looks = 0;
        for day in 0..200 {
            looks += gateway_events::sweep(&portal.portal).await.unwrap().looked_at;
            assert_eq!(gateway_events::sweep(&portal.portal).await.unwrap().looked_at, 0);
            assert_eq!(portal.work().await.len(), usize::from(day >= 8), "day {day}");
            clock(portal).pass_seconds(DAY);
        }
        assert_eq!(looks, 8 + 12);
        let id = started.payment.id;
        assert_eq!(portal.work().await, [("payment_slow".into(), id.to_string())]);
        assert_eq!(portal.payment(id).await.look_at, None);

        // The bank's word still comes by webhook, and takes it off the list.
        portal.news_arrives().await;
        assert_eq!(portal.payment(id).await.state, PaymentState::Posted);
        assert!(portal.work().await.is_empty());
        assert_eq!(endings(portal).await, ["resolved: the payment is posted"]);
    }

    async fn a_debit_stays_at_the_bank_while_the_gateway_does_not_answer(portal: TestPortal) {
        let account = one_bill(portal).await;
        let started = portal.started(&account, 8_000).await;
        portal.choose(&started, TestCard::BankDebit).await;
        gateway_events::ask_now(&portal.portal, &portal.payment(started.payment.id).await)
            .await
            .unwrap();
        clock(portal).pass_seconds(DAY);
        assert_eq!(sweep_without_an_answer(portal).await, 1);
        assert_eq!(portal.payment(started.payment.id).await.state, PaymentState::Processing);
    }

    async fn an_expiry_that_is_never_confirmed_ends_on_the_work_list(portal: TestPortal) {
        let account = one_bill(portal).await;
        let id = portal.started(&account, 8_000).await.payment.id;
        for wait in [30 * MINUTE, MINUTE, 5 * MINUTE, HOUR, DAY, DAY, DAY, DAY, DAY] {
            assert!(portal.work().await.is_empty());
            clock(portal).pass_seconds(wait);
            assert_eq!(sweep_without_an_answer(portal).await, 1);
        }
        assert_eq!(portal.work().await, [("payment_unclear".into(), id.to_string())]);
        clock(portal).pass_seconds(WEEK);
        gateway_events::sweep(&portal.portal).await.unwrap();
        assert_eq!(portal.payment(id).await.state, PaymentState::Expired);
        assert!(portal.work().await.is_empty());
    }

    async fn declined_cards_do_not_use_up_the_looks(portal: TestPortal) {
        let account = one_bill(portal).await;
        let started = portal.started(&account, 8_000).await;
        for n in 0..12 {
            let card = if n % 2 == 0 { TestCard::Declined } else { TestCard::InsufficientFunds };
            portal.choose(&started, card).await;
            portal.news_arrives().await;
        }
        let payment = portal.payment(started.payment.id).await;
        assert_eq!((payment.looks, payment.look_at), (0, Some(payment.expires_at)));
        assert!(portal.work().await.is_empty());
    }

    async fn news_that_cannot_be_acted_upon_wait_for_a_person_and_are_tried_on(
        portal: TestPortal
    ) {
        let account = one_bill(portal).await;
        let started = portal.started(&account, 8_000).await;
        portal.choose(&started, TestCard::Success).await;
        portal.sandbox.tick().await.unwrap();
        for _ in 0..11 {
            assert!(portal.work().await.is_empty());
            portal.sandbox.order_mishaps([const { Mishap::Fail }; 3]);
            assert_eq!(gateway_events::apply_due(&portal.portal).await.unwrap().again_later, 1);
            portal.sandbox.forget_mishaps();
            clock(portal).pass_seconds(HOUR);
        }
        assert_eq!(portal.work().await[0].0, "event_not_applied");
        portal.news_arrives().await;
        assert_eq!(portal.payment(started.payment.id).await.state, PaymentState::Posted);
        assert!(portal.work().await.is_empty());
    }

    async fn news_of_other_things_are_counted_and_acted_upon_in_one_go_however_many(
        portal: TestPortal
    ) {
        portal
            .execute(
                "insert into gateway_event (event_id, kind, object_id, livemode, body, \
                 received_at, due_at) with recursive n(i) as (select 1 union all \
                 select i + 1 from n where i < 120) \
                 select 'evt_' || i, 'customer.created', 'cus_' || i, 0, '', 0, 0 from n",
            )
            .await;
        let count = gateway_events::apply_due(&portal.portal).await.unwrap();
        assert_eq!((count.applied, count.again_later), (120, 0));
        let told = "gateway_event where outcome = 'not about a payment of ours'";
        assert_eq!(portal.count(told).await, 120);
        assert!(portal.work().await.is_empty());
    }

    async fn a_mail_that_cannot_be_sent_waits_for_a_person_and_is_tried_on(portal: TestPortal) {
        let account = one_bill(portal).await;
        // A file where the folder should be.
        let folder = portal.portal.settings.data_dir.join("mail");
        std::fs::write(&folder, "in the way").unwrap();
        let started = portal.started(&account, 8_000).await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        for _ in 0..8 {
            assert!(portal.work().await.is_empty());
            outbox::deliver_due(&portal.portal).await.unwrap();
            clock(portal).pass_seconds(HOUR);
        }
        assert_eq!(portal.work().await[0].0, "not_delivered");
        let words: String = sqlx::query_scalar("select why from work_item")
            .fetch_one(portal.portal.db.read())
            .await
            .unwrap();
        assert_eq!(words, "A receipt_mail was not delivered in 8 tries; they go on.");
        std::fs::remove_file(&folder).unwrap();
        clock(portal).pass_seconds(6 * HOUR);
        outbox::deliver_due(&portal.portal).await.unwrap();
        assert_eq!(mails(&portal.portal).len(), 1);
        assert!(portal.work().await.is_empty());
    }

    async fn an_intent_that_does_not_fit_its_payment_waits_for_a_person(portal: TestPortal) {
        let account = one_bill(portal).await;
        let started = portal.started(&account, 8_000).await;
        portal.choose(&started, TestCard::Success).await;
        let change = "update sandbox_object set document = replace(document, '8000', '7000') \
                      where kind = 'intent'";
        sqlx::query(change).execute(portal.portal.db.read()).await.unwrap();
        for _ in 0..3 {
            portal.news_arrives().await;
            let payment = portal.payment(started.payment.id).await;
            clock(portal).pass_seconds(10);
            gateway_events::ask_now(&portal.portal, &payment).await.unwrap();
        }
        let gateway_ref = started.intent.unwrap().gateway_ref;
        assert_eq!(portal.work().await, [("intent_differs".into(), gateway_ref)]);
        assert_eq!(portal.count("reservation").await, 1);
    }

    async fn a_person_ends_an_item_with_a_note(portal: TestPortal) {
        let account = one_bill(portal).await;
        let started = portal.started(&account, 8_000).await;
        let payment = portal.payment(started.payment.id).await;
        let mut intent = started.intent.unwrap();
        intent.amount = receivables::money::MinorUnits::new(1);
        let take = || server::payments::news::take(&portal.portal, &payment, &intent, None);
        take().await.unwrap();

        let (database, clock) = (&portal.portal.db, portal.portal.clock.as_ref());
        let listed = work_list::table(database).await.unwrap();
        assert!(listed.contains(&intent.gateway_ref), "{listed}");
        assert!(listed.contains("1 item waits."), "{listed}");
        assert!(!listed.contains("Ada") && !listed.contains('@'), "{listed}");
        let id = listed.split_whitespace().next().unwrap().to_owned();
        let finish = |id: &str, note: &str| {
            let (id, note) = (id.to_owned(), note.to_owned());
            async move { work_list::finish(database, clock, &id, &note).await }
        };
        for note in ["", "  ", "two\nlines", &"x".repeat(501)] {
            assert!(matches!(finish(&id, note).await, Err(WorkListError::Note)));
        }
        assert!(matches!(finish("work_1", "done").await, Err(WorkListError::NotAnId(_))));
        finish(&id, "cancelled in the dashboard").await.unwrap();
        assert!(matches!(finish(&id, "again").await, Err(WorkListError::NotOpen(_))));
        assert_eq!(endings(portal).await, ["done: cancelled in the dashboard"]);
        assert_eq!(work_list::table(database).await.unwrap(), "Nothing waits for you.\n");

        // What happens again is a new item.
        take().await.unwrap();
        assert_eq!(portal.work().await.len(), 1);
        assert_eq!(portal.count("work_item").await, 2);
    }
}
