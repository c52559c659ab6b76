//! What people do all day, while a proof ends the program under their hands.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::Value;

use crate::support::program::{Answered, Payer};

/// What people were told before the end.
#[derive(Default)]
pub struct Told {
    pub started: BTreeSet<String>,
    pub card_taken: BTreeSet<String>,
    pub cancelled: BTreeSet<String>,
    pub refunds: BTreeSet<String>,
    pub refused: u32,
    pub last_refusal: Option<Value>,
    pub cut_off: u32,
}

impl Told {
    pub fn add(&mut self, other: Self) {
        self.started.extend(other.started);
        self.card_taken.extend(other.card_taken);
        self.cancelled.extend(other.cancelled);
        self.refunds.extend(other.refunds);
        self.refused += other.refused;
        self.last_refusal = other.last_refusal.or(self.last_refusal.take());
        self.cut_off += other.cut_off;
    }

    /// The document of a wish that was granted.
    fn granted(&mut self, answered: Answered) -> Option<Value> {
        match answered {
            Some((200..=202, document)) => return Some(document),
            // Two tabs of one payer stand in each other's way, and are told so.
            Some((409 | 422, problem)) => {
                self.refused += 1;
                self.last_refusal = Some(problem);
            }
            Some((503, problem)) => assert_eq!(problem["code"], "busy", "{problem}"),
            Some(other) => panic!("an answer that cannot be: {other:?}"),
            None => self.cut_off += 1,
        }
        None
    }
}

fn id(document: &Value) -> String {
    document["id"].as_str().unwrap().to_owned()
}

/// A day at the portal, until it is over.
#[derive(Clone)]
pub struct Day {
    pub address: String,
    pub over: Arc<AtomicBool>,
}

impl Day {
    pub fn at(address: &str) -> Self {
        Self { address: address.to_owned(), over: Arc::default() }
    }

    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    pub fn ends(&self) {
        self.over.store(true, Ordering::SeqCst);
    }
}

/// Somebody who pays and pays.
pub async fn pays(payer: Payer, day: Day) -> Told {
    let mut told = Told::default();
    while !day.is_over() {
        let (started, card_taken) = payer.pay(&day.address, 500).await;
        let Some(document) = told.granted(started) else { continue };
        if card_taken {
            told.card_taken.insert(id(&document));
        }
        told.started.insert(id(&document));
    }
    told
}

/// Payments that may be given back.
pub type Received = Arc<Mutex<Vec<String>>>;

/// Somebody who pays, thinks better of it, and walks away from the form, in turn; with what they
/// begin is their habit.
pub async fn pays_and_wavers(payer: Payer, habit: usize, day: Day, received: Received) -> Told {
    let mut told = Told::default();
    for turn in habit.. {
        if day.is_over() {
            break;
        }
        if turn % 4 < 2 {
            let (started, card_taken) = payer.pay(&day.address, 500).await;
            let Some(document) = told.granted(started) else { continue };
            told.started.insert(id(&document));
            if card_taken {
                told.card_taken.insert(id(&document));
                received.lock().unwrap().push(id(&document));
            }
            continue;
        }
        let started = payer.begin(&day.address, 500).await;
        let Some(document) = told.granted(started) else { continue };
        told.started.insert(id(&document));
        if turn % 4 == 2 {
            let cancelled = payer.cancel(&day.address, &id(&document)).await;
            let Some(document) = told.granted(cancelled) else { continue };
            if document["stage"] == "cancelled" {
                told.cancelled.insert(id(&document));
            }
        }
    }
    told
}

/// Somebody at the desk who gives a little of each payment back.
pub async fn gives_back(operator: Payer, day: Day, received: Received) -> Told {
    let mut told = Told::default();
    for turn in 0_usize.. {
        if day.is_over() {
            break;
        }
        let payment = {
            let received = received.lock().unwrap();
            received.get(turn % received.len().max(1)).cloned()
        };
        let Some(payment) = payment else {
            let _ = operator.ask(Method::GET, &format!("{}/healthz", day.address), None).await;
            continue;
        };
        let refund = operator.give_back(&day.address, &payment, 100).await;
        if matches!(&refund, Some((_, problem)) if problem["code"] == "exceeds-refundable") {
            received.lock().unwrap().retain(|other| *other != payment);
        }
        if let Some(document) = told.granted(refund) {
            told.refunds.insert(id(&document));
        }
    }
    told
}
