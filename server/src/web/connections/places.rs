//! The places of connections, and who gives one up.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Hands out places; when all are taken, the one that waits longest is asked back.
#[derive(Clone)]
pub struct Places(Arc<Mutex<Taken>>);

struct Taken {
    at_most: usize,
    taken: usize,
    turns: u64,
    /// Connections that wait for the other end: those that never finished a request before those
    /// that did, and of each those that wait longest first.
    waiting: BTreeMap<Turn, Arc<Notify>>,
}

/// Whether a request was answered before, and since when it waits.
type Turn = (bool, u64);

/// A connection's place, given back when it is dropped.
pub struct Place {
    places: Places,
    wanted: Arc<Notify>,
    /// Where this connection stands among those that wait; none while it is answered.
    turn: Mutex<Option<Turn>>,
}

impl Places {
    pub fn new(at_most: usize) -> Self {
        let taken = Taken { at_most, taken: 0, turns: 0, waiting: BTreeMap::new() };
        Self(Arc::new(Mutex::new(taken)))
    }

    /// A place for a new connection. There is always one: whoever came first and says nothing
    /// makes room, and if all are being answered a few more than wished for are open for a while.
    pub fn take(&self) -> Arc<Place> {
        let wanted = Arc::new(Notify::new());
        let mut taken = unpoisoned(&self.0);
        if taken.taken >= taken.at_most
            && let Some((_, longest)) = taken.waiting.pop_first()
        {
            longest.notify_one();
        }
        taken.taken += 1;
        let turn = taken.wait(&wanted, false);
        drop(taken);
        Arc::new(Place { places: self.clone(), wanted, turn: Mutex::new(Some(turn)) })
    }
}

impl Taken {
    fn wait(&mut self, wanted: &Arc<Notify>, was_answered: bool) -> Turn {
        self.turns += 1;
        let turn = (was_answered, self.turns);
        self.waiting.insert(turn, wanted.clone());
        turn
    }
}

impl Place {
    /// Until this place is wanted for somebody else.
    pub async fn is_wanted(&self) {
        self.wanted.notified().await;
    }

    pub fn is_answered(&self) {
        if let Some(turn) = unpoisoned(&self.turn).take() {
            unpoisoned(&self.places.0).waiting.remove(&turn);
        }
    }

    /// The answer is on its way out; from now on it is the other end that takes its time.
    pub fn waits_again(&self) {
        self.is_answered();
        *unpoisoned(&self.turn) = Some(unpoisoned(&self.places.0).wait(&self.wanted, true));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.is_answered();
        unpoisoned(&self.places.0).taken -= 1;
    }
}

/// Nothing that holds these locks can fail half-way.
fn unpoisoned<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn is_wanted(place: &Place) -> bool {
        place.is_wanted().now_or_never().is_some()
    }

    #[test]
    fn when_all_places_are_taken_the_one_that_waits_longest_makes_room() {
        let places = Places::new(2);
        let (first, second) = (places.take(), places.take());
        assert!(!is_wanted(&first) && !is_wanted(&second));
        // The first spoke and was answered since; the second never said a word.
        first.is_answered();
        first.waits_again();
        let _third = places.take();
        assert!(is_wanted(&second) && !is_wanted(&first));
    }

    #[test]
    fn who_was_answered_before_stays_longer_than_who_never_finished_a_request() {
        let places = Places::new(2);
        let payer = places.take();
        payer.is_answered();
        payer.waits_again();
        let stranger = places.take();
        let another = places.take();
        assert!(is_wanted(&stranger) && !is_wanted(&payer));
        drop(stranger);
        let _more = places.take();
        assert!(is_wanted(&another) && !is_wanted(&payer));
    }

    #[test]
    fn who_is_being_answered_is_never_sent_away_and_nobody_is_turned_away() {
        let places = Places::new(1);
        let first = places.take();
        first.is_answered();
        let second = places.take();
        assert!(!is_wanted(&first) && !is_wanted(&second));
        drop(first);
        drop(second);
        let third = places.take();
        assert!(!is_wanted(&third));
        let _fourth = places.take();
        assert!(is_wanted(&third));
    }
}
