//! Killed in the middle of things, the program starts again and nothing is lost or doubled. P02:
//! 600 kills at drawn moments, and 11 at each of the named ones: around the commits and the
//! questions to the gateway by which people pay, give up, get money back and are written to.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::load::{Day, Received, Told, gives_back, pays_and_wavers};
use crate::support::program::{Payer, Place, Serving};
use crate::support::proof::{Proof, is_full};
use crate::support::{On, TestPortal};
use serde_json::Value;
use server::clock::{Clock, SystemChance, SystemClock};
use server::db::Database;
use server::{gateway_events, outbox};

/// Where people at work bring it to by themselves.
const MOMENTS: &[&str] = &[
    // A payment starts: its row, key and reservation, then the gateway, then the intent's name.
    "before commit of payments::start::Start",
    "after commit of payments::start::Start",
    "before asking Post /payment_intents",
    "after commit of gateway::sandbox::requests::Request",
    "after asking Post /payment_intents",
    "before commit of payments::news::Happen",
    "after commit of payments::news::Happen",
    // The payer's card is charged, and the gateway tells us.
    "after commit of gateway::sandbox::payer::PayerStep",
    "before commit of gateway_events::store::StoreEvent",
    "after commit of gateway_events::store::StoreEvent",
    "before asking Get /payment_intents/*",
    "after asking Get /payment_intents/*",
    "before commit of payments::post::Post",
    "after commit of payments::post::Post",
    "before commit of gateway_events::store::SettleEvent",
    "after commit of gateway_events::store::SettleEvent",
    // Money goes back.
    "before commit of payments::refund::request::Request",
    "after commit of payments::refund::request::Request",
    "before asking Post /refunds",
    "after asking Post /refunds",
    "before commit of payments::refund::news::Happen",
    "after commit of payments::refund::news::Happen",
    "after asking Get /refunds/*",
    // The payer thinks better of it.
    "before commit of payments::cancel::WriteCancel",
    "after commit of payments::cancel::WriteCancel",
    "before asking Post /payment_intents/*/cancel",
    "after asking Post /payment_intents/*/cancel",
    // A letter is taken from the outbox, sent, and done with.
    "before commit of outbox::store::Claim",
    "after commit of outbox::store::Claim",
    "before commit of outbox::store::Settle",
    "after commit of outbox::store::Settle",
    // The acts get their places in the trail.
    "before commit of audit::seal::Seal",
    "after commit of audit::seal::Seal",
];

/// Where the sweep comes to when payers have walked away from their forms.
const MOMENTS_OF_THE_SWEEP: &[&str] = &[
    "after commit of payments::cancel::WriteCancel",
    "after asking Post /payment_intents/*/cancel",
    "before commit of payments::news::Happen",
    "after commit of payments::news::Happen",
];

const LONGEST_WAY: Duration = Duration::from_secs(180);
/// What the system says of a program that ended itself at once.
const ABORTED: i32 = 6;
const KILLED: i32 = 9;

/// One place and its people, through all that happens to them.
struct Town {
    place: Place,
    payers: Vec<Payer>,
    operator: Payer,
    received: Received,
    told: Told,
    slowest_start: Duration,
}

/// What stands in the books when everything has come to its end.
#[derive(Debug, Default)]
struct Settled {
    payments: usize,
    posted: usize,
    refunds: usize,
    letters: i64,
}

impl Town {
    async fn settle_on(on: On) -> Option<Self> {
        let place = Place::on(on).await?;
        let people = place.bill_everybody();
        let operator = Payer::operator(&place);
        let serving = Serving::start(&place, &[]);
        let mail = place.folder.join("mail");
        let mut payers = Vec::new();
        for email in &people {
            payers.push(Payer::sign_in(&serving.address, &mail, email).await);
        }
        serving.signal("-TERM");
        assert!(ended(serving, LONGEST_WAY).await.success());
        let (received, told) = (Received::default(), Told::default());
        Some(Self { place, payers, operator, received, told, slowest_start: Duration::ZERO })
    }

    fn start(&mut self, settings: &[(&str, &str)]) -> Option<Serving> {
        let began = Instant::now();
        let started = Serving::try_start(&self.place, settings);
        self.slowest_start = self.slowest_start.max(began.elapsed());
        match started {
            Ok(serving) => Some(serving),
            Err(status) => {
                assert_eq!(status.signal(), Some(ABORTED), "it ended before it listened");
                None
            }
        }
    }

    /// Everybody at work, until the program has ended.
    async fn works_until<E: Future<Output = ()>>(&mut self, address: &str, the_end: E) {
        let day = Day::at(address);
        let mut people = Vec::new();
        for (habit, payer) in self.payers.iter().enumerate() {
            let (payer, received) = (payer.clone(), self.received.clone());
            people.push(tokio::spawn(pays_and_wavers(payer, habit, day.clone(), received)));
        }
        let desk = gives_back(self.operator.clone(), day.clone(), self.received.clone());
        people.push(tokio::spawn(desk));
        the_end.await;
        day.ends();
        for person in people {
            self.told.add(person.await.unwrap());
        }
    }

    /// The program is killed after this long.
    async fn is_killed_after(&mut self, moment: Duration) {
        let serving = self.start(&[]).expect("nothing ends it early");
        let address = serving.address.clone();
        let kill = async { assert_eq!(ended(serving, moment).await.signal(), Some(KILLED)) };
        self.works_until(&address, kill).await;
    }

    /// The program ends at this named moment, when it comes there for the n-th time.
    async fn is_ended_at(&mut self, name: &str, passes: usize) {
        let order = format!("{passes} {name}");
        let Some(serving) = self.start(&[("PAYDOWN_TEST_FAILPOINT", &order)]) else { return };
        let address = serving.address.clone();
        let mut came_there = false;
        let end = async {
            came_there = ended(serving, LONGEST_WAY).await.signal() == Some(ABORTED);
        };
        self.works_until(&address, end).await;
        assert!(came_there, "it never came to: {name}; {:?}", self.told.last_refusal);
    }

    /// Payers have begun and walked away, and their time is up when the program starts.
    async fn is_ended_by_the_sweep_at(&mut self, name: &str) {
        let serving = self.start(&[]).expect("nothing ends it early");
        for payer in &self.payers {
            if let Some((201, document)) = payer.begin(&serving.address, 500).await {
                self.told.started.insert(document["id"].as_str().unwrap().to_owned());
            }
        }
        serving.signal("-TERM");
        assert!(ended(serving, LONGEST_WAY).await.success());
        let database = self.database().await;
        let text = "update payment set expires_at = 1, look_at = 1 where state = 'awaiting_payer'";
        let aged = sqlx::query(text).execute(database.read()).await.unwrap().rows_affected();
        assert!(aged > 0, "nobody walked away");
        database.close().await;
        self.is_ended_at(name, 1).await;
    }

    async fn database(&self) -> Database {
        Database::open(&self.place.database_url, Arc::new(SystemChance)).await.unwrap()
    }

    /// Two hours pass in which everything in doubt is looked at twice. In a runtime of its own,
    /// so that nothing of it lives on when the program starts again.
    fn is_settled(&self) -> Settled {
        tokio::task::block_in_place(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(self.settles())
        })
    }

    async fn settles(&self) -> Settled {
        let place = (self.database().await, self.place.folder.clone());
        let portal = TestPortal::open_on(place, SystemClock.now()).await;
        for _ in 0..2 {
            portal.clock.pass_seconds(3_600);
            portal.news_arrives().await;
            // So many at a time; in an hour it comes by sixty times.
            for _ in 0..60 {
                gateway_events::sweep(&portal.portal).await.unwrap();
            }
            outbox::deliver_due(&portal.portal).await.unwrap();
        }
        let settled = self.nothing_is_lost_or_doubled(&portal).await;
        portal.the_book_is_exact().await;
        portal.portal.db.close().await;
        settled
    }

    async fn nothing_is_lost_or_doubled(&self, portal: &TestPortal) -> Settled {
        let pool = portal.portal.db.read();
        let text = "select id, state, received, refunded, refunding from payment";
        let rows: Vec<(String, String, i64, i64, i64)> =
            sqlx::query_as(text).fetch_all(pool).await.unwrap();
        let ends = ["posted", "failed", "cancelled", "expired"];
        let in_doubt: Vec<_> = rows.iter().filter(|row| !ends.contains(&&*row.1)).collect();
        for (id, ..) in &in_doubt {
            let text = "select event, state, at from payment_history where payment_id = $1 \
                        order by n";
            let query = sqlx::query_as::<_, (String, String, i64)>(text).bind(id);
            println!("{id}: {:?}", query.fetch_all(pool).await.unwrap());
            let text = "select operation, started_at, outcome from payment_attempt \
                        where payment_id = $1 order by started_at";
            let query = sqlx::query_as::<_, (String, i64, Option<String>)>(text).bind(id);
            println!("asked: {:?}", query.fetch_all(pool).await.unwrap());
        }
        assert!(in_doubt.is_empty(), "in doubt after two sweeps: {in_doubt:?}");
        assert!(rows.iter().all(|row| row.4 == 0), "a refund is in doubt after two sweeps");

        let posted: BTreeMap<&str, (i64, i64)> = rows
            .iter()
            .filter(|row| row.1 == "posted")
            .map(|row| (&*row.0, (row.2, row.3)))
            .collect();
        let at_gateway = at_the_gateway(portal).await;
        let at_gateway: BTreeMap<&str, (i64, i64)> =
            at_gateway.iter().map(|(id, moved)| (&**id, *moved)).collect();
        assert_eq!(posted, at_gateway, "received and given back: here, at the gateway");

        let told = &self.told;
        let ids: BTreeSet<&String> = rows.iter().map(|row| &row.0).collect();
        assert!(told.started.iter().all(|id| ids.contains(id)), "a payment is not there");
        assert!(told.card_taken.iter().all(|id| posted.contains_key(&**id)), "charged, not posted");
        let both: Vec<_> = told.cancelled.iter().filter(|id| posted.contains_key(&***id)).collect();
        assert!(both.is_empty(), "told cancelled, and posted: {both:?}");

        let refunds: Vec<String> =
            sqlx::query_scalar("select id from refund").fetch_all(pool).await.unwrap();
        let there: BTreeSet<&String> = refunds.iter().collect();
        assert!(told.refunds.iter().all(|id| there.contains(id)), "a refund is not there");
        let text = "select count(*) from outbox where done_at is null";
        let waiting: i64 = sqlx::query_scalar(text).fetch_one(pool).await.unwrap();
        assert_eq!(waiting, 0, "letters that nobody delivers");
        let letters = portal.count("outbox").await;
        Settled { payments: rows.len(), posted: posted.len(), refunds: refunds.len(), letters }
    }
}

/// What the gateway received and gave back, by the payment it was for.
async fn at_the_gateway(portal: &TestPortal) -> BTreeMap<String, (i64, i64)> {
    let documents = async |kind: &str| {
        let text = "select document from sandbox_object where kind = $1";
        let query = sqlx::query_scalar::<_, String>(text).bind(kind.to_owned());
        let texts = query.fetch_all(portal.portal.db.read()).await.unwrap();
        texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect::<Vec<Value>>()
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut back: BTreeMap<String, i64> = BTreeMap::new();
    for refund in documents("refund").await {
        if refund["status"] == "succeeded" {
            *back.entry(text(&refund["intent_id"])).or_default() +=
                refund["amount"].as_i64().unwrap();
        }
    }
    let mut moved = BTreeMap::new();
    for intent in documents("intent").await {
        if intent["status"] != "succeeded" {
            continue;
        }
        let (id, payment) = (text(&intent["id"]), text(&intent["metadata"]["payment"]));
        let received = intent["amount_received"].as_i64().unwrap();
        let given_back = back.get(&id).copied().unwrap_or(0);
        let before = moved.insert(payment, (received, given_back));
        assert!(before.is_none(), "two intents of one payment succeeded");
    }
    moved
}

/// How it ended; one that does not end by itself is killed.
async fn ended(serving: Serving, at_most: Duration) -> ExitStatus {
    tokio::task::spawn_blocking(move || serving.ended(at_most)).await.unwrap()
}

async fn kill_again_and_again(on: On) {
    let mut proof = Proof::begin("P02", on, 600);
    let Some(mut town) = Town::settle_on(on).await else { return };
    // A tenth of each is less than one, and looking after all of them would take the most time.
    let (each, looked_at_every) = if is_full() { (11, 1) } else { (1, 10) };
    for n in 1..=proof.n {
        let moment = Duration::from_millis(proof.dice.below(300).try_into().unwrap());
        town.is_killed_after(moment).await;
        if n % looked_at_every == 0 {
            town.is_settled();
        }
    }
    for name in MOMENTS {
        for _ in 0..each {
            town.is_ended_at(name, 1 + proof.dice.below(3)).await;
            town.is_settled();
        }
    }
    for name in MOMENTS_OF_THE_SWEEP {
        for _ in 0..each {
            town.is_ended_by_the_sweep_at(name).await;
            town.is_settled();
        }
    }
    let settled = town.is_settled();
    let named = MOMENTS.len() + MOMENTS_OF_THE_SWEEP.len();
    proof.counted("kills at drawn moments", proof.n);
    proof.counted("named moments", named);
    proof.counted("ends at each of them", each);
    proof.counted("payments", settled.payments);
    proof.counted("posted, and received at the gateway", settled.posted);
    proof.counted("refunds", settled.refunds);
    proof.counted("letters delivered", settled.letters);
    proof.counted("payments acknowledged", town.told.started.len());
    proof.counted("cards taken", town.told.card_taken.len());
    proof.counted("cancels acknowledged", town.told.cancelled.len());
    proof.counted("refunds acknowledged", town.told.refunds.len());
    proof.counted("cut off without an answer", town.told.cut_off);
    proof.counted("milliseconds the slowest start took", town.slowest_start.as_millis());
    assert!(town.told.card_taken.len() > proof.n / 10, "it was hardly ever at work");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_at_any_moment_loses_and_doubles_nothing_on_sqlite() {
    kill_again_and_again(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_at_any_moment_loses_and_doubles_nothing_on_postgres() {
    kill_again_and_again(On::Postgres).await;
}
