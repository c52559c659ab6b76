//! Stories of several kinds of money on one bill: credit on account first, a card, cash.
//! Every story ends with every invariant of the book asked.

use crate::support::{On, TestAccount, TestPortal};
use receivables::allocation::{Direction, preview};
use receivables::api::corrections::{AdjustmentKind, AdjustmentRequest};
use receivables::calendar::CivilDate;
use receivables::ids::PaymentId;
use receivables::money::MinorUnits;
use receivables::tender::Tender;
use server::adjustments::{self, Proposal};
use server::db::{Command, DbError};
use server::external_payments::{ExternalPayment, Recording, record_external_payment};
use server::gateway::sandbox::TestCard;
use server::payments::{self, Starting};
use server::state::Shared;
use sqlx::AnyConnection;

const AUGUST: &str = "2026-09-15";
const SEPTEMBER: &str = "2026-10-15";

/// 20.00 of credit and two open bills.
async fn in_credit(portal: &TestPortal) -> TestAccount {
    let account = portal.account(&[(AUGUST, 8_000), (SEPTEMBER, 7_500)]).await;
    give_credit(portal, &account, "k1", 2_000).await;
    account
}

async fn give_credit(portal: &TestPortal, account: &TestAccount, key: &str, amount: i64) {
    let proposal = Proposal {
        operator: "anna".into(),
        idempotency_key: Some(key.into()),
        account_id: account.id,
        request: AdjustmentRequest {
            kind: AdjustmentKind::CreditNote,
            bill_id: None,
            amount: MinorUnits::new(amount),
            currency: account.currency,
            reason: "goodwill".into(),
        },
    };
    adjustments::propose(&portal.portal, proposal).await.unwrap();
}

/// What a browser sends when the box "use my credit" is left ticked.
async fn wish_with_credit(portal: &TestPortal, account: &TestAccount, amount: i64) -> Starting {
    let mut wish = portal.wish(account, amount).await;
    let (view, _) = portal.view(account).await.with_credit_used();
    let seen = preview(&view.snapshot(), MinorUnits::new(amount), &Direction::default()).unwrap();
    wish.request.fingerprint = seen.fingerprint;
    wish.request.use_credit = true;
    wish
}

async fn credit(portal: &TestPortal, account: &TestAccount) -> i64 {
    portal.view(account).await.credit.get()
}

/// Cash over the counter.
struct Cash {
    portal: Shared,
    payment: ExternalPayment,
}

impl Command for Cash {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        let recording = Recording {
            rules: self.portal.settings.payment_rules(receivables::money::Currency::USD),
            biller_name: "Riverside",
            demo: true,
            now: self.portal.now(),
        };
        let chance = self.portal.chance.as_ref();
        record_external_payment(tx, &self.payment, recording, chance).await?.unwrap();
        Ok(())
    }
}

async fn cash(portal: &TestPortal, account: &TestAccount, amount: i64) {
    let (ms, chance) = portal.portal.id_parts();
    let id = PaymentId::from_parts(ms, &chance);
    let payment = ExternalPayment {
        id,
        account_id: account.id,
        amount: MinorUnits::new(amount),
        tender: Tender::Cash,
        received_on: CivilDate::parse("2026-11-22").unwrap(),
        received_at: portal.portal.now(),
        source: "counter",
        source_ref: id.to_string(),
    };
    portal.portal.db.write(Cash { portal: portal.portal.clone(), payment }).await.unwrap();
}

stories! {
    async fn credit_goes_first_and_the_card_pays_the_rest(portal: TestPortal) {
        let account = in_credit(portal).await;
        let wish = wish_with_credit(portal, &account, 10_000).await;
        let started = portal.start(wish).await.unwrap();
        let lines: Vec<i64> =
            started.payment.preview.lines.iter().map(|line| line.amount.get()).collect();
        assert_eq!(lines, [6_000, 4_000]);
        assert_eq!(portal.left(&account).await, [6_000, 7_500]);
        assert_eq!(credit(portal, &account).await, 0);
        portal.the_book_is_exact().await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        assert_eq!(portal.left(&account).await, [0, 3_500]);
        let receipt = portal.receipt(&account, started.payment.id).await.unwrap();
        assert_eq!(receipt.amount, MinorUnits::new(10_000));
        assert!(!receipt.differs_from_preview);
    }

    async fn cash_credit_and_card_settle_one_bill_together(portal: TestPortal) {
        let account = in_credit(portal).await;
        cash(portal, &account, 1_500).await;
        let wish = wish_with_credit(portal, &account, 4_500).await;
        let started = portal.start(wish).await.unwrap();
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        assert_eq!(portal.left(&account).await, [0, 7_500]);
        assert_eq!(portal.count("application").await, 3);
    }

    async fn the_same_request_again_uses_credit_once(portal: TestPortal) {
        let account = in_credit(portal).await;
        let wish = wish_with_credit(portal, &account, 10_000).await;
        let first = portal.start(wish.clone()).await.unwrap();
        give_credit(portal, &account, "k2", 500).await;
        let again = portal.start(wish.clone()).await.unwrap();
        assert!(again.repeated && again.payment.id == first.payment.id);
        assert_eq!(credit(portal, &account).await, 500, "the new credit is left alone");
        let mut without = wish;
        without.request.use_credit = false;
        let refused = portal.start(without).await.unwrap_err();
        assert_eq!(refused.code(), "idempotency-key-reused");
    }

    async fn credit_that_changed_meanwhile_is_shown_again_before_anything_is_taken(
        portal: TestPortal
    ) {
        let account = in_credit(portal).await;
        let wish = wish_with_credit(portal, &account, 10_000).await;
        give_credit(portal, &account, "k2", 500).await;
        let refused = portal.start(wish).await.unwrap_err();
        assert_eq!(refused.code(), "allocation-changed");
        let lines: Vec<i64> =
            refused.preview().unwrap().lines.iter().map(|line| line.amount.get()).collect();
        assert_eq!(lines, [5_500, 4_500]);
        assert_eq!((credit(portal, &account).await, portal.intents().await), (2_500, 0));
        assert_eq!(portal.left(&account).await, [8_000, 7_500]);
    }

    async fn a_declined_card_leaves_what_credit_settled(portal: TestPortal) {
        let account = in_credit(portal).await;
        let wish = wish_with_credit(portal, &account, 6_000).await;
        let started = portal.start(wish).await.unwrap();
        portal.choose(&started, TestCard::Declined).await;
        portal.news_arrives().await;
        let payment = portal.payment(started.payment.id).await;
        payments::cancel(&portal.portal, &payment).await.unwrap();
        assert_eq!(portal.left(&account).await, [6_000, 7_500]);
        assert_eq!(credit(portal, &account).await, 0);
    }

    async fn credit_alone_settles_what_it_can_once_however_many_ask(portal: TestPortal) {
        let account = portal.account(&[(AUGUST, 1_200), (SEPTEMBER, 500)]).await;
        give_credit(portal, &account, "k1", 2_000).await;
        let asks = (0..8).map(|_| payments::spend_credit(&portal.portal, account.id));
        let applied: i64 = futures_util::future::join_all(asks)
            .await
            .into_iter()
            .map(|applied| applied.unwrap().get())
            .sum();
        assert_eq!(applied, 1_700);
        assert_eq!(portal.left(&account).await, [0, 0]);
        assert_eq!(credit(portal, &account).await, 300);
    }
}
