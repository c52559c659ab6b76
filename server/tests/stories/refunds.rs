//! Stories of money that goes back: refunds, whole and in part, that are done, in doubt, refused
//! and returned. Both databases, the sandbox gateway over HTTP; every story ends with every
//! invariant of the book asked.

use crate::support::browser;
use crate::support::{On, TestAccount, TestPortal};
use receivables::api::refunds::RefundRequest;
use receivables::ids::{PaymentId, RefundId};
use receivables::money::{Currency, MinorUnits};
use receivables::refund::RefundState;
use serde_json::json;
use server::gateway::sandbox::{Mishap, TestCard};
use server::gateway_events;
use server::payments::{self, RefundRecord, Refunding};
use server::problem::Refusal;

const AUGUST: &str = "2026-09-15";
const SEPTEMBER: &str = "2026-10-15";

/// 80.00 and 75.00 owed, 120.00 paid: August whole, 40.00 of September.
async fn paid_by(portal: &TestPortal, card: TestCard) -> (TestAccount, PaymentId) {
    let account = portal.account(&[(AUGUST, 8_000), (SEPTEMBER, 7_500)]).await;
    let started = portal.started(&account, 12_000).await;
    portal.choose(&started, card).await;
    portal.clock.pass_seconds(60);
    portal.news_arrives().await;
    assert_eq!(portal.left(&account).await, [0, 3_500]);
    (account, started.payment.id)
}

async fn paid(portal: &TestPortal) -> (TestAccount, PaymentId) {
    paid_by(portal, TestCard::Success).await
}

fn request(amount: i64) -> RefundRequest {
    RefundRequest { amount: MinorUnits::new(amount), currency: Currency::USD, reason: None }
}

async fn refund_as(
    portal: &TestPortal,
    payment_id: PaymentId,
    amount: i64,
    key: &str,
) -> Result<RefundRecord, Refusal> {
    let refunding = Refunding {
        operator: "grace".into(),
        payment_id,
        idempotency_key: key.into(),
        request: request(amount),
    };
    payments::refund(&portal.portal, refunding).await.map(|outcome| outcome.refund)
}

async fn state(portal: &TestPortal, id: RefundId) -> RefundState {
    payments::find_refund(portal.portal.db.read(), id).await.unwrap().unwrap().state
}

/// Refunded, on its way, withdrawn.
async fn money(portal: &TestPortal, id: PaymentId) -> [i64; 3] {
    let payment = portal.payment(id).await;
    [payment.refunded.get(), payment.refunding.get(), payment.withdrawn.get()]
}

async fn end_refund(portal: &TestPortal, refund: &RefundRecord, end: &str) {
    let refund = payments::find_refund(portal.portal.db.read(), refund.id).await.unwrap().unwrap();
    let path = format!("/sandbox/refunds/{}", refund.gateway_ref.unwrap());
    portal.post_to_sandbox(&path, json!({ "end": end })).await;
}

/// How many refunds the gateway was made to make.
async fn gateway_refunds(portal: &TestPortal) -> i64 {
    let query = "select count(*) from sandbox_object where kind = 'refund'";
    sqlx::query_scalar(query).fetch_one(portal.portal.db.read()).await.unwrap()
}

stories! {
    async fn who_asked_for_a_refund_and_how_it_ended_stands_in_the_trail(portal: TestPortal) {
        let (_, id) = paid(portal).await;
        let refund = refund_as(portal, id, 5_000, "one").await.unwrap();
        portal.news_arrives().await;
        let intent = portal.payment(id).await.gateway_ref.unwrap();
        portal.refund_at_the_gateway(&intent, 1_000).await;
        portal.news_arrives().await;
        let text = "select kind, actor, about from audit_act where kind like 'refund_%' \
                    and about like 'ref%' order by about, id";
        let acts: Vec<(String, String, String)> =
            sqlx::query_as(text).fetch_all(portal.portal.db.read()).await.unwrap();
        let (ours, theirs): (Vec<_>, Vec<_>) =
            acts.iter().partition(|act| act.2 == refund.id.to_string());
        let said = |acts: &[&(String, String, String)]| {
            acts.iter().map(|act| format!("{} by {}", act.0, act.1)).collect::<Vec<_>>()
        };
        assert_eq!(said(&ours), ["refund_created by grace", "refund_done by sandbox"]);
        assert_eq!(said(&theirs), ["refund_created by gateway", "refund_done by sandbox"]);
    }

    async fn a_refund_reopens_the_bill_settled_last_and_the_payer_is_told(portal: TestPortal) {
        let (account, id) = paid(portal).await;
        let preview =
            payments::preview_refund(&portal.portal, id, &request(5_000)).await.unwrap();
        let lines: Vec<_> = preview.lines.iter()
            .map(|l| (l.left_before.get(), l.amount.get(), l.left_after.get())).collect();
        assert_eq!(lines, [(3_500, 4_000, 7_500), (0, 1_000, 1_000)]);
        assert_eq!(preview.refundable_after, MinorUnits::new(7_000));
        assert!(!preview.by_hand);
        assert_eq!(portal.count("refund").await, 0);

        let refund = refund_as(portal, id, 5_000, "k1").await.unwrap();
        assert_eq!(refund.state, RefundState::Done);
        assert_eq!(portal.left(&account).await, [1_000, 7_500]);
        assert_eq!(money(portal, id).await, [5_000, 0, 0]);
        // The gateway's own news of it changes nothing more.
        portal.news_arrives().await;
        assert_eq!(money(portal, id).await, [5_000, 0, 0]);
        let mail = browser::newest_mail(&portal.portal).await;
        assert!(mail.subject.starts_with("$50.00 refunded to Visa 4242 by"), "{}", mail.subject);
        assert!(mail.text.contains("$75.00") && mail.html.contains("open again"), "{}", mail.text);
        let receipt = portal.receipt(&account, id).await.unwrap();
        assert_eq!(receipt.refunded, MinorUnits::new(5_000));
        assert_eq!(receipt.amount, MinorUnits::new(12_000));
    }

    async fn what_was_reopened_can_be_paid_again(portal: TestPortal) {
        let (account, id) = paid(portal).await;
        refund_as(portal, id, 12_000, "k1").await.unwrap();
        assert_eq!(portal.left(&account).await, [8_000, 7_500]);
        let started = portal.started(&account, 15_500).await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        assert_eq!(portal.left(&account).await, [0, 0]);
    }

    async fn many_part_refunds_never_come_to_more_than_was_received(portal: TestPortal) {
        let (account, id) = paid(portal).await;
        for n in 0..3 {
            refund_as(portal, id, 4_000, &format!("k{n}")).await.unwrap();
        }
        let refusal = refund_as(portal, id, 1, "k9").await.unwrap_err();
        assert_eq!((refusal.status().as_u16(), refusal.code()), (422, "exceeds-refundable"));
        assert_eq!(portal.left(&account).await, [8_000, 7_500]);
        assert_eq!(gateway_refunds(portal).await, 3);
    }

    async fn the_same_request_again_is_the_same_refund(portal: TestPortal) {
        let (_, id) = paid(portal).await;
        let first = refund_as(portal, id, 4_000, "k1").await.unwrap();
        let again = refund_as(portal, id, 4_000, "k1").await.unwrap();
        assert_eq!(first.id, again.id);
        let other = refund_as(portal, id, 4_100, "k1").await.unwrap_err();
        assert_eq!(other.code(), "idempotency-key-reused");
        assert_eq!(gateway_refunds(portal).await, 1);
    }

    async fn a_lost_answer_holds_the_amount_and_resolves_to_one_refund(portal: TestPortal) {
        let (account, id) = paid(portal).await;
        portal.sandbox.order_mishaps([const { Mishap::ActThenHangUp }; 3]);
        let refund = refund_as(portal, id, 8_000, "k1").await.unwrap();
        assert_eq!(refund.state, RefundState::Unknown);
        assert_eq!(money(portal, id).await, [0, 8_000, 0]);
        assert_eq!(portal.left(&account).await, [0, 3_500]);
        assert_eq!(refund_as(portal, id, 8_000, "k2").await.unwrap_err().code(), "exceeds-refundable");
        portal.clock.pass_seconds(5 * 60);
        assert_eq!(gateway_events::sweep(&portal.portal).await.unwrap().looked_at, 1);
        assert_eq!(state(portal, refund.id).await, RefundState::Done);
        assert_eq!(gateway_refunds(portal).await, 1);
        assert_eq!(money(portal, id).await, [8_000, 0, 0]);
    }

    async fn a_refund_key_too_old_to_repeat_is_never_sent_again(portal: TestPortal) {
        let (_, id) = paid(portal).await;
        portal.sandbox.order_mishaps([const { Mishap::Html502 }; 3]);
        let refund = refund_as(portal, id, 8_000, "k1").await.unwrap();
        portal.clock.pass_seconds(25 * 3_600);
        gateway_events::sweep(&portal.portal).await.unwrap();
        assert_eq!(state(portal, refund.id).await, RefundState::Refused);
        assert_eq!(gateway_refunds(portal).await, 0);
        assert_eq!(money(portal, id).await, [0, 0, 0]);
    }

    async fn a_refund_made_in_doubt_is_found_by_its_note_when_its_key_is_too_old(
        portal: TestPortal
    ) {
        let (_, id) = paid(portal).await;
        portal.sandbox.order_mishaps([const { Mishap::ActThenHangUp }; 3]);
        let refund = refund_as(portal, id, 8_000, "k1").await.unwrap();
        portal.clock.pass_seconds(25 * 3_600);
        gateway_events::sweep(&portal.portal).await.unwrap();
        assert_eq!(state(portal, refund.id).await, RefundState::Done);
        assert_eq!(gateway_refunds(portal).await, 1);
    }

    async fn a_gateway_that_stays_silent_ends_on_the_work_list(portal: TestPortal) {
        let (_, id) = paid_by(portal, TestCard::BankDebit).await;
        let refund = refund_as(portal, id, 8_000, "k1").await.unwrap();
        assert_eq!(refund.state, RefundState::Pending);
        while portal.open_work("refund_unclear").await == 0 {
            portal.clock.pass_seconds(25 * 3_600);
            portal.sandbox.order_mishaps([const { Mishap::Html502 }; 3]);
            gateway_events::sweep(&portal.portal).await.unwrap();
        }
        assert_eq!(portal.count("work_item").await, 1);
        portal.news_arrives().await;
        assert_eq!(state(portal, refund.id).await, RefundState::Done);
        assert_eq!(portal.open_work("refund_unclear").await, 0);
    }

    async fn a_refund_under_way_moves_nothing_until_the_bank_has_the_money(portal: TestPortal) {
        let (account, id) = paid_by(portal, TestCard::BankDebit).await;
        let refund = refund_as(portal, id, 8_000, "k1").await.unwrap();
        assert_eq!(refund.state, RefundState::Pending);
        assert_eq!(portal.left(&account).await, [0, 3_500]);
        assert_eq!(money(portal, id).await, [0, 8_000, 0]);
        portal.clock.pass_seconds(60);
        portal.news_arrives().await;
        assert_eq!(state(portal, refund.id).await, RefundState::Done);
        assert_eq!(portal.left(&account).await, [4_000, 7_500]);
    }

    async fn a_refund_that_fails_while_under_way_can_be_asked_for_again(portal: TestPortal) {
        let (account, id) = paid_by(portal, TestCard::BankDebit).await;
        for end in ["fail", "cancel"] {
            let refund = refund_as(portal, id, 12_000, end).await.unwrap();
            end_refund(portal, &refund, end).await;
            portal.news_arrives().await;
            assert!(matches!(
                state(portal, refund.id).await,
                RefundState::Failed | RefundState::Cancelled
            ));
            assert_eq!(money(portal, id).await, [0, 0, 0]);
        }
        assert_eq!(portal.left(&account).await, [0, 3_500]);
    }

    async fn a_refund_that_comes_back_settles_again_what_it_reopened(portal: TestPortal) {
        let (account, id) = paid(portal).await;
        let refund = refund_as(portal, id, 5_000, "k1").await.unwrap();
        assert_eq!(portal.left(&account).await, [1_000, 7_500]);
        end_refund(portal, &refund, "fail").await;
        portal.news_arrives().await;
        portal.news_arrives().await;
        assert_eq!(state(portal, refund.id).await, RefundState::Failed);
        assert_eq!(portal.left(&account).await, [0, 3_500]);
        assert_eq!(money(portal, id).await, [0, 0, 0]);
        assert_eq!(portal.open_work("refund_returned").await, 1);
        // It can go back another time.
        refund_as(portal, id, 12_000, "k2").await.unwrap();
        assert_eq!(portal.left(&account).await, [8_000, 7_500]);
    }

    async fn a_refund_that_comes_back_to_bills_paid_meanwhile_is_credit(portal: TestPortal) {
        let (account, id) = paid(portal).await;
        let refund = refund_as(portal, id, 5_000, "k1").await.unwrap();
        let started = portal.started(&account, 8_500).await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        assert_eq!(portal.left(&account).await, [0, 0]);
        end_refund(portal, &refund, "fail").await;
        portal.news_arrives().await;
        assert_eq!(portal.left(&account).await, [0, 0]);
        let preview = payments::preview_refund(&portal.portal, id, &request(6_000)).await.unwrap();
        assert_eq!((preview.from_credit.get(), preview.credit_after.get()), (5_000, 0));
        refund_as(portal, id, 6_000, "k2").await.unwrap();
        assert_eq!(portal.left(&account).await.iter().sum::<i64>(), 1_000);
    }

    async fn a_refund_made_in_the_gateways_own_pages_is_booked(portal: TestPortal) {
        let (account, id) = paid(portal).await;
        let intent = portal.payment(id).await.gateway_ref.unwrap();
        portal.refund_at_the_gateway(&intent, 2_000).await;
        portal.news_arrives().await;
        portal.news_arrives().await;
        assert_eq!(money(portal, id).await, [2_000, 0, 0]);
        assert_eq!(portal.left(&account).await, [0, 5_500]);
        let refunds = payments::refunds_of(portal.portal.db.read(), id).await.unwrap();
        assert_eq!(refunds.len(), 1);
        assert_eq!(refunds[0].requested_by, "gateway");
    }

    async fn what_cannot_be_given_back_is_refused_in_words(portal: TestPortal) {
        let (account, id) = paid(portal).await;
        let yen = RefundRequest { currency: Currency::JPY, ..request(100) };
        let refusal = payments::preview_refund(&portal.portal, id, &yen).await.unwrap_err();
        assert_eq!((refusal.status().as_u16(), refusal.code()), (422, "currency-mismatch"));
        for amount in [0, -1, i64::MIN] {
            let refusal = refund_as(portal, id, amount, "k1").await.unwrap_err();
            assert_eq!((refusal.status().as_u16(), refusal.code()), (422, "amount-invalid"));
        }
        for amount in [12_001, i64::MAX] {
            let refusal = refund_as(portal, id, amount, "k1").await.unwrap_err();
            assert_eq!(refusal.code(), "exceeds-refundable");
        }
        let waiting = portal.started(&account, 3_500).await.payment.id;
        let refusal = refund_as(portal, waiting, 100, "k1").await.unwrap_err();
        assert_eq!((refusal.status().as_u16(), refusal.code()), (409, "invalid-state"));
        assert_eq!(portal.count("refund").await, 0);
    }

    async fn while_the_book_is_halted_no_refund_is_taken_on(portal: TestPortal) {
        let (_, id) = paid(portal).await;
        portal.halt_the_book().await;
        let refusal = refund_as(portal, id, 100, "k1").await.unwrap_err();
        assert_eq!((refusal.status().as_u16(), refusal.code()), (503, "books-halted"));
        portal.mend_the_book().await;
        refund_as(portal, id, 100, "k1").await.unwrap();
    }
}
