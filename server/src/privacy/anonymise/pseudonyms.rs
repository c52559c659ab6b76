//! Other names for people and things: the same one for the same name within one copy, of the same
//! shape, and never for two. Drawn anew for each copy, so that two copies cannot be compared.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use crate::clock::Chance;

pub struct Pseudonyms {
    key: [u8; 32],
    people: HashMap<String, usize>,
    addresses: HashMap<String, usize>,
    references: HashMap<String, String>,
    used: HashSet<String>,
}

const SYLLABLES: [&str; 12] =
    ["ba", "del", "fi", "gor", "ka", "lum", "mi", "nor", "pe", "rus", "ti", "vol"];

/// Before a value is made longer because all of its shape are taken.
const TRIES: u32 = 40;

impl Pseudonyms {
    pub fn drawn(chance: &dyn Chance) -> Self {
        let mut key = [0; 32];
        chance.fill(&mut key);
        Self {
            key,
            people: HashMap::new(),
            addresses: HashMap::new(),
            references: HashMap::new(),
            used: HashSet::new(),
        }
    }

    /// `Gorti Bafi`
    pub fn name(&mut self, name: &str) -> String {
        if name.is_empty() {
            return String::new();
        }
        let next = self.people.len();
        let n = *self.people.entry(name.to_owned()).or_insert(next);
        let word = |n: usize| {
            let syllable = |n: usize| SYLLABLES.get(n % SYLLABLES.len()).copied().unwrap_or("lo");
            let text = format!("{}{}", syllable(n), syllable(n / SYLLABLES.len() + n));
            text.get(..1).unwrap_or_default().to_uppercase() + text.get(1..).unwrap_or_default()
        };
        format!("{} {} {}", word(n), word(n / 144 + 5), n + 1)
    }

    pub fn email(&mut self, email: &str) -> String {
        let next = self.addresses.len();
        let n = *self.addresses.entry(email.to_owned()).or_insert(next);
        format!("person{}@test.invalid", n + 1)
    }

    /// Letters for letters and digits for digits; what the gateway puts before its names stays.
    pub fn reference(&mut self, text: &str) -> String {
        if let Some(known) = self.references.get(text) {
            return known.clone();
        }
        if !text.chars().any(char::is_alphanumeric) {
            return text.to_owned();
        }
        let mut tries = 0;
        let other = loop {
            let mut other = self.scrambled(text, tries);
            if tries > TRIES {
                other.push_str(&tries.to_string());
            }
            if other != text && !self.used.contains(&other) {
                break other;
            }
            tries += 1;
        };
        self.used.insert(other.clone());
        self.references.insert(text.to_owned(), other.clone());
        other
    }

    fn scrambled(&self, text: &str, tries: u32) -> String {
        let kept = text
            .find('_')
            .filter(|at| *at <= 4 && text.bytes().take(*at).all(|b| b.is_ascii_lowercase()));
        let (before, rest) = text.split_at(kept.map_or(0, |at| at + 1));
        let mut drawn = Vec::new();
        let mut block = 0_u32;
        let mut other = before.to_owned();
        for c in rest.chars() {
            let byte = drawn.pop().unwrap_or_else(|| {
                let mut hasher = Sha256::new();
                hasher.update(self.key);
                hasher.update(tries.to_be_bytes());
                hasher.update(block.to_be_bytes());
                hasher.update(text.as_bytes());
                block += 1;
                drawn.extend_from_slice(&hasher.finalize());
                drawn.pop().unwrap_or(0)
            });
            other.push(match c {
                c if c.is_numeric() => char::from(b'0' + byte % 10),
                c if c.is_uppercase() => char::from(b'A' + byte % 26),
                c if c.is_alphabetic() => char::from(b'a' + byte % 26),
                c => c,
            });
        }
        other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemChance;

    #[test]
    fn the_same_name_gets_the_same_other_name_and_no_two_share_one() {
        let mut others = Pseudonyms::drawn(&SystemChance);
        let mut seen = HashSet::new();
        for n in 0..500 {
            let name = format!("Person {n}");
            let other = others.name(&name);
            assert_eq!(other, others.name(&name));
            assert!(seen.insert(other) && seen.insert(others.email(&format!("{n}@x.example"))));
        }
    }

    #[test]
    fn a_reference_keeps_its_shape_and_even_short_ones_stay_apart() {
        let mut others = Pseudonyms::drawn(&SystemChance);
        let other = others.reference("B-2026/ab 17");
        assert_eq!(other.len(), 12);
        assert!(other.contains('-') && other.contains('/') && other.contains(' '));
        assert!(others.reference("pi_3Mabc").starts_with("pi_"));
        assert_eq!(others.reference("--"), "--");
        let short: HashSet<String> =
            (0..100).map(|n| others.reference(&i32::to_string(&n))).collect();
        assert_eq!(short.len(), 100);
    }
}
