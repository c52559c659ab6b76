//! Time that a test moves, chance that repeats itself, and waits that only count.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use receivables::calendar::Micros;
use receivables::ids::{AccountId, PaymentId, RefundId};
use receivables::money::{Currency, MinorUnits, Money};
use server::clock::{Chance, Clock};
use server::config::Secret;
use server::gateway::{
    Gateway, GatewaySettings, Intent, IntentRequest, Pause, RefundOrder, Surroundings,
};

pub struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Micros {
        Micros(self.0.load(Ordering::SeqCst))
    }
}

impl TestClock {
    pub fn advance(&self, time: Duration) {
        let micros = i64::try_from(time.as_micros()).unwrap();
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

pub struct TestChance(AtomicU64);

impl Chance for TestChance {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let seen = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            *byte = (seen ^ (seen >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9).to_be_bytes()[0];
        }
    }
}

/// Does not wait: moves the clock, and remembers for how long it was asked to.
pub struct CountedPause {
    clock: Arc<TestClock>,
    pub waits: Mutex<Vec<Duration>>,
}

impl Pause for CountedPause {
    fn pause(&self, time: Duration) -> BoxFuture<'_, ()> {
        self.clock.advance(time);
        self.waits.lock().unwrap().push(time);
        Box::pin(std::future::ready(()))
    }
}

#[derive(Clone)]
pub struct World {
    pub clock: Arc<TestClock>,
    pub chance: Arc<TestChance>,
    pub pause: Arc<CountedPause>,
}

impl World {
    pub fn new() -> Self {
        Self::starting(Micros(1_795_000_000_000_000))
    }

    pub fn starting(now: Micros) -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(now.0)));
        let pause =
            Arc::new(CountedPause { clock: Arc::clone(&clock), waits: Mutex::new(Vec::new()) });
        Self { clock, chance: Arc::new(TestChance(AtomicU64::new(1))), pause }
    }

    pub fn surroundings(&self) -> Surroundings {
        Surroundings {
            clock: self.clock.clone(),
            chance: self.chance.clone(),
            pause: self.pause.clone(),
        }
    }

    pub fn gateway(&self, base_url: &str) -> Gateway {
        let settings = GatewaySettings {
            secret_key: Some(Secret::new("sk_test_1")),
            base_url: base_url.into(),
            timeout: Duration::from_millis(300),
            ..GatewaySettings::default()
        };
        Gateway::try_new(settings, self.surroundings()).unwrap()
    }

    pub fn payment_id(&self) -> PaymentId {
        let mut bytes = [0; 10];
        self.chance.fill(&mut bytes);
        let milliseconds = u64::try_from(self.clock.now().0 / 1000).unwrap();
        PaymentId::from_parts(milliseconds, &bytes)
    }

    pub fn request(&self, amount: i64, currency: Currency) -> IntentRequest {
        let payment_id = self.payment_id();
        IntentRequest {
            payment_id,
            account_id: AccountId::from_parts(1_795_000_000_000, &[7; 10]),
            amount: Money::new(MinorUnits::new(amount), currency),
            description: "Payment towards account 1001".into(),
            preview_fingerprint: "0a".repeat(32),
            idempotency_key: format!("pd_{payment_id}_create"),
        }
    }

    pub fn refund(&self, intent: &Intent, amount: i64) -> RefundOrder {
        let mut bytes = [0; 10];
        self.chance.fill(&mut bytes);
        let refund_id = RefundId::from_parts(1_795_000_000_000, &bytes);
        RefundOrder {
            refund_id,
            intent_ref: intent.gateway_ref.clone(),
            amount: Money::new(MinorUnits::new(amount), Currency::USD),
            idempotency_key: format!("pd_{refund_id}_create"),
        }
    }
}
