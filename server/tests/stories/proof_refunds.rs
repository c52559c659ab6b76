//! Proof that no more goes back than came, however many ask at once. `make prove` runs it in
//! full, `make test` a tenth.

use crate::support::proof::{Proof, step_aside};
use crate::support::{On, TestPortal};
use futures_util::future::join_all;
use receivables::api::refunds::RefundRequest;
use receivables::money::{Currency, MinorUnits};
use server::gateway::sandbox::TestCard;
use server::payments::{self, Refunding};

const AT_ONCE: usize = 8;

fn asking(
    payment_id: receivables::ids::PaymentId,
    key: String,
    amount: i64,
    currency: Currency,
) -> Refunding {
    let amount = MinorUnits::new(amount);
    let request = RefundRequest { amount, currency, reason: None };
    Refunding { operator: "grace".into(), payment_id, idempotency_key: key, request }
}

/// What the gateway gave back, and in how many refunds.
async fn given_back(portal: &TestPortal) -> (i64, usize) {
    let query = "select document from sandbox_object where kind = 'refund'";
    let pool = portal.portal.db.read();
    let documents: Vec<String> = sqlx::query_scalar(query).fetch_all(pool).await.unwrap();
    let amount = |document: &String| {
        let refund: serde_json::Value = serde_json::from_str(document).unwrap();
        refund["amount"].as_i64().unwrap()
    };
    (documents.iter().map(amount).sum(), documents.len())
}

proofs! {
    // P08
    async fn of_many_refunds_at_once_no_more_goes_back_than_came(on: On) {
        let mut proof = Proof::begin("P08", on, 200);
        let Some(portal) = TestPortal::open(on).await else { return };
        let (mut done, mut refused, mut nonsense) = (0, 0, 0);
        let mut expected = 0;
        for n in 0..proof.n {
            let total = 1_000 + 5 * proof.dice.below(2_000) as i64;
            let account = portal.account(&[("2026-09-15", total)]).await;
            let started = portal.started(&account, total).await;
            portal.choose(&started, TestCard::Success).await;
            portal.news_arrives().await;
            let id = started.payment.id;
            for (amount, currency, code) in [
                (0, Currency::USD, "amount-invalid"),
                (-total, Currency::USD, "amount-invalid"),
                (total, Currency::EUR, "currency-mismatch"),
            ] {
                let asked = asking(id, format!("{n} {amount} {currency}"), amount, currency);
                let refusal = payments::refund(&portal.portal, asked).await.unwrap_err();
                assert_eq!((refusal.status().as_u16(), refusal.code()), (422, code));
                nonsense += 1;
            }
            let sixty_percent = total / 5 * 3;
            let waits: Vec<usize> = (0..AT_ONCE).map(|_| proof.dice.below(6)).collect();
            let at = &portal;
            let outcomes = join_all(waits.into_iter().enumerate().map(|(k, wait)| async move {
                step_aside(at, wait).await;
                let asked = asking(id, format!("{n} {k}"), sixty_percent, Currency::USD);
                payments::refund(&at.portal, asked).await
            }));
            let (worked, not): (Vec<_>, Vec<_>) =
                outcomes.await.into_iter().partition(Result::is_ok);
            assert_eq!(worked.len(), 1, "payment {n}");
            for refusal in not.into_iter().filter_map(Result::err) {
                assert_eq!((refusal.status().as_u16(), refusal.code()), (422, "exceeds-refundable"));
                refused += 1;
            }
            assert_eq!(portal.left(&account).await, [sixty_percent]);
            assert_eq!(portal.payment(id).await.refunded.get(), sixty_percent);
            done += 1;
            expected += sixty_percent;
        }
        portal.news_arrives().await;
        let (given, times) = given_back(&portal).await;
        proof.counted("payments", proof.n);
        proof.counted("refunds asked for", proof.n * AT_ONCE);
        proof.counted("done, refused, not answerable", format!("{done} {refused} {nonsense}"));
        proof.counted("given back at the gateway, expected", format!("{given} {expected}"));
        assert_eq!((given, times), (expected, done));
        assert_eq!(refused, done * (AT_ONCE - 1));
        portal.close().await;
    }
}
