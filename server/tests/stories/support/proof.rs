//! How large a proof is, what it draws from, and what it says it did.

use std::fmt::Display;

use super::{On, TestPortal};

/// `PAYDOWN_PROOF=full` runs the full sizes, else a tenth; `PAYDOWN_SEED` chooses what is drawn.
pub struct Proof {
    id: &'static str,
    on: On,
    pub n: usize,
    pub dice: Dice,
}

pub fn is_full() -> bool {
    std::env::var("PAYDOWN_PROOF").is_ok_and(|size| size == "full")
}

impl Proof {
    pub fn begin(id: &'static str, on: On, full: usize) -> Self {
        let seed = std::env::var("PAYDOWN_SEED").ok();
        let seed = seed.map_or(1, |text| text.parse().unwrap());
        let n = if is_full() { full } else { full / 10 };
        println!("{id} on {on:?}: n {n}, PAYDOWN_SEED={seed}");
        Self { id, on, n, dice: Dice(seed) }
    }

    /// What was counted, beside what it is a count of.
    pub fn counted(&self, what: &str, count: impl Display) {
        println!("{} on {:?}: {what} {count}", self.id, self.on);
    }
}

/// Draws that are the same for the same seed (SplitMix64).
#[derive(Clone)]
pub struct Dice(u64);

impl Dice {
    pub const fn of(seed: u64) -> Self {
        Self(seed)
    }

    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of `0..below`.
    pub fn below(&mut self, below: usize) -> usize {
        usize::try_from(self.draw() % below.max(1) as u64).unwrap_or(0)
    }

    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            things.swap(last, self.below(last + 1));
        }
    }
}

/// Lets others go first by asking the database something, a drawn number of times: a race
/// without a clock.
pub async fn step_aside(portal: &TestPortal, times: usize) {
    for _ in 0..times {
        sqlx::query("select 1").execute(portal.portal.db.read()).await.unwrap();
    }
}

/// Tells each proof on both databases.
macro_rules! proofs {
    ($(async fn $name:ident($on:ident: On) $proof:block)*) => {
        $(mod $name {
            use super::*;

            async fn proof($on: On) $proof

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                proof(On::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                if $crate::support::postgres_url().is_some() {
                    proof(On::Postgres).await;
                }
            }
        })*
    };
}
