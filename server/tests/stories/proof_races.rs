//! Proofs of what happens when payers, tabs and time race each other. `make prove` runs them in
//! full, `make test` a tenth of each.

use crate::support::proof::{Proof, is_full, step_aside};
use crate::support::{On, TestAccount, TestPortal};
use futures_util::future::join_all;
use receivables::allocation::{Direction, preview};
use receivables::ids::PaymentId;
use receivables::money::MinorUnits;
use receivables::payment::PaymentState;
use server::gateway::sandbox::TestCard;
use server::gateway_events;
use server::payments::{self, Cancelled, StartOutcome};

const DUE: &str = "2026-09-15";

/// What the gateway took of payers, and of how many intents.
async fn captured(portal: &TestPortal) -> (i64, usize) {
    let query = "select document from sandbox_object where kind = 'intent'";
    let pool = portal.portal.db.read();
    let documents: Vec<String> = sqlx::query_scalar(query).fetch_all(pool).await.unwrap();
    let taken = documents.iter().map(|document| {
        let intent: serde_json::Value = serde_json::from_str(document).unwrap();
        intent["amount_received"].as_i64().unwrap()
    });
    let taken: Vec<i64> = taken.filter(|amount| *amount > 0).collect();
    (taken.iter().sum(), taken.len())
}

async fn posted(portal: &TestPortal) -> i64 {
    let query = "select cast(coalesce(sum(received), 0) as bigint) from payment";
    sqlx::query_scalar(query).fetch_one(portal.portal.db.read()).await.unwrap()
}

/// Whether the gateway says that this payment's money was taken.
async fn is_taken(portal: &TestPortal, started: &StartOutcome) -> bool {
    let gateway_ref = &started.intent.as_ref().unwrap().gateway_ref;
    let intent = portal.portal.gateway.retrieve_intent(gateway_ref).await.unwrap();
    intent.amount_received.is_positive()
}

/// How it went for one payer.
#[derive(Default)]
struct Paid {
    id: Option<PaymentId>,
    /// How often the preview had changed by the time it was confirmed.
    changed: u32,
    /// How often the server was too busy to take the request, and said so.
    busy: u32,
    /// Started, and the gateway did not answer in time.
    doubtful: u32,
}

/// One payer who takes every new preview and confirms it, until the payment is started or the
/// account has not enough left.
async fn payer(portal: &TestPortal, account: &TestAccount, part: i64) -> Paid {
    let mut paid = Paid::default();
    loop {
        let view = portal.view(account).await;
        let seen = preview(&view.snapshot(), MinorUnits::new(part), &Direction::default());
        let Ok(seen) = seen else { return paid };
        match portal.start(portal.wish_for(account, &seen)).await {
            Ok(started) if started.intent.is_some() => {
                portal.choose(&started, TestCard::Success).await;
                return Paid { id: Some(started.payment.id), ..paid };
            }
            // The gateway gave no answer in time: nobody can pay it, and it runs out.
            Ok(_) => return Paid { doubtful: 1, ..paid },
            Err(refusal) => match refusal.code() {
                "allocation-changed" | "balance-reserved" => paid.changed += 1,
                "busy" => paid.busy += 1,
                "exceeds-due" | "nothing-to-pay" | "remainder-too-small" | "balance-too-small" => {
                    return paid;
                }
                other => panic!("{other}"),
            },
        }
    }
}

proofs! {
    // P03
    async fn many_payers_of_one_account_come_to_the_exact_sum(on: On) {
        let mut proof = Proof::begin("P03", on, 500);
        for run in 0..if is_full() { 5 } else { 1 } {
            let Some(portal) = TestPortal::open(on).await else { return };
            let parts: Vec<i64> =
                (0..proof.n).map(|_| 500 + 100 * proof.dice.below(20) as i64).collect();
            let due = parts.iter().sum::<i64>() / 2;
            let bills: Vec<(&str, i64)> = (0..10).map(|n| (DUE, due / 10 + n)).collect();
            let owed: i64 = bills.iter().map(|(_, total)| total).sum();
            let account = portal.account(&bills).await;
            let payers = parts.iter().map(|part| payer(&portal, &account, *part));
            let outcomes = join_all(payers).await;
            portal.news_arrives().await;
            portal.sandbox.tick().await.unwrap();
            portal.news_arrives().await;

            for wait in [5 * 60, 31 * 60] {
                portal.clock.pass_seconds(wait);
                for _ in 0..proof.n.div_ceil(50) {
                    gateway_events::sweep(&portal.portal).await.unwrap();
                }
            }
            assert_eq!(portal.count("reservation").await, 0);
            let paid = outcomes.iter().filter(|paid| paid.id.is_some()).count();
            let (captured, intents) = captured(&portal).await;
            let left: i64 = portal.left(&account).await.iter().sum();
            proof.counted(&format!("run {run}: owed"), owed);
            proof.counted("payers who paid", paid);
            proof.counted("payers refused", proof.n - paid);
            let changed = outcomes.iter().map(|paid| paid.changed).sum::<u32>();
            proof.counted("previews that had changed", changed);
            let busy = outcomes.iter().map(|paid| paid.busy).sum::<u32>();
            proof.counted("requests answered that the server is busy", busy);
            let doubtful = outcomes.iter().map(|paid| paid.doubtful).sum::<u32>();
            proof.counted("starts without an answer in time", doubtful);
            let sums = format!("{captured} {} {left}", posted(&portal).await);
            proof.counted("captured, posted, left", sums);
            assert_eq!(captured, posted(&portal).await);
            assert_eq!(owed - captured, left);
            assert_eq!(paid, intents);
            assert_eq!(portal.view(&account).await.credit, MinorUnits::ZERO);
            portal.close().await;
        }
    }

    // P04
    async fn tabs_that_confirm_the_same_bill_pay_it_once(on: On) {
        let mut proof = Proof::begin("P04", on, 1_000);
        let Some(portal) = TestPortal::open(on).await else { return };
        let (mut tabs, mut refused) = (0, 0);
        for _ in 0..proof.n {
            let account = portal.account(&[(DUE, 5_000)]).await;
            let mut wishes = Vec::new();
            for session in 0..2 + proof.dice.below(3) {
                let mut wish = portal.wish(&account, 5_000).await;
                wish.session_hash = format!("session {session}");
                wishes.push((wish, proof.dice.below(10)));
            }
            proof.dice.shuffle(&mut wishes);
            tabs += wishes.len();
            let at = &portal;
            let outcomes = join_all(wishes.into_iter().map(|(wish, wait)| async move {
                step_aside(at, wait).await;
                let outcome = at.start(wish).await;
                if let Ok(started) = &outcome {
                    at.choose(started, TestCard::Success).await;
                }
                outcome
            }))
            .await;
            let winner = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok());
            let winners: Vec<PaymentId> = winner.map(|started| started.payment.id).collect();
            assert_eq!(winners.len(), 1);
            for refusal in outcomes.into_iter().filter_map(Result::err) {
                assert_eq!(refusal.code(), "balance-reserved");
                assert_eq!(refusal.payment_id(), Some(winners[0]));
                refused += 1;
            }
            portal.news_arrives().await;
            assert_eq!(portal.left(&account).await, [0]);
        }
        let (captured, intents) = captured(&portal).await;
        proof.counted("tabs", tabs);
        proof.counted("refused as balance-reserved", refused);
        proof.counted("intents paid", intents);
        assert_eq!((intents, captured), (proof.n, 5_000 * proof.n as i64));
        assert_eq!(posted(&portal).await, captured);
        portal.close().await;
    }

    // P07
    async fn a_payment_that_races_its_end_is_posted_or_cancelled_and_never_both(on: On) {
        let mut proof = Proof::begin("P07", on, 1_000);
        let Some(portal) = TestPortal::open(on).await else { return };
        let mut ended = [0; 2];
        for round in 0..proof.n.div_ceil(8) {
            let mut races = Vec::new();
            for _ in 0..8.min(proof.n - round * 8) {
                let account = portal.account(&[(DUE, 5_000)]).await;
                let started = portal.started(&account, 5_000).await;
                races.push((account, started, proof.dice.below(60), proof.dice.below(8)));
            }
            let expires = round % 2 == 1;
            if expires {
                portal.clock.pass_seconds(31 * 60);
            }
            join_all(races.iter().map(|(_, started, payer_waits, end_waits)| async {
                let pays = async {
                    step_aside(&portal, *payer_waits).await;
                    portal.choose(started, TestCard::Success).await;
                };
                let ends = async {
                    step_aside(&portal, *end_waits).await;
                    let payment = portal.payment(started.payment.id).await;
                    let end = match expires {
                        true => payments::expire(&portal.portal, &payment).await,
                        false => payments::cancel(&portal.portal, &payment).await,
                    };
                    assert_ne!(end.unwrap(), Cancelled::InDoubt);
                };
                tokio::join!(pays, ends);
            }))
            .await;
            portal.news_arrives().await;
            gateway_events::sweep(&portal.portal).await.unwrap();
            for (account, started, ..) in &races {
                let state = portal.payment(started.payment.id).await.state;
                let over = if expires { PaymentState::Expired } else { PaymentState::Cancelled };
                assert!(state == PaymentState::Posted || state == over, "{state:?}");
                let is_posted = state == PaymentState::Posted;
                assert_eq!(is_taken(&portal, started).await, is_posted);
                assert_eq!(portal.left(account).await, [if is_posted { 0 } else { 5_000 }]);
                ended[usize::from(is_posted)] += 1;
            }
        }
        proof.counted("posted", ended[1]);
        proof.counted("cancelled or expired", ended[0]);
        assert_eq!(ended[0] + ended[1], proof.n);
        assert!(ended[0] > 0 && ended[1] > 0, "the race was none: {ended:?}");
        assert_eq!(portal.count("reservation").await, 0);
        assert_eq!(captured(&portal).await.0, posted(&portal).await);
        portal.close().await;
    }
}
