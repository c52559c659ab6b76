//! Roles and scopes as they are kept: words with commas between them, each once, in one order.

use std::collections::BTreeSet;
use std::fmt;

use receivables::api::roles::{Scope, StaffRole};

pub type StaffRoles = Words<StaffRole>;
pub type Scopes = Words<Scope>;

/// A word of which a set is kept.
pub trait Word: Copy + Ord + 'static {
    fn read(text: &str) -> Option<Self>;
    fn said(self) -> &'static str;
}

impl Word for StaffRole {
    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }

    fn said(self) -> &'static str {
        self.code()
    }
}

impl Word for Scope {
    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }

    fn said(self) -> &'static str {
        self.code()
    }
}

/// Some of the words; never none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words<W>(BTreeSet<W>);

impl<W: Word> Words<W> {
    /// None where there is no word, or one that nobody knows.
    pub fn parse(text: &str) -> Option<Self> {
        let words: Option<BTreeSet<W>> = text.split(',').map(|word| W::read(word.trim())).collect();
        words.and_then(|words| Self::of(&words.into_iter().collect::<Vec<_>>()))
    }

    pub fn of(words: &[W]) -> Option<Self> {
        (!words.is_empty()).then(|| Self(words.iter().copied().collect()))
    }

    pub fn has(&self, word: W) -> bool {
        self.0.contains(&word)
    }

    pub fn iter(&self) -> impl Iterator<Item = W> {
        self.0.iter().copied()
    }
}

impl<W: Word> fmt::Display for Words<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, word) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{}", word.said())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_once_and_in_one_order() {
        let roles = StaffRoles::parse("approver, clerk,approver").unwrap();
        assert_eq!(roles.to_string(), "clerk,approver");
        assert_eq!(StaffRoles::parse(&roles.to_string()), Some(roles));
    }

    #[test]
    fn no_word_and_an_unknown_word_are_no_set() {
        for text in ["", ",", "clerk,", "clerk,king", "Clerk", "payer"] {
            assert!(StaffRoles::parse(text).is_none(), "{text:?}");
        }
        assert!(Scopes::of(&[]).is_none());
    }
}
