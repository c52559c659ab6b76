//! Stories of posting: what was received for a payment is posted once, as it was previewed where
//! that still fits, and what does not fit the payment is not posted. Both databases.

use crate::support::{On, TestPortal};
use futures_util::FutureExt;
use receivables::ids::PaymentId;
use receivables::money::{Currency, MinorUnits};
use receivables::tender::Tender;
use server::gateway::sandbox::TestCard;
use server::payments::StartOutcome;
use server::payments::post::{PostOutcome, Received, post};

/// All of it, as the gateway would say.
fn received(portal: &TestPortal, started: &StartOutcome) -> Received {
    Received {
        payment_id: started.payment.id,
        gateway_ref: started.intent.as_ref().unwrap().gateway_ref.clone(),
        amount: started.payment.preview.amount,
        currency: started.payment.currency,
        tender: Tender::Card,
        method: None,
        effective_on: portal.portal.today(),
    }
}

stories! {
    async fn money_that_does_not_fit_its_payment_is_not_posted(portal: TestPortal) {
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        let started = portal.started(&account, 8_000).await;
        let fits = received(portal, &started);
        let amount = |amount| Received { amount: MinorUnits::new(amount), ..fits.clone() };
        let nobodys = PaymentId::from_parts(1, &[0; 10]);
        for (wrong, why) in [
            (Received { currency: Currency::EUR, ..fits.clone() }, "received in another currency"),
            (amount(0), "nothing was received"),
            (amount(-8_000), "nothing was received"),
            (
                Received { gateway_ref: "pi_another".into(), ..fits.clone() },
                "received under another reference",
            ),
            (Received { payment_id: nobodys, ..fits.clone() }, "there is no such payment"),
        ] {
            let outcome = post(&portal.portal, wrong).await.unwrap();
            assert_eq!(outcome, PostOutcome::Mismatch(why));
        }
        assert_eq!((portal.count("receipt").await, portal.left(&account).await), (0, vec![8_000]));
        assert_eq!(post(&portal.portal, fits.clone()).await.unwrap(), PostOutcome::Posted);
        assert_eq!(post(&portal.portal, fits).await.unwrap(), PostOutcome::PostedBefore);
        assert_eq!((portal.count("receipt").await, portal.left(&account).await), (1, vec![0]));
    }

    async fn a_receipt_wakes_who_sends_it_and_news_of_it_again_do_not(portal: TestPortal) {
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        let started = portal.started(&account, 8_000).await;
        let woken = || portal.portal.work.outbox.notified().now_or_never().is_some();
        woken();
        post(&portal.portal, received(portal, &started)).await.unwrap();
        assert!(woken());
        post(&portal.portal, received(portal, &started)).await.unwrap();
        assert!(!woken());
    }

    async fn a_line_that_no_longer_fits_its_own_bill_is_not_kept_because_it_fits_another(
        portal: TestPortal
    ) {
        let account = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
        let started = portal.started(&account, 5_000).await;
        portal.hold(account.bills[0], "the meter is checked").await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        assert_eq!(portal.left(&account).await, [8_000, 2_500]);
        let receipt = portal.receipt(&account, started.payment.id).await.unwrap();
        assert!(receipt.differs_from_preview);
    }

    async fn a_receipt_names_each_bill_with_what_was_left_and_what_is(portal: TestPortal) {
        let account = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
        let started = portal.started(&account, 12_000).await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        let receipt = portal.receipt(&account, started.payment.id).await.unwrap();
        let lines: Vec<_> = receipt
            .lines
            .iter()
            .map(|line| {
                assert_eq!(line.bill_number, format!("B-{}", &line.bill_id.to_string()[29..]));
                let money = [line.bill_total, line.left_before, line.amount, line.left_to_pay];
                (line.bill_id, money.map(MinorUnits::get))
            })
            .collect();
        let (first, second) = ([8_000, 8_000, 8_000, 0], [7_500, 7_500, 4_000, 3_500]);
        assert_eq!(lines, [(account.bills[0], first), (account.bills[1], second)]);
        assert_eq!(receipt.lines.first().unwrap().due_on.unwrap().to_string(), "2026-09-15");
    }
}
