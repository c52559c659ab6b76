//! One suite of scenarios for every gateway we can reach: what our own requests bring back.
//!
//! It runs on the sandbox always, and on localstripe where the tests are given one. What may
//! differ there is listed with a reason, and a difference that is gone fails as well.

use std::collections::BTreeMap;

use receivables::calendar::Micros;
use receivables::money::Currency;
use server::clock::{Clock, SystemClock};
use server::gateway::sandbox::TestCard;
use server::gateway::{
    Gateway, GatewayError, GatewayRefund, Intent, IntentRequest, SignatureProblem,
};

use crate::localstripe::{Localstripe, differences};
use crate::stage::{Stage, stages};
use crate::support::World;

/// What every step is to bring back.
const EXPECTED: &[(&str, &str)] = &[
    ("create: a new intent", "AwaitingPayer"),
    ("create: its amount and currency", "6234 USD"),
    ("create: knows our payment", "true"),
    ("create: the same key", "the same intent"),
    ("create: the same key for another amount", "unclear: KeyUsedOtherwise"),
    ("create: too little", "refused: amount_too_small"),
    ("create: too much", "refused: amount_too_large"),
    ("find: by our payment", "the intent"),
    ("find: a payment it never saw", "nothing"),
    ("retrieve: a name it never gave", "not there"),
    ("card: paid", "Succeeded, received 6234"),
    ("card: what it was paid with", "Card, visa, 4242"),
    ("card: asked to cancel", "Succeeded"),
    ("declined: back to the payer", "AwaitingPayer, received 0"),
    ("declined: why", "card_declined, generic_decline"),
    ("declined: another card then works", "Succeeded, received 6234"),
    ("no money: why", "card_declined, insufficient_funds"),
    ("3-D Secure: asks first", "AwaitingPayer, received 0"),
    ("3-D Secure: proven", "Succeeded, received 6234"),
    ("3-D Secure: not proven", "AwaitingPayer, received 0"),
    ("3-D Secure: why not", "payment_intent_authentication_failure"),
    ("bank debit: under way", "Processing, received 0"),
    ("bank debit: asked to cancel while under way", "Processing"),
    ("bank debit: settled", "Succeeded, received 6234"),
    ("bank debit: what it was paid with", "BankDebit"),
    ("bank debit: fails in the end", "AwaitingPayer, received 0"),
    ("cancel: an open intent", "Cancelled"),
    ("cancel: again", "Cancelled"),
    ("cancel: a name it never gave", "not there"),
    ("refund: a part", "Succeeded, 2000"),
    ("refund: the same key", "the same refund"),
    ("refund: knows our refund and its intent", "true"),
    ("refund: as it is now", "Succeeded, 2000"),
    ("refund: found by our refund", "the refund"),
    ("refund: never made", "nothing"),
    ("refund: more than is left", "refused: invalid_request_error"),
    ("refund: a name it never gave", "not there"),
    ("news: listed for a paid intent", "payment_intent.succeeded"),
    ("news: oldest first", "true"),
    ("news: after the last", "none"),
    ("webhook: for a paid intent", "payment_intent.succeeded, authentic"),
    ("webhook: with another secret", "WrongSignature"),
];

/// A gateway, and the payer in front of it.
enum Peer {
    Sandbox(Box<Stage>),
    Localstripe(Box<Localstripe>),
}

impl Peer {
    fn gateway(&self) -> &Gateway {
        match self {
            Self::Sandbox(stage) => &stage.gateway,
            Self::Localstripe(peer) => &peer.gateway,
        }
    }

    fn now(&self) -> Micros {
        match self {
            Self::Sandbox(stage) => stage.world.clock.now(),
            Self::Localstripe(_) => SystemClock.now(),
        }
    }

    async fn confirm(&self, intent: &Intent, card: TestCard) {
        match self {
            Self::Sandbox(stage) => drop(stage.confirm(intent, card).await.unwrap()),
            Self::Localstripe(peer) => peer.confirm(intent, card).await,
        }
    }

    async fn authenticate(&self, intent: &Intent, proven: bool) {
        let outcome = if proven { "complete" } else { "fail" };
        match self {
            Self::Sandbox(stage) => drop(stage.authenticate(intent, outcome).await.unwrap()),
            Self::Localstripe(peer) => peer.authenticate(intent, proven).await,
        }
    }

    async fn settle_debits(&self) {
        match self {
            Self::Sandbox(stage) => {
                stage.post("/sandbox/settle", serde_json::json!({})).await.unwrap();
            }
            // Half a second, by its own word.
            Self::Localstripe(_) => tokio::time::sleep(std::time::Duration::from_secs(1)).await,
        }
    }

    /// The verdicts on the webhooks about an intent: kind, or what was wrong.
    async fn webhooks(&self, intent: &Intent, judge: &Gateway) -> Vec<String> {
        let public = match self {
            Self::Sandbox(stage) => {
                stage.sandbox.tick().await.unwrap();
                &stage.public
            }
            Self::Localstripe(peer) => {
                peer.wait_for_news_of(intent).await;
                &peer.public
            }
        };
        let about = |raw: &[u8]| String::from_utf8_lossy(raw).contains(&intent.gateway_ref);
        let arrivals = public.arrivals();
        let arrivals = arrivals.iter().filter(|arrived| about(&arrived.raw));
        arrivals
            .map(|a| match judge.verify_webhook(&a.raw, Some(&a.signature), self.now()) {
                Ok(hint) => format!("{}, authentic", hint.kind),
                Err(problem) => format!("{problem:?}"),
            })
            .filter(|verdict| !verdict.starts_with("charge."))
            .collect()
    }
}

struct Run {
    peer: Peer,
    world: World,
    began: Micros,
    seen: BTreeMap<&'static str, String>,
}

impl Run {
    async fn through(peer: Peer) -> BTreeMap<&'static str, String> {
        let began = peer.now();
        let world = World::starting(began);
        let mut run = Self { peer, world, began, seen: BTreeMap::new() };
        run.create().await;
        run.pay_by_card().await;
        run.decline().await;
        run.prove_who_you_are().await;
        run.debit().await;
        run.cancel().await;
        run.refund().await;
        run.hear_news().await;
        run.seen
    }

    fn note(&mut self, step: &'static str, seen: impl Into<String>) {
        assert!(self.seen.insert(step, seen.into()).is_none(), "{step} twice");
    }

    fn request(&self, amount: i64) -> IntentRequest {
        self.world.request(amount, Currency::USD)
    }

    async fn new_intent(&self) -> Intent {
        self.peer.gateway().create_intent(&self.request(6234)).await.unwrap()
    }

    async fn now(&self, intent: &Intent) -> Intent {
        self.peer.gateway().retrieve_intent(&intent.gateway_ref).await.unwrap()
    }

    async fn create(&mut self) {
        let gateway = self.peer.gateway().clone();
        let request = self.request(6234);
        let intent = gateway.create_intent(&request).await.unwrap();
        self.note("create: a new intent", format!("{:?}", intent.status));
        let amount = format!("{} {}", intent.amount.get(), intent.currency);
        self.note("create: its amount and currency", amount);
        let ours = intent.payment_id == Some(request.payment_id);
        self.note("create: knows our payment", ours.to_string());
        let again = gateway.create_intent(&request).await.unwrap();
        let same = again.gateway_ref == intent.gateway_ref;
        self.note("create: the same key", if same { "the same intent" } else { "another intent" });
        let mut other = request.clone();
        other.amount.amount = receivables::money::MinorUnits::new(6235);
        let other = gateway.create_intent(&other).await;
        self.note("create: the same key for another amount", outcome(&other));
        for (step, amount) in [("create: too little", 49), ("create: too much", 100_000_000)] {
            let answer = gateway.create_intent(&self.request(amount)).await;
            self.note(step, outcome(&answer));
        }
        let found = gateway.find_intent_by_payment(request.payment_id, self.began).await.unwrap();
        let is_one =
            |found: Intent| [&intent.gateway_ref, &again.gateway_ref].contains(&&found.gateway_ref);
        let found = if found.is_some_and(is_one) { "the intent" } else { "nothing" };
        self.note("find: by our payment", found);
        let never = self.world.payment_id();
        let never = gateway.find_intent_by_payment(never, self.began).await.unwrap();
        self.note("find: a payment it never saw", never.map_or("nothing", |_| "something"));
        let unknown = gateway.retrieve_intent("pi_never").await;
        self.note("retrieve: a name it never gave", outcome(&unknown));
    }

    async fn pay_by_card(&mut self) {
        let intent = self.new_intent().await;
        self.peer.confirm(&intent, TestCard::Success).await;
        let now = self.now(&intent).await;
        self.note("card: paid", state(&now));
        let method = now.method.as_ref().map(|method| {
            let brand = method.brand.clone().unwrap_or_default();
            let last4 = method.last4.clone().unwrap_or_default();
            format!("{:?}, {brand}, {last4}", method.kind)
        });
        self.note("card: what it was paid with", method.unwrap_or_default());
        let cancelled = self.peer.gateway().cancel_intent(&intent.gateway_ref, "pd_cancel_1");
        let cancelled = cancelled.await;
        self.note("card: asked to cancel", outcome(&cancelled));
    }

    async fn decline(&mut self) {
        let intent = self.new_intent().await;
        self.peer.confirm(&intent, TestCard::Declined).await;
        let now = self.now(&intent).await;
        self.note("declined: back to the payer", state(&now));
        self.note("declined: why", why(&now));
        self.peer.confirm(&intent, TestCard::Success).await;
        let now = self.now(&intent).await;
        self.note("declined: another card then works", state(&now));
        let intent = self.new_intent().await;
        self.peer.confirm(&intent, TestCard::InsufficientFunds).await;
        let now = self.now(&intent).await;
        self.note("no money: why", why(&now));
    }

    async fn prove_who_you_are(&mut self) {
        let (proven, not) = (self.new_intent().await, self.new_intent().await);
        self.peer.confirm(&proven, TestCard::ThreeDSecure).await;
        let now = self.now(&proven).await;
        self.note("3-D Secure: asks first", state(&now));
        self.peer.authenticate(&proven, true).await;
        let now = self.now(&proven).await;
        self.note("3-D Secure: proven", state(&now));
        self.peer.confirm(&not, TestCard::ThreeDSecure).await;
        self.peer.authenticate(&not, false).await;
        let now = self.now(&not).await;
        self.note("3-D Secure: not proven", state(&now));
        self.note("3-D Secure: why not", why(&now));
    }

    async fn debit(&mut self) {
        let (works, fails) = (self.new_intent().await, self.new_intent().await);
        self.peer.confirm(&works, TestCard::BankDebit).await;
        let now = self.now(&works).await;
        self.note("bank debit: under way", state(&now));
        let cancelled = self.peer.gateway().cancel_intent(&works.gateway_ref, "pd_cancel_2");
        let cancelled = cancelled.await;
        self.note("bank debit: asked to cancel while under way", outcome(&cancelled));
        self.peer.confirm(&fails, TestCard::BankDebitFails).await;
        self.peer.settle_debits().await;
        let now = self.now(&works).await;
        self.note("bank debit: settled", state(&now));
        let kind = now.method.map(|method| format!("{:?}", method.kind));
        self.note("bank debit: what it was paid with", kind.unwrap_or_default());
        let now = self.now(&fails).await;
        self.note("bank debit: fails in the end", state(&now));
    }

    async fn cancel(&mut self) {
        let intent = self.new_intent().await;
        let gateway = self.peer.gateway().clone();
        let first = gateway.cancel_intent(&intent.gateway_ref, "pd_cancel_3").await;
        self.note("cancel: an open intent", outcome(&first));
        let again = gateway.cancel_intent(&intent.gateway_ref, "pd_cancel_4").await;
        self.note("cancel: again", outcome(&again));
        let unknown = gateway.cancel_intent("pi_never", "pd_cancel_5").await;
        self.note("cancel: a name it never gave", outcome(&unknown));
    }

    async fn refund(&mut self) {
        let intent = self.new_intent().await;
        self.peer.confirm(&intent, TestCard::Success).await;
        let gateway = self.peer.gateway().clone();
        let order = self.world.refund(&intent, 2_000);
        let refund = gateway.create_refund(&order).await.unwrap();
        self.note("refund: a part", given_back(&refund));
        let again = gateway.create_refund(&order).await.unwrap();
        let same = again.gateway_ref == refund.gateway_ref;
        self.note("refund: the same key", if same { "the same refund" } else { "another refund" });
        let ours = refund.refund_id == Some(order.refund_id)
            && refund.intent_ref.as_ref() == Some(&intent.gateway_ref);
        self.note("refund: knows our refund and its intent", ours.to_string());
        let now = gateway.retrieve_refund(&refund.gateway_ref).await.unwrap();
        self.note("refund: as it is now", given_back(&now));
        let found = gateway.find_refund(order.refund_id, &intent.gateway_ref).await.unwrap();
        let is_one = |found: GatewayRefund| {
            [&refund.gateway_ref, &again.gateway_ref].contains(&&found.gateway_ref)
        };
        let found = if found.is_some_and(is_one) { "the refund" } else { "nothing" };
        self.note("refund: found by our refund", found);
        let never = self.world.refund(&intent, 1).refund_id;
        let never = gateway.find_refund(never, &intent.gateway_ref).await.unwrap();
        self.note("refund: never made", never.map_or("nothing", |_| "something"));
        let more = gateway.create_refund(&self.world.refund(&intent, 4_235)).await;
        self.note("refund: more than is left", outcome_of(more.map(|more| given_back(&more))));
        let unknown = gateway.retrieve_refund("re_never").await;
        let unknown = outcome_of(unknown.map(|refund| given_back(&refund)));
        self.note("refund: a name it never gave", unknown);
    }

    async fn hear_news(&mut self) {
        let intent = self.new_intent().await;
        self.peer.confirm(&intent, TestCard::Success).await;
        let gateway = self.peer.gateway().clone();
        let events = gateway.events_after(None, self.began).await.unwrap();
        let about = events.iter().filter(|e| e.object_id.as_ref() == Some(&intent.gateway_ref));
        let kinds: Vec<&str> = about.map(|event| event.kind.as_str()).collect();
        self.note("news: listed for a paid intent", kinds.join(", "));
        // Events of one second say nothing about order; ours is the last of all.
        let last = events.last().unwrap();
        let in_order = last.object_id.as_ref() == Some(&intent.gateway_ref);
        self.note("news: oldest first", in_order.to_string());
        let newer = gateway.events_after(Some(&last.event_id), self.began).await.unwrap();
        let newer = if newer.is_empty() { "none" } else { "some" };
        self.note("news: after the last", newer);
        let verdicts = self.peer.webhooks(&intent, &gateway).await;
        self.note("webhook: for a paid intent", verdicts.join(", "));
        let stranger = World::new().gateway("http://127.0.0.1:1/");
        let verdicts = self.peer.webhooks(&intent, &stranger).await;
        let wrong = format!("{:?}", SignatureProblem::WrongSignature);
        assert!(!verdicts.is_empty());
        let all = verdicts.iter().all(|verdict| *verdict == wrong);
        self.note("webhook: with another secret", if all { wrong } else { verdicts.join(", ") });
    }
}

fn state(intent: &Intent) -> String {
    format!("{:?}, received {}", intent.status, intent.amount_received.get())
}

fn why(intent: &Intent) -> String {
    let Some(decline) = &intent.last_decline else { return "no reason".into() };
    let codes = [Some(&decline.code), decline.decline_code.as_ref()];
    codes.into_iter().flatten().cloned().collect::<Vec<_>>().join(", ")
}

fn given_back(refund: &GatewayRefund) -> String {
    format!("{:?}, {}", refund.status, refund.amount.get())
}

fn outcome(answer: &Result<Intent, GatewayError>) -> String {
    outcome_of(answer.as_ref().map(|intent| format!("{:?}", intent.status)).map_err(Clone::clone))
}

fn outcome_of(answer: Result<String, GatewayError>) -> String {
    match answer {
        Ok(words) => words,
        Err(GatewayError::Refused { code, .. }) => format!("refused: {code}"),
        Err(GatewayError::Unclear(unclear)) => format!("unclear: {:?}", unclear.doubt),
        Err(GatewayError::NotThere) => "not there".into(),
        Err(other) => format!("{other:?}"),
    }
}

#[tokio::test]
async fn the_sandbox_plays_every_scenario_as_we_expect_of_the_gateway() {
    for stage in stages().await {
        let seen = Run::through(Peer::Sandbox(Box::new(stage))).await;
        for (step, expected) in EXPECTED {
            assert_eq!(seen[step], *expected, "{step}");
        }
        assert_eq!(seen.len(), EXPECTED.len(), "a step without an expectation");
    }
}

#[tokio::test]
async fn localstripe_plays_the_scenarios_but_for_the_differences_we_know() {
    let Ok(url) = std::env::var("PAYDOWN_TEST_LOCALSTRIPE") else {
        println!("localstripe not running: scenario suite ran on sandbox only");
        return;
    };
    let peer = Localstripe::join(url.trim_end_matches('/')).await;
    let seen = Run::through(Peer::Localstripe(Box::new(peer))).await;
    let known = differences().difference;
    let mut wrong = Vec::new();
    for (step, expected) in EXPECTED {
        let difference = known.iter().find(|difference| difference.step == *step);
        let wanted = difference.map_or(*expected, |difference| difference.localstripe.as_str());
        if seen[step] != wanted {
            wrong.push(format!("{step}: {:?}, not {wanted:?}", seen[step]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for difference in known {
        let expected = EXPECTED.iter().find(|(step, _)| *step == difference.step);
        assert!(expected.is_some(), "no step {:?}", difference.step);
        let is_one = expected.is_some_and(|(_, expected)| *expected != difference.localstripe);
        assert!(is_one && !difference.because.is_empty(), "{:?} is none", difference.step);
    }
}
