//! The simulator: an account lives through days of payers in several tabs, cards that fail,
//! webhooks that are late, doubled or lost, a gateway that misbehaves, staff who put things right,
//! crashes and jumps of the clock, all drawn from a seed. Afterwards the world becomes calm, and
//! everything has to be settled: what the gateway received is posted, once, and the book is exact.
//!
//! A seed that fails is printed and joins `simulator_seeds.txt`, which every run begins with.
//! `PAYDOWN_TEST_LIVES=seed,seed` lives through those alone.

use crate::support;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use crate::support::proof::{Dice, Proof, is_full};
use crate::support::{On, TestAccount, TestPortal, staff};
use futures_util::FutureExt;
use receivables::allocation::DirectedAmount;
use receivables::api::corrections::{AdjustmentKind, AdjustmentRequest};
use receivables::api::refunds::RefundRequest;
use receivables::ids::PaymentId;
use receivables::money::MinorUnits;
use receivables::payment::PaymentState;
use serde_json::json;
use server::adjustments::{self, Decision, Proposal};
use server::gateway::sandbox::{Mishap, TestCard};
use server::gateway_events;
use server::payments::{self, Moving, Refunding, StartOutcome};
use server::problem::Refusal;

const STEPS: usize = 25;
/// Lives that share a database, one after the other.
const LIVES_A_PORTAL: usize = 25;
const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/simulator_seeds.txt");

const CARDS: [TestCard; 10] = [
    TestCard::Success,
    TestCard::Success,
    TestCard::Declined,
    TestCard::ThreeDSecure,
    TestCard::BankDebit,
    TestCard::BankDebitFails,
    TestCard::AnswerLost,
    TestCard::WebhookLate,
    TestCard::WebhookTwice,
    TestCard::WebhookNever,
];

const MISHAPS: [Mishap; 6] = [
    Mishap::ActThenHangUp,
    Mishap::ActThenFail,
    Mishap::ActThenTruncate,
    Mishap::Fail,
    Mishap::Html502,
    Mishap::KeyInUse,
];

/// One account and what is happening to it.
struct Life<'p> {
    portal: &'p TestPortal,
    account: TestAccount,
    dice: Dice,
    started: Vec<StartOutcome>,
    counts: BTreeMap<&'static str, usize>,
    acts: usize,
    seed: u64,
}

impl<'p> Life<'p> {
    async fn begin(portal: &'p TestPortal, seed: u64) -> Self {
        let mut dice = Dice::of(seed);
        let mut total = || 500 + i64::try_from(dice.below(20_000)).unwrap();
        let bills = [("2026-09-15", total()), ("2026-10-15", total()), ("2026-12-15", total())];
        let account = portal.account(&bills).await;
        let (started, counts) = (Vec::new(), BTreeMap::new());
        Self { portal, account, dice, started, counts, acts: 0, seed }
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// A key that this life has not used yet.
    fn key(&mut self) -> String {
        self.acts += 1;
        format!("{} {} {}", self.account.id, self.seed, self.acts)
    }

    async fn step(&mut self) {
        match self.dice.below(24) {
            0..=3 => self.pays().await,
            4 => self.pays_in_two_tabs().await,
            5..=8 => self.gives_a_card().await,
            9 => self.gives_up().await,
            10 => self.clock_jumps().await,
            11 => self.gateway_misbehaves(),
            12..=13 => self.news_arrives().await,
            14 => self.is_swept().await,
            15 => self.crashes().await,
            16 => self.is_billed_again().await,
            17 => self.is_credited().await,
            18 => self.is_moved().await,
            19 => self.is_given_up().await,
            20 | 21 => self.is_refunded().await,
            22 => self.refund_ends().await,
            _ => self.is_disputed().await,
        }
    }

    fn amount(&mut self, at_most: i64) -> i64 {
        1 + i64::try_from(self.dice.below(usize::try_from(at_most.max(1)).unwrap())).unwrap()
    }

    async fn owed(&self) -> i64 {
        let view = self.portal.view(&self.account).await;
        view.items.iter().map(|item| item.available().get()).sum()
    }

    async fn pays(&mut self) {
        let amount = match self.dice.below(3) {
            0 => self.owed().await,
            _ => {
                let owed = self.owed().await;
                self.amount(owed)
            }
        };
        let Some(wish) = self.portal.wish_if_allowed(&self.account, amount).await else {
            return self.count("an amount refused beforehand");
        };
        let outcome = self.portal.start(wish).await;
        self.take(outcome);
    }

    async fn pays_in_two_tabs(&mut self) {
        let owed = self.owed().await;
        let amount = self.amount(owed);
        let first = self.portal.wish_if_allowed(&self.account, amount).await;
        let second = self.portal.wish_if_allowed(&self.account, amount).await;
        let (Some(first), Some(second)) = (first, second) else { return };
        let both = futures_util::future::join(self.portal.start(first), self.portal.start(second));
        let (first, second) = both.await;
        self.take(first);
        self.take(second);
        self.count("two tabs");
    }

    fn take(&mut self, outcome: Result<StartOutcome, Refusal>) {
        match outcome {
            Ok(started) => {
                self.started.push(started);
                self.count("started");
            }
            Err(refusal) => {
                let status = refusal.status().as_u16();
                assert_ne!(status, 500, "{refusal:?}");
                self.count("refused at the start");
            }
        }
    }

    async fn gives_a_card(&mut self) {
        let with_form: Vec<usize> =
            (0..self.started.len()).filter(|n| self.started[*n].intent.is_some()).collect();
        if with_form.is_empty() {
            return;
        }
        let n = with_form[self.dice.below(with_form.len())];
        let card = CARDS[self.dice.below(CARDS.len())];
        self.portal.choose(&self.started[n], card).await;
        self.count("card given");
    }

    async fn gives_up(&mut self) {
        if self.started.is_empty() {
            return;
        }
        let n = self.dice.below(self.started.len());
        let payment = self.portal.payment(self.started[n].payment.id).await;
        payments::cancel(&self.portal.portal, &payment).await.unwrap();
        self.count("given up");
    }

    async fn clock_jumps(&mut self) {
        const JUMPS: [i64; 6] = [20, 70, 31 * 60, 2 * 3_600, 26 * 3_600, 3 * 24 * 3_600];
        self.portal.clock.pass_seconds(JUMPS[self.dice.below(JUMPS.len())]);
        self.count("clock jump");
    }

    fn gateway_misbehaves(&mut self) {
        let mishap = MISHAPS[self.dice.below(MISHAPS.len())];
        self.portal.sandbox.order_mishaps([mishap]);
        self.count("mishap");
    }

    async fn news_arrives(&mut self) {
        self.portal.news_arrives().await;
        if self.dice.below(4) == 0 {
            gateway_events::fetch_missed(&self.portal.portal).await.unwrap();
        }
    }

    async fn is_swept(&mut self) {
        gateway_events::sweep(&self.portal.portal).await.unwrap();
    }

    /// Whatever runs is dropped somewhere in the middle, as when the process is killed.
    async fn crashes(&mut self) {
        let after = 1 + self.dice.below(60);
        let (portal, which) = (self.portal, self.dice.below(3));
        if which == 0 {
            let owed = self.owed().await;
            let amount = self.amount(owed);
            if let Some(wish) = portal.wish_if_allowed(&self.account, amount).await {
                crash_after(after, portal.start(wish)).await;
            }
        } else if which == 1 {
            crash_after(after, portal.news_arrives()).await;
        } else {
            crash_after(after, gateway_events::sweep(&portal.portal)).await;
        }
        self.count("crash");
    }

    async fn is_billed_again(&mut self) {
        if self.account.bills.len() < 8 {
            let total = 100 + self.amount(9_000);
            let bill = self.portal.bill(self.account.id, "2026-12-31", total).await;
            self.account.bills.push(bill);
            self.count("bill");
        }
    }

    async fn propose(&mut self, kind: AdjustmentKind, amount: i64) {
        let bill_id = self.account.bills[self.dice.below(self.account.bills.len())];
        let proposal = Proposal {
            operator: "anna".into(),
            idempotency_key: Some(self.key()),
            account_id: self.account.id,
            request: AdjustmentRequest {
                kind,
                bill_id: Some(bill_id),
                amount: MinorUnits::new(amount),
                currency: self.account.currency,
                reason: "simulated".into(),
            },
        };
        let portal = &self.portal.portal;
        let Ok(proposed) = adjustments::propose(portal, proposal).await else { return };
        let id = proposed.id.unwrap();
        if kind == AdjustmentKind::WriteOff {
            let _ = adjustments::decide(portal, staff("ben"), id, Decision::Approve, false).await;
        }
        if self.dice.below(3) == 0 {
            let _ = adjustments::decide(portal, staff("cleo"), id, Decision::Reverse, false).await;
        }
        self.count("adjustment");
    }

    async fn is_credited(&mut self) {
        let amount = self.amount(3_000);
        self.propose(AdjustmentKind::CreditNote, amount).await;
    }

    async fn is_given_up(&mut self) {
        let amount = self.amount(3_000);
        self.propose(AdjustmentKind::WriteOff, amount).await;
    }

    async fn is_moved(&mut self) {
        let Some(started) = self.started.get(self.dice.below(self.started.len().max(1))) else {
            return;
        };
        let payment_id = started.payment.id;
        let [from, to] = [0, 1].map(|_| self.dice.below(self.account.bills.len()));
        let amount = MinorUnits::new(self.amount(2_000));
        let line = |n: usize| DirectedAmount { bill_id: self.account.bills[n], amount };
        let settle = if self.dice.below(2) == 0 { vec![line(to)] } else { Vec::new() };
        let take_back = vec![line(from)];
        let idempotency_key = Some(self.key());
        let operator = "anna".to_owned();
        let moving = Moving { operator, idempotency_key, payment_id, take_back, settle };
        if payments::move_payment(&self.portal.portal, moving).await.is_ok() {
            self.count("moved");
        }
    }

    /// One of the posted payments, if there is any, and the gateway's name for it.
    async fn a_posted_payment(&mut self) -> Option<(PaymentId, String)> {
        let mut posted = Vec::new();
        for started in &self.started {
            let payment = self.portal.payment(started.payment.id).await;
            if let (PaymentState::Posted, Some(intent)) = (payment.state, payment.gateway_ref) {
                posted.push((payment.id, intent));
            }
        }
        if posted.is_empty() {
            return None;
        }
        let chosen = self.dice.below(posted.len());
        Some(posted.swap_remove(chosen))
    }

    async fn is_refunded(&mut self) {
        let Some((payment_id, _)) = self.a_posted_payment().await else { return };
        let request = RefundRequest {
            amount: MinorUnits::new(self.amount(2_000)),
            currency: self.account.currency,
            reason: None,
        };
        let (operator, idempotency_key) = ("grace".to_owned(), self.key());
        let refunding = Refunding { operator, payment_id, idempotency_key, request };
        match payments::refund(&self.portal.portal, refunding).await {
            Ok(_) => self.count("refund"),
            Err(refusal) => {
                assert_ne!(refusal.status().as_u16(), 500, "{refusal:?}");
                self.count("refund refused");
            }
        }
    }

    /// What the gateway keeps of this account's refunds: its name, its intent, amount, status.
    async fn refunds(&self) -> Vec<(String, String, i64, String)> {
        let query = "select document from sandbox_object where kind = 'refund'";
        let pool = self.portal.portal.db.read();
        let documents: Vec<String> = sqlx::query_scalar(query).fetch_all(pool).await.unwrap();
        let mut refunds = Vec::new();
        for document in documents {
            let refund: serde_json::Value = serde_json::from_str(&document).unwrap();
            let text = |name: &str| refund[name].as_str().unwrap().to_owned();
            let amount = refund["amount"].as_i64().unwrap();
            refunds.push((text("id"), text("intent_id"), amount, text("status")));
        }
        let mut mine = Vec::new();
        for refund in refunds {
            let intent = refund.1.clone();
            if self.own_payment(&intent).await {
                mine.push(refund);
            }
        }
        mine
    }

    async fn own_payment(&self, intent: &str) -> bool {
        let query = "select count(*) from payment where account_id = $1 and gateway_ref = $2";
        let count: i64 = sqlx::query_scalar(query)
            .bind(self.account.id.to_string())
            .bind(intent)
            .fetch_one(self.portal.portal.db.read())
            .await
            .unwrap();
        count == 1
    }

    async fn refund_ends(&mut self) {
        let refunds = self.refunds().await;
        if refunds.is_empty() {
            return;
        }
        let refund = &refunds[self.dice.below(refunds.len())].0;
        let end = ["succeed", "fail", "cancel"][self.dice.below(3)];
        let path = format!("/sandbox/refunds/{refund}");
        if self.portal.try_at_sandbox(&path, json!({ "end": end })).await.is_some() {
            self.count("refund ended at the gateway");
        }
    }

    /// A payer's bank questions a payment, and goes some of the way.
    async fn is_disputed(&mut self) {
        let Some((_, intent)) = self.a_posted_payment().await else { return };
        let wish = json!({ "intent": intent, "amount": null });
        let Some(opened) = self.portal.try_at_sandbox("/sandbox/disputes", wish).await else {
            return;
        };
        self.count("dispute");
        let path = format!("/sandbox/disputes/{}", opened["id"].as_str().unwrap());
        for step in [["withdraw", "close"], ["win", "lose"], ["reinstate", "reinstate"]] {
            let step = step[self.dice.below(2)];
            if self.dice.below(3) > 0 {
                let _ = self.portal.try_at_sandbox(&path, json!({ "step": step })).await;
            }
            if self.dice.below(2) == 0 {
                self.portal.news_arrives().await;
            }
        }
    }

    /// No more mishaps, and time enough for everything to be asked about.
    async fn calms_down(&self) {
        let portal = self.portal;
        portal.sandbox.forget_mishaps();
        for (refund, _, _, status) in self.refunds().await {
            if status == "pending" {
                let path = format!("/sandbox/refunds/{refund}");
                portal.post_to_sandbox(&path, json!({ "end": "succeed" })).await;
            }
        }
        for hours in [1, 1, 2, 24, 24, 24] {
            portal.clock.pass_seconds(hours * 3_600);
            portal.news_arrives().await;
            gateway_events::fetch_missed(&portal.portal).await.unwrap();
            portal.news_arrives().await;
            gateway_events::sweep(&portal.portal).await.unwrap();
        }
    }

    /// Every payment is settled, and what the gateway received is what was posted.
    async fn is_settled(&self) {
        let portal = self.portal;
        let pool = portal.portal.db.read();
        let query = "select id from payment where account_id = $1";
        let ids: Vec<String> = sqlx::query_scalar(query)
            .bind(self.account.id.to_string())
            .fetch_all(pool)
            .await
            .unwrap();
        let mut posted = BTreeMap::new();
        let mut refs = BTreeSet::new();
        for id in ids {
            let payment = portal.payment(PaymentId::parse(&id).unwrap()).await;
            assert!(!payment.state.is_in_flight(), "{id} is still {:?}", payment.state);
            refs.extend(payment.gateway_ref.clone());
            if payment.state == PaymentState::Posted {
                posted.insert(payment.gateway_ref.unwrap(), payment.received.get());
            }
        }
        self.what_went_back_is_booked().await;
        let received = self.received(&refs).await;
        assert_eq!(posted, received, "posted here, received at the gateway");
        portal.the_book_is_exact().await;
    }

    /// Of each payment as much is booked as refunded as the gateway gave back.
    async fn what_went_back_is_booked(&self) {
        let mut given_back: BTreeMap<String, i64> = BTreeMap::new();
        for (_, intent, amount, status) in self.refunds().await {
            if status == "succeeded" {
                *given_back.entry(intent).or_default() += amount;
            }
        }
        let query = "select gateway_ref, refunded, refunding from payment \
                     where account_id = $1 and gateway_ref is not null";
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(query)
            .bind(self.account.id.to_string())
            .fetch_all(self.portal.portal.db.read())
            .await
            .unwrap();
        for (intent, refunded, refunding) in rows {
            assert_eq!(refunding, 0, "{intent}: a refund is still in doubt");
            assert_eq!(refunded, given_back.get(&intent).copied().unwrap_or(0), "{intent}");
        }
    }

    /// What the gateway says of this account's intents: reference and amount received.
    async fn received(&self, known: &BTreeSet<String>) -> BTreeMap<String, i64> {
        let query = "select document from sandbox_object where kind = 'intent'";
        let pool = self.portal.portal.db.read();
        let documents: Vec<String> = sqlx::query_scalar(query).fetch_all(pool).await.unwrap();
        let account_id = self.account.id.to_string();
        let mut received = BTreeMap::new();
        for document in documents {
            let intent: serde_json::Value = serde_json::from_str(&document).unwrap();
            if intent["metadata"]["account"] != account_id.as_str() {
                continue;
            }
            let id = intent["id"].as_str().unwrap().to_owned();
            if intent["status"] == "succeeded" {
                assert!(known.contains(&id), "{id} was received for no payment");
                received.insert(id, intent["amount_received"].as_i64().unwrap());
            }
        }
        received
    }
}

/// Polls a future at most so often, then drops it where it stands.
async fn crash_after<F: Future>(polls: usize, future: F) {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        future.as_mut().poll(context).map(|_| ())
    })
    .await;
}

async fn live(portal: &TestPortal, seed: u64) -> BTreeMap<&'static str, usize> {
    let mut life = Life::begin(portal, seed).await;
    for _ in 0..STEPS {
        life.step().await;
    }
    life.calms_down().await;
    life.is_settled().await;
    life.counts
}

fn corpus() -> Vec<u64> {
    let text = std::fs::read_to_string(CORPUS).unwrap();
    let seeds = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    seeds.map(|line| line.trim().parse().unwrap()).collect()
}

fn joins_the_corpus(seed: u64) {
    use std::io::Write;
    println!("the seed that failed: PAYDOWN_TEST_LIVES={seed}");
    if !corpus().contains(&seed) {
        let mut file = std::fs::OpenOptions::new().append(true).open(CORPUS).unwrap();
        writeln!(file, "{seed}").unwrap();
    }
}

fn seeds(proof: &mut Proof) -> Vec<u64> {
    if let Ok(chosen) = std::env::var("PAYDOWN_TEST_LIVES") {
        return chosen.split(',').map(|seed| seed.trim().parse().unwrap()).collect();
    }
    let drawn = (0..proof.n).map(|_| proof.dice.draw() % 1_000_000_000);
    corpus().into_iter().chain(drawn).collect()
}

/// Without `PAYDOWN_PROOF=full` fewer than the other proofs: a hundred lives take half a minute.
const FEW_LIVES: usize = 200;

async fn simulate(on: On, full: usize) {
    let mut proof = Proof::begin("P26", on, full);
    if !is_full() {
        proof.n = proof.n.min(FEW_LIVES);
    }
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for lives in seeds(&mut proof).chunks(LIVES_A_PORTAL) {
        let portal = TestPortal::open(on).await.unwrap();
        for seed in lives {
            let lived = std::panic::AssertUnwindSafe(live(&portal, *seed)).catch_unwind().await;
            match lived {
                Ok(lived) => lived.into_iter().for_each(|(what, n)| {
                    *counts.entry(what).or_default() += n;
                }),
                Err(fault) => {
                    joins_the_corpus(*seed);
                    std::panic::resume_unwind(fault);
                }
            }
        }
        portal.close().await;
    }
    for (what, n) in counts {
        proof.counted(what, n);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_an_account_ends_settled_and_exact_on_sqlite() {
    simulate(On::Sqlite, 10_000).await;
}

/// Fewer lives: what differs between the databases is the locking, which the races prove.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_an_account_ends_settled_and_exact_on_postgres() {
    if support::postgres_url().is_some() {
        simulate(On::Postgres, 1_000).await;
    }
}
