//! The book is checked while the portal runs. A broken invariant stops posting and nothing else:
//! people still see what they owe, and the money that arrives is posted when the book is well.

use crate::support::{On, TestAccount, TestPortal};
use receivables::api::corrections::{AdjustmentKind, AdjustmentRequest};
use receivables::ids::PostingId;
use receivables::money::MinorUnits;
use receivables::payment::PaymentState;
use server::adjustments::{self, Proposal};
use server::db::{Command, DbError};
use server::gateway::sandbox::TestCard;
use server::health::{measure, readiness};
use server::ledger::{BookAccount, NewEntry, NewPosting, PostingKind};
use server::{gateway_events, ledger, work};
use sqlx::AnyConnection;

/// What somebody with the database's own tools could do, and undo.
const DAMAGE: &str = "update bill set open_amount = open_amount - 1 where open_amount = 7500";
const REPAIR: &str = "update bill set open_amount = open_amount + 1 where open_amount = 7499";

async fn tamper(portal: &TestPortal, sql: &'static str) {
    sqlx::query(sql).execute(portal.portal.db.read()).await.unwrap();
    work::check_the_book(&portal.portal).await.unwrap();
}

struct Book(NewPosting);

impl Command for Book {
    type Reply = ();
    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        ledger::append_many(tx, std::slice::from_ref(&self.0)).await
    }
}

/// One of these amounts, all at a gateway: only their sum matters here.
fn posting(portal: &TestPortal, account: &TestAccount, amounts: &[i64]) -> Book {
    let (ms, chance) = portal.portal.id_parts();
    let id = PostingId::from_parts(ms, &chance);
    let entry = |amount: &i64| NewEntry {
        book_account: BookAccount::Clearing("test".into()),
        bill_id: None,
        amount: MinorUnits::new(*amount),
    };
    Book(NewPosting {
        id,
        account_id: account.id,
        kind: PostingKind::PaymentReceived,
        source: "test".into(),
        source_ref: id.to_string(),
        payment_id: None,
        adjustment_id: None,
        effective_on: portal.portal.today(),
        recorded_at: portal.portal.now(),
        currency: account.currency,
        entries: amounts.iter().map(entry).collect(),
        applications: Vec::new(),
    })
}

stories! {
    async fn a_broken_book_stops_posting_and_what_arrived_is_posted_when_it_is_exact_again(
        portal: TestPortal
    ) {
        let account = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
        let waiting = portal.started(&account, 5_000).await;
        assert!(readiness(&portal.portal).await.is_ready());

        tamper(portal, DAMAGE).await;
        assert!(!readiness(&portal.portal).await.books);
        assert!(!measure(&portal.portal).await.unwrap().books_ok);
        let checked = portal.portal.book.last().unwrap();
        assert_eq!((checked.at, checked.broken.is_empty()), (portal.portal.now(), false));
        // Reading goes on, starting does not.
        assert_eq!(portal.left(&account).await, [8_000, 7_499]);
        let wish = portal.wish(&account, 1_000).await;
        let refusal = portal.start(wish).await.unwrap_err();
        assert_eq!((refusal.code(), refusal.status().as_u16()), ("books-halted", 503));

        let note = AdjustmentRequest {
            kind: AdjustmentKind::CreditNote,
            bill_id: None,
            amount: MinorUnits::new(100),
            currency: account.currency,
            reason: "the meter was read wrong".into(),
        };
        let (operator, key) = ("anna".to_owned(), Some("key".to_owned()));
        let account_id = account.id;
        let proposal = Proposal { operator, idempotency_key: key, account_id, request: note };
        let refusal = adjustments::propose(&portal.portal, proposal).await.unwrap_err();
        assert_eq!(refusal.code(), "books-halted", "staff post nothing either");

        // The payer's card is charged all the same; the webhook is stored and waits.
        portal.choose(&waiting, TestCard::Success).await;
        portal.news_arrives().await;
        assert_eq!(portal.payment(waiting.payment.id).await.state, PaymentState::AwaitingPayer);
        let seen = gateway_events::ask_now(&portal.portal, &waiting.payment).await.unwrap();
        assert!(seen.is_some());
        // Nobody is asked for a card again, and nothing is booked.
        assert_eq!(portal.payment(waiting.payment.id).await.state, PaymentState::Processing);
        assert_eq!(portal.count("application").await, 0);
        portal.clock.pass_seconds(60);
        assert_eq!(measure(&portal.portal).await.unwrap().oldest_unposted_event_seconds, 60);

        tamper(portal, REPAIR).await;
        assert!(readiness(&portal.portal).await.is_ready());
        gateway_events::apply_due(&portal.portal).await.unwrap();
        assert_eq!(portal.payment(waiting.payment.id).await.state, PaymentState::Posted);
        assert_eq!(portal.left(&account).await, [3_000, 7_500]);
        assert_eq!(measure(&portal.portal).await.unwrap().events_waiting, 0);
    }

    async fn a_posting_that_does_not_come_to_zero_or_says_nothing_is_refused(portal: TestPortal) {
        let account = portal.account(&[]).await;
        let before = portal.count("posting").await;
        for amounts in [&[100, -99][..], &[1], &[i64::MAX, 1], &[]] {
            let refused = portal.portal.db.write(posting(portal, &account, amounts)).await;
            assert!(refused.is_err(), "{amounts:?}");
        }
        assert_eq!(portal.count("posting").await, before);
        portal.portal.db.write(posting(portal, &account, &[100, -60, -40])).await.unwrap();
        assert_eq!(portal.count("posting").await, before + 1);
        assert_eq!(portal.count("entry").await, 3);
    }

    async fn giving_up_while_the_book_is_halted_loses_no_money_that_came_first(portal: TestPortal) {
        let account = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
        let paid = portal.started(&account, 5_000).await;
        portal.choose(&paid, TestCard::Success).await;
        tamper(portal, DAMAGE).await;
        let given_up = server::payments::cancel(&portal.portal, &paid.payment).await.unwrap();
        assert_eq!(given_up, server::payments::Cancelled::InDoubt);
        tamper(portal, REPAIR).await;
        portal.news_arrives().await;
        assert_eq!(portal.payment(paid.payment.id).await.state, PaymentState::Posted);
    }

    async fn a_check_beside_payments_never_finds_the_book_broken(portal: TestPortal) {
        let mut accounts = Vec::new();
        for _ in 0..6 {
            accounts.push(portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await);
        }
        let paying = async {
            for _ in 0..4 {
                let paid = accounts.iter().map(|account| async {
                    let started = portal.started(account, 1_000).await;
                    portal.choose(&started, TestCard::Success).await;
                });
                futures_util::future::join_all(paid).await;
                portal.news_arrives().await;
            }
        };
        let checks = std::cell::Cell::new(0);
        let checking = async {
            loop {
                for finding in ledger::check(portal.portal.db.read()).await.unwrap() {
                    assert!(finding.broken.is_empty(), "check {}: {finding:?}", checks.get());
                }
                checks.set(checks.get() + 1);
            }
        };
        futures_util::pin_mut!(paying);
        futures_util::pin_mut!(checking);
        futures_util::future::select(paying, checking).await;
        assert_eq!(portal.count("receipt").await, 24);
        println!("{} checks beside 24 payments", checks.get());
        assert!(checks.get() > 0);
    }

    async fn the_numbers_say_what_waits(portal: TestPortal) {
        let account = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
        let lost = portal.started(&account, 2_000).await;
        portal.choose(&lost, TestCard::Success).await;
        portal.news_arrives().await;
        let text = measure(&portal.portal).await.unwrap().text();
        for line in [
            "paydown_books_ok 1",
            "paydown_oldest_unposted_event_seconds 0",
            "paydown_attempts_unknown 0",
            "paydown_payments{state=\"posted\"} 1",
            "paydown_outbox_waiting 2",
            "paydown_work_items 0",
            "paydown_credit_on_account_minor{currency=\"USD\"} 0",
            "paydown_build_info{version=\"",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("example"), "nobody is named");
        // Every line is a comment or `name{labels} number`, every name is announced once.
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            value.parse::<i64>().unwrap();
            let name = name.split('{').next().unwrap();
            assert_eq!(text.matches(&format!("# TYPE {name} gauge\n")).count(), 1, "{line}");
        }
    }
}

#[tokio::test]
async fn a_portal_that_starts_on_a_broken_book_is_halted_from_the_first_request() {
    use server::start::{Injected, start};
    let portal = TestPortal::open(On::Sqlite).await.unwrap();
    portal.account(&[("2026-10-15", 7_500)]).await;
    sqlx::query(DAMAGE).execute(portal.portal.db.read()).await.unwrap();
    portal.portal.db.close().await;
    let url = format!("sqlite://{}/paydown.sqlite", portal.portal.settings.data_dir.display());
    let loaded = server::config::load(None, &[("database_url", url)]).unwrap();
    let again = start(loaded, Injected::from_the_machine(), "http://127.0.0.1:1").await.unwrap();
    assert!(again.portal.book.is_halted());
    assert!(!readiness(&again.portal).await.is_ready());
    again.portal.db.close().await;
}
