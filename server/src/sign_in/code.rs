//! The code that is read in a mail and typed: eight characters, 40 bits.

use super::token::{Token, sha256_hex};
use crate::clock::Chance;

/// No I, L, O or U: the first three are taken for digits, the last makes words.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 8;

#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    pub fn draw(chance: &dyn Chance) -> Self {
        let mut bytes = [0; LENGTH];
        chance.fill(&mut bytes);
        // 256 is a multiple of 32, so every character is as likely as any other.
        let pick = |b: u8| ALPHABET.get(usize::from(b % 32)).map_or('0', |c| char::from(*c));
        Self(bytes.into_iter().map(pick).collect())
    }

    /// What people type: case, spaces and dashes do not matter, nor does O for 0 or l for 1.
    pub fn parse(typed: &str) -> Option<Self> {
        let mut code = String::with_capacity(LENGTH);
        for c in typed.chars() {
            let meant = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' => continue,
                c if c.is_whitespace() => continue,
                c => c,
            };
            let known = u8::try_from(meant).is_ok_and(|b| ALPHABET.contains(&b));
            if !known || code.len() == LENGTH {
                return None;
            }
            code.push(meant);
        }
        (code.len() == LENGTH).then_some(Self(code))
    }

    /// As it stands in the mail: `7K3M-9QXA`.
    pub fn grouped(&self) -> String {
        let (front, back) = self.0.split_at(LENGTH / 2);
        format!("{front}-{back}")
    }

    /// What is stored. The browser's own token is in it: 40 bits alone could be tried out by
    /// whoever reads the database, and the token's 256 cannot.
    pub fn hash_for(&self, browser: &Token) -> String {
        sha256_hex(&["sign-in code", browser.reveal(), &self.0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemChance;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = Code("7K3M9QXA".to_owned());
        for typed in ["7K3M-9QXA", "7k3m9qxa", " 7K3M 9QXA\n", "7-K-3-M-9-Q-X-A", "7k3m–9qxa"] {
            assert!(Code::parse(typed).as_ref() == Some(&code), "{typed:?}");
        }
        assert!(Code::parse("OIL0-0000") == Code::parse("0110-0000"));
    }

    #[test]
    fn what_cannot_be_a_code_is_none() {
        for typed in ["", "7K3M9QX", "7K3M9QXAA", "7K3M9QX!", "7K3M9QXU", "７K3M9QXA"] {
            assert!(Code::parse(typed).is_none(), "{typed:?}");
        }
    }

    #[test]
    fn a_drawn_code_is_eight_characters_that_differ_each_time() {
        let (one, other) = (Code::draw(&SystemChance), Code::draw(&SystemChance));
        assert!(one != other);
        assert!(Code::parse(&one.grouped()) == Some(one.clone()));
        let browsers = [Token::draw(&SystemChance), Token::draw(&SystemChance)];
        assert!(one.hash_for(&browsers[0]) != one.hash_for(&browsers[1]));
    }
}
