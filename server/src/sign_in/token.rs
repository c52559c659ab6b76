//! Secrets that are handed out once and remembered only by their hash.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::clock::Chance;

/// 256 bits of chance, as 43 characters fit for a cookie or an address.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

const LENGTH: usize = 43;

impl Token {
    pub fn draw(chance: &dyn Chance) -> Self {
        let mut bytes = [0; 32];
        chance.fill(&mut bytes);
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What somebody sent back; anything that is not the shape of a token is none.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        (text.len() == LENGTH && text.bytes().all(fits)).then(|| Self(text.to_owned()))
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored instead.
    pub fn hash(&self) -> String {
        sha256_hex(&[&self.0])
    }
}

/// SHA-256 over the parts, each with its length before it, so that parts cannot be shifted.
pub fn sha256_hex(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hex::encode(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemChance;

    #[test]
    fn a_token_is_256_bits_and_differs_each_time() {
        let (one, other) = (Token::draw(&SystemChance), Token::draw(&SystemChance));
        assert!(one != other);
        assert_eq!(one.reveal().len(), LENGTH);
        assert!(Token::parse(one.reveal()) == Some(one.clone()));
        assert!(!one.hash().contains(one.reveal()));
    }

    #[test]
    fn what_is_not_shaped_like_a_token_is_none() {
        let token = Token::draw(&SystemChance);
        for text in ["", "garbage", &token.reveal()[1..], &"a".repeat(8_000), &"ä".repeat(43)] {
            assert!(Token::parse(text).is_none());
        }
    }
}
