//! Time and chance, passed in: nothing else in the server reads a clock or draws a number.

use receivables::calendar::{CivilDate, Micros};

/// Tells the time.
pub trait Clock: Send + Sync {
    fn now(&self) -> Micros;
}

/// Draws random bytes that nobody can foretell.
pub trait Chance: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
}

/// The machine's own clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the injected clock")]
    fn now(&self) -> Micros {
        Micros(jiff::Timestamp::now().as_microsecond())
    }
}

/// The operating system's generator.
pub struct SystemChance;

impl Chance for SystemChance {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness there is no session, no id and no key: stopping is the only honest
        // answer, and the operating systems we run on do not fail here.
        if getrandom::fill(bytes).is_err() {
            std::process::abort();
        }
    }
}

/// `2026-11-22T14:02:09Z`
pub fn instant_text(at: Micros) -> String {
    jiff::Timestamp::from_microsecond(at.0)
        .map(|timestamp| timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .unwrap_or_default()
}

/// The biller's day at an instant.
pub fn day_in(zone: &jiff::tz::TimeZone, at: Micros) -> CivilDate {
    let timestamp = jiff::Timestamp::from_microsecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    CivilDate::from_jiff(zone.to_datetime(timestamp).date())
}

/// Milliseconds since 1970, for ids; an instant before 1970 counts as its start.
pub fn unix_ms(at: Micros) -> u64 {
    u64::try_from(at.0 / 1_000).unwrap_or(0)
}

/// Ten bytes of chance, for an id.
pub fn ten_bytes(chance: &dyn Chance) -> [u8; 10] {
    let mut bytes = [0; 10];
    chance.fill(&mut bytes);
    bytes
}
