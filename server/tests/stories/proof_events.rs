//! Proofs of what happens when the gateway's news and answers are bad: repeated, shuffled, early,
//! lost, or never clear. `make prove` runs them in full, `make test` a tenth of each.

use crate::support;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::between::Course;
use crate::support::proof::Proof;
use crate::support::{On, TestAccount, TestPortal};
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use receivables::ids::PaymentId;
use receivables::payment::PaymentState;
use serde_json::Value;
use server::gateway::sandbox::TestCard;
use server::gateway_events;
use server::payments::{Starting, create_key};
use stripe_webhook::Webhook;

const DUE: &str = "2026-09-15";
/// For an answer that is held back and must still be waited for.
const PATIENCE: Duration = Duration::from_secs(60);
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Of one payment; every account owes ten of them.
const PART: i64 = 1_000;

async fn accounts(portal: &TestPortal, n: usize) -> Vec<TestAccount> {
    let mut accounts = Vec::new();
    for _ in 0..n {
        accounts.push(portal.account(&[(DUE, 10 * PART)]).await);
    }
    accounts
}

/// An intent as the sandbox keeps it.
struct Kept {
    gateway_ref: String,
    client_secret: String,
    status: String,
    amount_received: i64,
}

async fn kept(portal: &TestPortal) -> HashMap<PaymentId, Vec<Kept>> {
    let query = "select document from sandbox_object where kind = 'intent'";
    let pool = portal.portal.db.read();
    let documents: Vec<String> = sqlx::query_scalar(query).fetch_all(pool).await.unwrap();
    let mut kept: HashMap<PaymentId, Vec<Kept>> = HashMap::new();
    for document in documents {
        let intent: Value = serde_json::from_str(&document).unwrap();
        let text = |name: &str| intent[name].as_str().unwrap().to_owned();
        let id = PaymentId::parse(intent["metadata"]["payment"].as_str().unwrap()).unwrap();
        kept.entry(id).or_default().push(Kept {
            gateway_ref: text("id"),
            client_secret: text("client_secret"),
            status: text("status"),
            amount_received: intent["amount_received"].as_i64().unwrap(),
        });
    }
    kept
}

/// Every event the sandbox knows, by the intent it is about.
async fn events(portal: &TestPortal) -> BTreeMap<String, Vec<String>> {
    let query = "select document from sandbox_event order by sequence";
    let pool = portal.portal.db.read();
    let documents: Vec<String> = sqlx::query_scalar(query).fetch_all(pool).await.unwrap();
    let mut events: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for document in documents {
        let event: Value = serde_json::from_str(&document).unwrap();
        let object = &event["data"]["object"];
        let intent = object["payment_intent"].as_str().or(object["id"].as_str()).unwrap();
        events.entry(intent.to_owned()).or_default().push(document);
    }
    events
}

/// Sends one event to our own route, signed as the gateway signs; the status of the answer.
async fn deliver(portal: &TestPortal, event: &str) -> u16 {
    let secret = portal.sandbox.gateway_settings().webhook_secrets.remove(0);
    let stamp = portal.portal.now().unix_seconds();
    let signature = Webhook::generate_test_header(event, secret.reveal(), Some(stamp));
    portal.post_webhook(event, &signature).await
}

async fn apply_until_done(portal: &TestPortal) {
    loop {
        let count = gateway_events::apply_due(&portal.portal).await.unwrap();
        if count.applied + count.again_later == 0 {
            return;
        }
        // What a busy machine could not answer in time is due again a little later.
        portal.clock.pass_seconds(if count.again_later > 0 { 10 } else { 0 });
    }
}

async fn states(portal: &TestPortal) -> BTreeMap<String, i64> {
    let query = "select state, count(*) from payment group by state";
    let pool = portal.portal.db.read();
    sqlx::query_as(query).fetch_all(pool).await.unwrap().into_iter().collect()
}

async fn postings(portal: &TestPortal) -> i64 {
    portal.count("posting where kind = 'payment_received'").await
}

/// Payments whose news arrive, and are acted upon, before their create calls are answered.
async fn pay_before_the_answer(portal: &TestPortal, wishes: Vec<Starting>) -> Vec<u16> {
    let ids: Vec<PaymentId> = wishes.iter().map(|wish| wish.request.id).collect();
    let starts = join_all(wishes.into_iter().map(|wish| portal.start(wish)));
    let news = async {
        let made = loop {
            let made = kept(portal).await;
            if ids.iter().all(|id| made.contains_key(id)) {
                break made;
            }
            tokio::task::yield_now().await;
        };
        for id in &ids {
            let intent = &made[id][0];
            portal.confirm(&intent.gateway_ref, &intent.client_secret, TestCard::Success).await;
        }
        let events = events(portal).await;
        let mut answers = Vec::new();
        for event in ids.iter().flat_map(|id| &events[&made[id][0].gateway_ref]) {
            answers.push(deliver(portal, event).await);
        }
        apply_until_done(portal).await;
        for id in &ids {
            assert_eq!(portal.payment(*id).await.state, PaymentState::Posted);
        }
        portal.between.as_ref().unwrap().let_go(ids.len());
        answers
    };
    let (started, answers) = tokio::join!(starts, news);
    for outcome in started {
        assert_eq!(outcome.unwrap().payment.state, PaymentState::Posted);
    }
    answers
}

/// One round of everything that works in the background but the webhooks.
async fn a_round(portal: &TestPortal) -> u32 {
    let looked_at = gateway_events::sweep(&portal.portal).await.unwrap().looked_at;
    gateway_events::fetch_missed(&portal.portal).await.unwrap();
    apply_until_done(portal).await;
    looked_at
}

/// Sends every event, 32 at once, while what came in is applied all the time.
async fn delivered_while_applied(portal: &TestPortal, deliveries: &[String]) -> Vec<u16> {
    let over = AtomicBool::new(false);
    let sent = async {
        let sent = stream::iter(deliveries).map(|event| deliver(portal, event));
        let sent: Vec<u16> = sent.buffer_unordered(32).collect().await;
        over.store(true, Ordering::SeqCst);
        sent
    };
    let applied = async {
        while !over.load(Ordering::SeqCst) {
            gateway_events::apply_due(&portal.portal).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(sent, applied).0
}

proofs! {
    // P01
    async fn every_payment_posts_once_however_its_news_are_repeated_and_shuffled(on: On) {
        let mut proof = Proof::begin("P01", on, 1_000);
        let held: Arc<Mutex<HashSet<String>>> = Arc::default();
        let first = held.clone();
        let choose = Box::new(move |asked: &support::between::Asked, before| {
            let is_held = asked.key.as_ref().is_some_and(|key| first.lock().unwrap().contains(key));
            if is_held && before == 0 { Course::ActThenWait } else { Course::Pass }
        });
        let Some(portal) = TestPortal::open_behind(on, PATIENCE, choose).await else { return };
        let accounts = accounts(&portal, proof.n.div_ceil(10)).await;
        let of = |n: usize| &accounts[n % accounts.len()];
        let early = proof.n / 5;
        let mut answers = Vec::new();
        for group in (0..early).collect::<Vec<_>>().chunks(8) {
            let mut wishes = Vec::new();
            for n in group {
                let wish = portal.wish(of(*n), PART).await;
                held.lock().unwrap().insert(create_key(wish.request.id));
                wishes.push(wish);
            }
            answers.extend(pay_before_the_answer(&portal, wishes).await);
        }
        for n in early..proof.n {
            let started = portal.started(of(n), PART).await;
            portal.choose(&started, TestCard::Success).await;
        }
        let mut deliveries: Vec<String> = events(&portal)
            .await
            .into_values()
            .flat_map(|events| events.into_iter().cycle().take(10).collect::<Vec<_>>())
            .collect();
        proof.dice.shuffle(&mut deliveries);
        answers.extend(delivered_while_applied(&portal, &deliveries).await);
        apply_until_done(&portal).await;
        let good = answers.iter().filter(|status| (200..300).contains(*status)).count();
        proof.counted("webhooks sent", answers.len());
        proof.counted("answered 2xx", good);
        proof.counted("posted before the create call was answered", early);
        proof.counted("postings", postings(&portal).await);
        assert_eq!(good, answers.len());
        assert_eq!(deliveries.len(), 10 * proof.n);
        assert_eq!(postings(&portal).await, i64::try_from(proof.n).unwrap());
        assert_eq!(portal.count("receipt").await, postings(&portal).await);
        assert_eq!(states(&portal).await, [("posted".to_owned(), postings(&portal).await)].into());
        portal.close().await;
    }

    // P05
    async fn lost_webhooks_heal_and_what_stays_at_the_bank_waits_for_a_person(on: On) {
        let proof = Proof::begin("P05", on, 500);
        let Some(portal) = TestPortal::open(on).await else { return };
        let slow = 10;
        let accounts = accounts(&portal, proof.n.div_ceil(10)).await;
        for n in 0..proof.n {
            let started = portal.started(&accounts[n % accounts.len()], PART).await;
            let card = if n < slow { TestCard::BankDebit } else { TestCard::Success };
            portal.choose(&started, card).await;
        }
        // The sandbox never delivers: every webhook is lost.
        portal.clock.pass_seconds(5 * MINUTE);
        a_round(&portal).await;
        let healed = i64::try_from(proof.n - slow).unwrap();
        proof.counted("posted after five minutes", postings(&portal).await);
        assert_eq!(postings(&portal).await, healed);
        assert_eq!(states(&portal).await["processing"], 10);

        let mut looks = 0;
        let mut last_look = 0;
        for day in 1..=150 {
            portal.clock.pass_seconds(DAY);
            let looked_at = a_round(&portal).await;
            last_look = if looked_at > 0 { day } else { last_look };
            looks += looked_at;
        }
        proof.counted("looks at those that stay processing", looks);
        proof.counted("days until the last look", last_look);
        proof.counted("work items", portal.work().await.len());
        assert_eq!(looks, 10 * (8 + 12));
        assert!(last_look < 100);
        assert_eq!(portal.work().await.len(), 10);
        assert!(portal.work().await.iter().all(|(kind, _)| kind == "payment_slow"));
        // The bank confirms at last, and the webhooks arrive.
        portal.news_arrives().await;
        assert_eq!(postings(&portal).await, i64::try_from(proof.n).unwrap());
        assert!(portal.work().await.is_empty());
        portal.close().await;
    }

    async fn a_sweep_that_leaves_payments_for_the_next_says_so(on: On) {
        let Some(portal) = TestPortal::open(on).await else { return };
        for account in accounts(&portal, 6).await {
            for _ in 0..10 {
                portal.started(&account, PART).await;
            }
        }
        portal.clock.pass_seconds(HOUR);
        let swept = gateway_events::sweep(&portal.portal).await.unwrap();
        assert_eq!((swept.looked_at, swept.is_more), (50, true));
        let swept = gateway_events::sweep(&portal.portal).await.unwrap();
        assert_eq!((swept.looked_at, swept.is_more), (10, false));
        portal.close().await;
    }

    // P06
    async fn creates_that_are_never_clear_resolve_to_one_intent_each(on: On) {
        let mut proof = Proof::begin("P06", on, 1_000);
        // By key: how its calls go until the gateway recovers, and after how many calls it does.
        let courses: Arc<Mutex<HashMap<String, (Course, usize)>>> = Arc::default();
        let known = courses.clone();
        let choose = Box::new(move |asked: &support::between::Asked, before| {
            let known = known.lock().unwrap();
            match asked.key.as_ref().and_then(|key| known.get(key)) {
                Some((course, calls)) if before < *calls => *course,
                _ => Course::Pass,
            }
        });
        let second = Duration::from_secs(1);
        let Some(portal) = TestPortal::open_behind(on, second, choose).await else { return };
        let accounts = accounts(&portal, proof.n).await;
        let mut by_course: Vec<Vec<Starting>> = vec![Vec::new(); 6];
        for (n, account) in accounts.iter().enumerate() {
            let (at, course) = match n % 10 {
                0 | 1 => (0, Course::ActThenReset),
                2 | 3 => (1, Course::ActThenFail),
                4 | 5 => (2, Course::ActThenWait),
                6 if n % 20 == 6 => (3, Course::Crowd),
                6 => (4, Course::KeyInUse),
                _ => (5, Course::Pass),
            };
            let wish = portal.wish(account, PART).await;
            // Three tries a call; one in ten of the doubtful is never answered clearly.
            let calls = match (course, proof.dice.below(10)) {
                (Course::Pass, _) => 0,
                (_, 0) => usize::MAX,
                (_, drawn) => 3 * (1 + drawn % 3),
            };
            courses.lock().unwrap().insert(create_key(wish.request.id), (course, calls));
            by_course[at].push(wish);
        }
        let started_at = portal.portal.now();
        for wishes in by_course {
            // Those that time out do so side by side, or the proof would take all day.
            let starts = wishes.into_iter().map(|wish| start_and_pay(&portal, wish));
            stream::iter(starts).buffer_unordered(64).collect::<Vec<_>>().await;
        }
        proof.counted("states after the first call", format!("{:?}", states(&portal).await));

        for wait in [5 * MINUTE, HOUR, 6 * HOUR, 18 * HOUR, DAY, DAY, DAY, DAY, DAY] {
            portal.clock.pass_seconds(wait);
            for _ in 0..proof.n.div_ceil(50) + 1 {
                gateway_events::sweep(&portal.portal).await.unwrap();
            }
            if wait == 5 * MINUTE {
                pay_what_was_found(&portal).await;
            }
        }
        let asked = portal.between.as_ref().unwrap().asked();
        let creates: Vec<_> = asked.iter().filter(|asked| asked.is_create()).collect();
        let keys: HashSet<_> = creates.iter().map(|asked| asked.key.clone().unwrap()).collect();
        let latest = creates.iter().map(|asked| asked.at).max().unwrap();
        let made = kept(&portal).await;
        proof.counted("create calls", creates.len());
        proof.counted("keys", keys.len());
        let hours = (latest.0 - started_at.0) / 1_000_000 / HOUR;
        proof.counted("hours to the last create call", hours);
        proof.counted("intents", made.values().map(Vec::len).sum::<usize>());
        proof.counted("states in the end", format!("{:?}", states(&portal).await));
        assert_eq!(keys.len(), proof.n);
        assert!(made.values().all(|intents| intents.len() == 1));
        assert!(latest < started_at.plus_seconds(DAY));
        let attempts = portal.count("payment_attempt where operation = 'create'").await;
        assert_eq!(attempts, i64::try_from(proof.n).unwrap());
        nothing_is_in_doubt(&portal, made).await;
        portal.close().await;
    }
}

/// Whether posted, cancelled, expired or failed: nothing is in doubt, nothing is held, and what
/// the gateway received is what is posted.
async fn nothing_is_in_doubt(portal: &TestPortal, made: HashMap<PaymentId, Vec<Kept>>) {
    let ended = ["posted", "expired", "cancelled", "failed"];
    assert!(states(portal).await.keys().all(|state| ended.contains(&state.as_str())));
    assert_eq!(portal.count("reservation").await, 0);
    for (id, intents) in made {
        let payment = portal.payment(id).await;
        let is_posted = payment.state == PaymentState::Posted;
        assert_eq!(intents[0].status == "succeeded", is_posted, "{id}");
        assert_eq!(intents[0].amount_received, payment.received.get(), "{id}");
    }
}

/// Starts a payment, and pays it where there is an answer.
async fn start_and_pay(portal: &TestPortal, wish: Starting) {
    match portal.start(wish).await {
        Ok(started) if started.intent.is_some() => portal.choose(&started, TestCard::Success).await,
        Ok(started) => assert!(matches!(
            started.payment.state,
            PaymentState::Unknown | PaymentState::AwaitingPayer | PaymentState::Failed
        )),
        // Turned away before anything was done: by the crowd.
        Err(refusal) => assert_eq!(refusal.code(), "gateway-unavailable"),
    }
}

/// The payers whose payments turned out to be there pay them now.
async fn pay_what_was_found(portal: &TestPortal) {
    for (id, intents) in kept(portal).await {
        if portal.payment(id).await.state == PaymentState::AwaitingPayer {
            let Kept { gateway_ref, client_secret, .. } = &intents[0];
            portal.confirm(gateway_ref, client_secret, TestCard::Success).await;
        }
    }
}
