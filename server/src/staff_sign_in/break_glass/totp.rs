//! One-time codes by the time: RFC 6238 with SHA-1, six digits and thirty seconds, which is what
//! every authenticator app reckons with.

use receivables::calendar::Micros;
use ring::hmac;

use crate::clock::Chance;

const SECONDS: i64 = 30;
const DIGITS: usize = 6;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
pub const SEED_BYTES: usize = 20;

#[derive(Clone, PartialEq, Eq)]
pub struct Seed([u8; SEED_BYTES]);

impl Seed {
    pub fn draw(chance: &dyn Chance) -> Self {
        let mut seed = [0; SEED_BYTES];
        chance.fill(&mut seed);
        Self(seed)
    }

    pub fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub const fn reveal(&self) -> &[u8; SEED_BYTES] {
        &self.0
    }

    /// As authenticator apps are told it.
    pub fn base32(&self) -> String {
        // 160 bits are 32 characters of five.
        let bit = |at: usize| self.0.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
        let letter = |n: usize| (0..5).fold(0, |value, at| value << 1 | bit(n * 5 + at));
        let character = |n| ALPHABET.get(usize::from(letter(n))).map_or('A', |c| char::from(*c));
        (0..SEED_BYTES * 8 / 5).map(character).collect()
    }

    /// The period whose code this is: now, the one before or the next, as clocks differ, and
    /// later than the last one used.
    pub fn step_of(&self, typed: &str, now: Micros, last_step: i64) -> Option<i64> {
        let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        if typed.len() != DIGITS || !typed.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let current = now.0.div_euclid(1_000_000).div_euclid(SECONDS);
        let fits = |step: &i64| self.code(*step) == typed && *step > last_step;
        [current - 1, current, current + 1].into_iter().find(fits)
    }

    fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let mac = hmac::sign(&key, &step.to_be_bytes());
        let mac = mac.as_ref();
        let offset = usize::from(mac.last().map_or(0, |byte| byte & 15));
        let mut four = [0; 4];
        if let Some(part) = mac.get(offset..offset + 4) {
            four.copy_from_slice(part);
        }
        let number = u32::from_be_bytes(four) & 0x7fff_ffff;
        format!("{:0DIGITS$}", number % 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed() -> Seed {
        Seed::read(b"12345678901234567890").unwrap()
    }

    /// RFC 6238, appendix B, the last six of its eight digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(seed().code(seconds / SECONDS), code);
        }
    }

    #[test]
    fn a_code_counts_around_its_time_and_once() {
        let at = |seconds: i64| Micros(seconds * 1_000_000);
        let step = |seconds, last| seed().step_of("081 804", at(seconds), last);
        let its_own = 1_111_111_109 / SECONDS;
        for seconds in [1_111_111_109, 1_111_111_079, 1_111_111_139] {
            assert_eq!(step(seconds, 0), Some(its_own), "{seconds}");
        }
        assert_eq!((step(1_111_111_049, 0), step(1_111_111_170, 0)), (None, None));
        assert_eq!(step(1_111_111_109, its_own), None);
        for typed in ["", "81804", "0818040", "08180x", "０８１８０４"] {
            assert_eq!(seed().step_of(typed, at(1_111_111_109), 0), None, "{typed}");
        }
    }

    #[test]
    fn a_seed_is_told_in_base32() {
        assert_eq!(seed().base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }
}
