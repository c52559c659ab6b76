//! Stories of what staff put right: payments moved between bills, credit notes, write-offs.
//! Every story ends with every invariant of the book asked.

use crate::support::{On, TestAccount, TestPortal, staff};
use receivables::allocation::DirectedAmount;
use receivables::api::corrections::{
    AdjustmentDocument, AdjustmentKind, AdjustmentRequest, AdjustmentState, MoveDocument,
};
use receivables::ids::{BillId, MemberId, PaymentId};
use receivables::money::MinorUnits;
use server::adjustments::{self, Decision, Proposal};
use server::gateway::sandbox::TestCard;
use server::payments::{self, Moving};
use server::problem::Refusal;
use server::sign_in::{AddOperator, OperatorRefusal, StaffRoles};

const AUGUST: &str = "2026-09-15";
const SEPTEMBER: &str = "2026-10-15";
const OCTOBER: &str = "2026-12-15";

async fn three_months(portal: &TestPortal) -> TestAccount {
    portal.account(&[(AUGUST, 8_000), (SEPTEMBER, 7_500), (OCTOBER, 6_000)]).await
}

async fn paid(portal: &TestPortal, account: &TestAccount, amount: i64) -> PaymentId {
    let started = portal.started(account, amount).await;
    portal.choose(&started, TestCard::Success).await;
    portal.news_arrives().await;
    started.payment.id
}

fn line(bill_id: BillId, amount: i64) -> DirectedAmount {
    DirectedAmount { bill_id, amount: MinorUnits::new(amount) }
}

fn moving(key: &str, payment_id: PaymentId) -> Moving {
    Moving {
        operator: "anna".into(),
        idempotency_key: Some(key.into()),
        payment_id,
        take_back: Vec::new(),
        settle: Vec::new(),
    }
}

async fn moved(portal: &TestPortal, moving: Moving) -> Result<MoveDocument, Refusal> {
    payments::move_payment(&portal.portal, moving).await
}

async fn proposed(
    portal: &TestPortal,
    account: &TestAccount,
    key: Option<&str>,
    request: AdjustmentRequest,
) -> Result<AdjustmentDocument, Refusal> {
    proposed_by(portal, "anna", account, key, request).await
}

async fn proposed_by(
    portal: &TestPortal,
    operator: &str,
    account: &TestAccount,
    key: Option<&str>,
    request: AdjustmentRequest,
) -> Result<AdjustmentDocument, Refusal> {
    let proposal = Proposal {
        operator: operator.to_owned(),
        idempotency_key: key.map(str::to_owned),
        account_id: account.id,
        request,
    };
    adjustments::propose(&portal.portal, proposal).await
}

fn request(
    account: &TestAccount,
    kind: AdjustmentKind,
    bill: Option<usize>,
    amount: i64,
) -> AdjustmentRequest {
    AdjustmentRequest {
        kind,
        bill_id: bill.map(|n| account.bills[n]),
        amount: MinorUnits::new(amount),
        currency: account.currency,
        reason: "the meter was read wrong".into(),
    }
}

async fn decided(
    portal: &TestPortal,
    by: &str,
    of: &AdjustmentDocument,
    decision: Decision,
) -> Result<AdjustmentDocument, Refusal> {
    adjustments::decide(&portal.portal, staff(by), of.id.unwrap(), decision, false).await
}

async fn credit(portal: &TestPortal, account: &TestAccount) -> i64 {
    portal.view(account).await.credit.get()
}

stories! {
    async fn what_a_payment_settled_is_taken_back_and_stays_on_account(portal: TestPortal) {
        let account = three_months(portal).await;
        let payment_id = paid(portal, &account, 12_000).await;
        assert_eq!(portal.left(&account).await, [0, 3_500, 6_000]);
        let take_back = vec![line(account.bills[0], 8_000)];

        let dry = Moving { idempotency_key: None, take_back: take_back.clone(),
            ..moving("", payment_id) };
        let would = moved(portal, dry).await.unwrap();
        assert!(would.dry_run);
        assert_eq!(portal.left(&account).await, [0, 3_500, 6_000], "a dry run changes nothing");

        let wish = Moving { take_back, ..moving("k1", payment_id) };
        let done = moved(portal, wish.clone()).await.unwrap();
        assert_eq!((&done.bills, done.credit_after), (&would.bills, would.credit_after));
        assert_eq!(portal.left(&account).await, [8_000, 3_500, 6_000]);
        assert_eq!(credit(portal, &account).await, 8_000);
        portal.the_book_is_exact().await;

        // The same key again is the same act; another wish under it is refused.
        assert_eq!(moved(portal, wish.clone()).await.unwrap(), done);
        assert_eq!(credit(portal, &account).await, 8_000);
        let other = Moving { take_back: vec![line(account.bills[1], 1)], ..wish };
        assert_eq!(moved(portal, other).await.unwrap_err().code(), "idempotency-key-reused");
    }

    async fn a_payment_moves_to_the_bill_it_was_meant_for(portal: TestPortal) {
        let account = three_months(portal).await;
        let payment_id = paid(portal, &account, 8_000).await;
        let to_october = Moving {
            take_back: vec![line(account.bills[0], 6_000)],
            settle: vec![line(account.bills[2], 6_000)],
            ..moving("k1", payment_id)
        };
        let done = moved(portal, to_october).await.unwrap();
        let left: Vec<(i64, i64)> =
            done.bills.iter().map(|bill| (bill.before.get(), bill.after.get())).collect();
        assert_eq!(left, [(0, 6_000), (6_000, 0)]);
        assert_eq!(portal.left(&account).await, [6_000, 7_500, 0]);
        assert_eq!(credit(portal, &account).await, 0);
        // Once more, and in parts: what was moved can be moved on.
        let back = Moving {
            take_back: vec![line(account.bills[0], 2_000), line(account.bills[2], 1_000)],
            settle: vec![line(account.bills[1], 2_500)],
            ..moving("k2", payment_id)
        };
        moved(portal, back).await.unwrap();
        assert_eq!(portal.left(&account).await, [8_000, 5_000, 1_000]);
        assert_eq!(credit(portal, &account).await, 500);
    }

    async fn no_more_is_taken_back_than_the_payment_settled(portal: TestPortal) {
        let account = three_months(portal).await;
        let first = paid(portal, &account, 5_000).await;
        let second = paid(portal, &account, 3_000).await;
        let back = |key: &str, payment, amount| Moving {
            take_back: vec![line(account.bills[0], amount)],
            ..moving(key, payment)
        };
        let refused = moved(portal, back("k1", first, 5_001)).await.unwrap_err();
        assert_eq!(refused.code(), "more-than-settled");
        // Eight hands at once, each for the whole: one gets it.
        let hands = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let tries = hands.map(|key| moved(portal, back(key, second, 3_000)));
        let done = futures_util::future::join_all(tries).await;
        assert_eq!(done.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        assert_eq!(portal.left(&account).await, [3_000, 7_500, 6_000]);
    }

    async fn credit_freed_by_staff_pays_the_next_bill(portal: TestPortal) {
        let account = portal.account(&[(AUGUST, 8_000)]).await;
        let payment_id = paid(portal, &account, 8_000).await;
        let take_back = vec![line(account.bills[0], 8_000)];
        moved(portal, Moving { take_back, ..moving("k1", payment_id) }).await.unwrap();
        let next = portal.bill(account.id, SEPTEMBER, 5_000).await;
        // Oldest first: the older bill is open again, so it comes before the new one.
        let view = portal.view(&account).await;
        let open = |id| view.items.iter().find(|i| i.bill_id == id).map_or(0, |i| i.open.get());
        assert_eq!((open(account.bills[0]), open(next)), (0, 5_000));
        assert_eq!(view.credit.get(), 0);
    }

    async fn a_credit_note_lowers_a_bill_and_what_it_does_not_take_is_credit(portal: TestPortal) {
        let account = three_months(portal).await;
        paid(portal, &account, 6_000).await;
        let note = request(&account, AdjustmentKind::CreditNote, Some(0), 3_000);
        let would = proposed(portal, &account, None, note.clone()).await.unwrap();
        assert!(would.dry_run && would.id.is_none());
        assert_eq!(portal.count("adjustment").await, 0);

        let done = proposed(portal, &account, Some("k1"), note.clone()).await.unwrap();
        assert_eq!(done.state, AdjustmentState::Posted);
        assert_eq!((&done.bills, done.credit_added), (&would.bills, MinorUnits::new(1_000)));
        assert_eq!(portal.left(&account).await, [0, 7_500, 6_000]);
        assert_eq!(credit(portal, &account).await, 1_000);
        portal.the_book_is_exact().await;
        let again = proposed(portal, &account, Some("k1"), note).await.unwrap();
        assert_eq!(again.id, done.id);
        assert_eq!(portal.count("adjustment").await, 1);

        // No bill is credited beyond what it asked for.
        let beyond = request(&account, AdjustmentKind::CreditNote, Some(0), 5_001);
        let refused = proposed(portal, &account, Some("k2"), beyond).await.unwrap_err();
        assert_eq!(refused.code(), "more-than-available");
    }

    async fn a_credit_note_is_taken_back_unless_its_credit_is_spent(portal: TestPortal) {
        let account = three_months(portal).await;
        let note = request(&account, AdjustmentKind::CreditNote, None, 2_000);
        let first = proposed(portal, &account, Some("k1"), note.clone()).await.unwrap();
        let reversed = decided(portal, "ben", &first, Decision::Reverse).await.unwrap();
        assert_eq!(reversed.state, AdjustmentState::Reversed);
        assert_eq!(credit(portal, &account).await, 0);
        portal.the_book_is_exact().await;

        let second = proposed(portal, &account, Some("k2"), note).await.unwrap();
        // A new bill takes the credit, oldest bill first.
        portal.bill(account.id, OCTOBER, 1_000).await;
        assert_eq!(portal.left(&account).await, [6_000, 7_500, 6_000]);
        let refused = decided(portal, "ben", &second, Decision::Reverse).await.unwrap_err();
        assert_eq!(refused.code(), "credit-spent");
    }

    async fn a_write_off_needs_two_and_can_be_taken_back(portal: TestPortal) {
        let account = three_months(portal).await;
        paid(portal, &account, 6_000).await;
        let give_up = request(&account, AdjustmentKind::WriteOff, Some(0), 2_000);
        let proposal = proposed(portal, &account, Some("k1"), give_up).await.unwrap();
        assert_eq!(proposal.state, AdjustmentState::Proposed);
        assert_eq!(portal.left(&account).await, [2_000, 7_500, 6_000], "nothing is given up yet");
        let own = decided(portal, "anna", &proposal, Decision::Approve).await.unwrap_err();
        assert_eq!(own.code(), "own-proposal");

        decided(portal, "ben", &proposal, Decision::Approve).await.unwrap();
        // Ben again is no second write-off, and nobody can decline what is posted.
        decided(portal, "ben", &proposal, Decision::Approve).await.unwrap();
        let late = decided(portal, "cleo", &proposal, Decision::Decline).await.unwrap_err();
        assert_eq!(late.code(), "invalid-state");
        assert_eq!(portal.left(&account).await, [0, 7_500, 6_000]);
        portal.the_book_is_exact().await;

        let back = decided(portal, "cleo", &proposal, Decision::Reverse).await.unwrap();
        assert_eq!((back.decided_by.as_deref(), back.reversed_by.as_deref()),
            (Some("ben"), Some("cleo")));
        assert_eq!(portal.left(&account).await, [2_000, 7_500, 6_000]);
        // It is asked for again, and can be paid.
        paid(portal, &account, 2_000).await;
        assert_eq!(portal.left(&account).await, [0, 7_500, 6_000]);
    }

    async fn nobody_approves_their_own_proposal_by_coming_in_another_way(portal: TestPortal) {
        let account = three_months(portal).await;
        let member = |n: u64| MemberId::from_parts(n, &[7; 10]).to_string();
        let (gina, hal) = (member(1), member(2));
        for (key, by, bill) in [("k1", "anna", 0), ("k2", &*gina, 1)] {
            let give_up = request(&account, AdjustmentKind::WriteOff, Some(bill), 1_000);
            let proposal = proposed_by(portal, by, &account, Some(key), give_up).await.unwrap();
            // Anna may be Gina at the company's sign-in: nobody here can tell.
            let (same_way, other_way) = if by == "anna" { ("ben", &*hal) } else { (&*hal, "ben") };
            let refused = decided(portal, other_way, &proposal, Decision::Approve).await;
            assert_eq!(refused.unwrap_err().code(), "own-proposal", "{by} by {other_way}");
            let own = decided(portal, by, &proposal, Decision::Approve).await.unwrap_err();
            assert_eq!(own.code(), "own-proposal");
            let posted = decided(portal, same_way, &proposal, Decision::Approve).await.unwrap();
            assert_eq!(posted.state, AdjustmentState::Posted);
        }
        // Saying no needs no second person, and a key is in nobody's name at the company.
        let give_up = request(&account, AdjustmentKind::WriteOff, Some(2), 1_000);
        let proposal = proposed(portal, &account, Some("k3"), give_up).await.unwrap();
        let declined = decided(portal, &hal, &proposal, Decision::Decline).await.unwrap();
        assert_eq!(declined.state, AdjustmentState::Declined);
        let (roles, now) = (StaffRoles::parse("approver").unwrap(), portal.portal.now());
        let named_like = AddOperator::new(&gina, roles, portal.portal.chance.as_ref(), now);
        assert_eq!(named_like.err(), Some(OperatorRefusal::Name));
    }

    async fn what_a_payer_has_reserved_is_not_written_off_under_them(portal: TestPortal) {
        let account = three_months(portal).await;
        let started = portal.started(&account, 8_000).await;
        let give_up = request(&account, AdjustmentKind::WriteOff, Some(0), 1);
        let refused = proposed(portal, &account, Some("k1"), give_up).await.unwrap_err();
        assert_eq!(refused.code(), "more-than-available");
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        assert_eq!(portal.left(&account).await, [0, 7_500, 6_000]);
    }

    async fn a_written_off_bill_is_owed_again_when_its_payment_moves_away(portal: TestPortal) {
        let account = three_months(portal).await;
        let payment_id = paid(portal, &account, 6_000).await;
        let give_up = request(&account, AdjustmentKind::WriteOff, Some(0), 2_000);
        let proposal = proposed(portal, &account, Some("k1"), give_up).await.unwrap();
        decided(portal, "ben", &proposal, Decision::Approve).await.unwrap();
        let take_back = vec![line(account.bills[0], 1_500)];
        moved(portal, Moving { take_back, ..moving("k2", payment_id) }).await.unwrap();
        assert_eq!(portal.left(&account).await, [1_500, 7_500, 6_000]);
        assert_eq!(credit(portal, &account).await, 1_500);
    }

    async fn wrong_wishes_are_refused_and_leave_nothing(portal: TestPortal) {
        let account = three_months(portal).await;
        let other = three_months(portal).await;
        let started = portal.started(&account, 8_000).await;
        let open = Moving { take_back: vec![line(account.bills[0], 1)],
            ..moving("k1", started.payment.id) };
        assert_eq!(moved(portal, open).await.unwrap_err().code(), "invalid-state");
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        let to_another = Moving {
            take_back: vec![line(account.bills[0], 8_000)],
            settle: vec![line(other.bills[0], 8_000)],
            ..moving("k1", started.payment.id)
        };
        assert_eq!(moved(portal, to_another).await.unwrap_err().code(), "bill-unknown");
        let cases = [
            (request(&account, AdjustmentKind::WriteOff, None, 100), "bill-unknown"),
            (request(&account, AdjustmentKind::WriteOff, Some(1), 7_501), "more-than-available"),
            (request(&account, AdjustmentKind::CreditNote, Some(1), 0), "amount-invalid"),
            (request(&account, AdjustmentKind::CreditNote, Some(1), -5), "amount-invalid"),
            (request(&other, AdjustmentKind::CreditNote, Some(0), 5), "bill-unknown"),
            (
                AdjustmentRequest {
                    currency: receivables::money::Currency::EUR,
                    ..request(&account, AdjustmentKind::CreditNote, None, 5)
                },
                "currency-mismatch",
            ),
            (
                AdjustmentRequest {
                    reason: " ".into(),
                    ..request(&account, AdjustmentKind::CreditNote, None, 5)
                },
                "text-invalid",
            ),
        ];
        for (wish, code) in cases {
            let refused = proposed(portal, &account, Some("k1"), wish).await.unwrap_err();
            assert_eq!(refused.code(), code);
        }
        assert_eq!(portal.count("adjustment").await + portal.count("correction").await, 0);
    }
}
