//! Stories of what is not taken: a gateway that cannot be asked, bills on hold, bills taken back.

use crate::support::{On, TestAccount, TestPortal};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use receivables::calendar::{CivilDate, Micros};
use receivables::ids::{BillId, PostingId};
use receivables::payment::{MoneyTaken, PaymentStage, PaymentState};
use server::bills::{self, Cancellation, HoldRefusal};
use server::db::{Command, DbError};
use server::gateway::sandbox::{Mishap, TestCard};
use sqlx::AnyConnection;

const AUGUST: &str = "2026-09-15";
const SEPTEMBER: &str = "2026-10-15";

async fn two_months(portal: &TestPortal) -> TestAccount {
    portal.account(&[(AUGUST, 8_000), (SEPTEMBER, 7_500)]).await
}

/// What a desk may do to a bill.
#[derive(Clone, Copy)]
enum Deed {
    Hold,
    Release,
    TakeBack,
}

struct AtTheDesk {
    deed: Deed,
    bill_id: BillId,
    posting_id: PostingId,
    today: CivilDate,
    now: Micros,
}

impl Command for AtTheDesk {
    type Reply = Result<(), HoldRefusal>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Self::Reply, DbError> {
        let bill_id = self.bill_id;
        match self.deed {
            Deed::Hold => bills::put_on_hold(tx, bill_id, "the meter is read again").await,
            Deed::Release => bills::release_hold(tx, bill_id).await,
            Deed::TakeBack => {
                let cancellation = Cancellation {
                    bill_id,
                    posting_id: self.posting_id,
                    reason: "billed twice",
                    effective_on: self.today,
                    recorded_at: self.now,
                };
                bills::cancel_bill(tx, cancellation).await
            }
        }
    }
}

async fn at_the_desk(portal: &TestPortal, deed: Deed, bill_id: BillId) -> Result<(), HoldRefusal> {
    let (ms, chance) = portal.portal.id_parts();
    let posting_id = PostingId::from_parts(ms, &chance);
    let (today, now) = (portal.portal.today(), portal.portal.now());
    portal.portal.db.write(AtTheDesk { deed, bill_id, posting_id, today, now }).await.unwrap()
}

fn unknown_bill() -> BillId {
    BillId::from_parts(1, &[1; 10])
}

stories! {
    async fn a_gateway_that_cannot_be_asked_takes_nothing_and_says_when_to_come_back(
        portal: TestPortal
    ) {
        let account = two_months(portal).await;
        let crowd = Mishap::Crowd { retry_after_seconds: 7 };
        for (mishap, retry_after) in [(crowd, "7"), (Mishap::KeyTakenBack, "60")] {
            let tries = if mishap == crowd { 3 } else { 1 };
            portal.sandbox.order_mishaps(vec![mishap; tries]);
            let wish = portal.wish(&account, 9_000).await;
            let refusal = portal.start(wish.clone()).await.unwrap_err();
            assert_eq!(refusal.code(), "gateway-unavailable");
            let answer = refusal.into_response();
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(answer.headers()[header::RETRY_AFTER], retry_after);
            let body = axum::body::to_bytes(answer.into_body(), 1 << 16).await.unwrap();
            let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(problem["money_taken"], "no");
            assert_eq!(problem["payment_id"], wish.request.id.to_string());
            // It is true: there is no intent, and nothing is held.
            assert_eq!(portal.intents().await, 0);
            assert_eq!(portal.count("reservation").await, 0);
            // The same request again is the same payment, and it has failed.
            let again = portal.start(wish).await.unwrap();
            assert_eq!(again.payment.state, PaymentState::Failed);
            let stage = again.payment.state.stage(false);
            assert_eq!((stage, stage.money_taken()), (PaymentStage::Failed, MoneyTaken::No));
        }
        // Another payment of the same bills is taken up as soon as the gateway can be asked.
        let started = portal.started(&account, 9_000).await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        assert_eq!(portal.left(&account).await, [0, 6_500]);
    }

    async fn a_bill_on_hold_is_asked_for_again_when_it_is_released(portal: TestPortal) {
        let account = two_months(portal).await;
        let august = account.bills[0];
        assert_eq!(at_the_desk(portal, Deed::Hold, august).await, Ok(()));
        let on_hold = portal.view(&account).await;
        assert_eq!(on_hold.stored[0].hold_reason.as_deref(), Some("the meter is read again"));
        let held = portal.preview(&account, 5_000).await;
        assert_eq!(held.lines[0].bill_id, account.bills[1]);

        assert_eq!(at_the_desk(portal, Deed::Release, august).await, Ok(()));
        assert_eq!(portal.view(&account).await.stored[0].hold_reason, None);
        // It is the oldest once more.
        let started = portal.started(&account, 9_000).await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        assert_eq!(portal.left(&account).await, [0, 6_500]);
    }

    async fn only_what_is_asked_for_is_held_and_only_what_is_held_is_released(
        portal: TestPortal
    ) {
        let account = two_months(portal).await;
        let august = account.bills[0];
        let release = at_the_desk(portal, Deed::Release, august).await;
        assert_eq!(release, Err(HoldRefusal::NotOnHold));
        assert_eq!(at_the_desk(portal, Deed::Hold, august).await, Ok(()));
        assert_eq!(at_the_desk(portal, Deed::Hold, august).await, Err(HoldRefusal::NotAskedFor));
        assert_eq!(at_the_desk(portal, Deed::Release, august).await, Ok(()));
        let release = at_the_desk(portal, Deed::Release, august).await;
        assert_eq!(release, Err(HoldRefusal::NotOnHold));

        let started = portal.started(&account, 8_000).await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        // Paid: there is nothing to look into.
        assert_eq!(at_the_desk(portal, Deed::Hold, august).await, Err(HoldRefusal::NotAskedFor));
        for deed in [Deed::Hold, Deed::Release, Deed::TakeBack] {
            let refused = at_the_desk(portal, deed, unknown_bill()).await;
            assert_eq!(refused, Err(HoldRefusal::UnknownBill));
        }
    }

    async fn a_bill_is_taken_back_only_while_nothing_is_paid_on_it(portal: TestPortal) {
        let account = two_months(portal).await;
        let [august, september] = account.bills[..] else { panic!("two bills") };
        let started = portal.started(&account, 9_000).await;
        for bill in [august, september] {
            let refused = at_the_desk(portal, Deed::TakeBack, bill).await;
            assert_eq!(refused, Err(HoldRefusal::PaymentInProgress));
        }
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        for bill in [august, september] {
            let refused = at_the_desk(portal, Deed::TakeBack, bill).await;
            assert_eq!(refused, Err(HoldRefusal::PartPaid));
        }
        assert_eq!(portal.left(&account).await, [0, 6_500]);

        let october = portal.bill(account.id, "2026-12-15", 6_000).await;
        assert_eq!(at_the_desk(portal, Deed::Hold, october).await, Ok(()));
        // One on hold may be found wrong.
        assert_eq!(at_the_desk(portal, Deed::TakeBack, october).await, Ok(()));
        let refused = at_the_desk(portal, Deed::TakeBack, october).await;
        assert_eq!(refused, Err(HoldRefusal::NotAskedFor));
        let refused = at_the_desk(portal, Deed::Release, october).await;
        assert_eq!(refused, Err(HoldRefusal::NotOnHold));
        assert!(portal.view(&account).await.items.iter().all(|item| item.bill_id != october));
    }
}
