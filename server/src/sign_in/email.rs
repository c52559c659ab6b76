//! An e-mail address, parsed once and spelled one way.

use std::fmt;

use thiserror::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not an e-mail address")]
pub struct NotAnEmailAddress;

/// Lower case and ASCII only: two addresses that look alike must not be two people, and one
/// person's must not be two addresses.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

const LONGEST: usize = 254;
const LONGEST_LOCAL_PART: usize = 64;
const LONGEST_LABEL: usize = 63;

impl EmailAddress {
    /// What people type: spaces around it and capitals are forgiven, nothing else.
    pub fn parse(text: &str) -> Result<Self, NotAnEmailAddress> {
        let text = text.trim_matches([' ', '\t']).to_ascii_lowercase();
        let (local, domain) = text.split_once('@').ok_or(NotAnEmailAddress)?;
        let fits = text.len() <= LONGEST && is_local_part(local) && is_domain(domain);
        if fits { Ok(Self(text)) } else { Err(NotAnEmailAddress) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Addresses do not go to the log.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(an e-mail address)")
    }
}

/// Words of plain characters with single dots between them; no quoted forms.
fn is_local_part(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
    text.len() <= LONGEST_LOCAL_PART
        && text.split('.').all(|word| !word.is_empty() && word.bytes().all(plain))
}

/// Two labels or more, the last not a number; no address literals.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=LONGEST_LABEL).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.contains('.') && text.split('.').all(is_label) && !last.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_and_spaces_around_are_forgiven() {
        let parsed = EmailAddress::parse("  Ada.Byron+bills@Customer.Example ").unwrap();
        assert_eq!(parsed.as_str(), "ada.byron+bills@customer.example");
        assert_eq!(format!("{parsed:?}"), "(an e-mail address)");
    }

    #[test]
    fn what_is_not_one_plain_address_is_none() {
        let long = format!("{}@{}.example", "a".repeat(60), "b.".repeat(95));
        for text in [
            "",
            "ada",
            "@b.example",
            "ada@",
            "ada@localhost",
            "a@b@c.example",
            "a@b.example,c@d.example",
            "a@b.example\r\nBcc: c@d.example",
            "a\u{0}@b.example",
            "\"ada byron\"@b.example",
            "ada byron@b.example",
            ".ada@b.example",
            "ada.@b.example",
            "a..b@b.example",
            "ada@[192.0.2.1]",
            "ada@192.0.2.1",
            "ada@-b.example",
            "ada@b-.example",
            "ada@b..example",
            "аda@b.example",
            "ada@bücher.example",
            "ada@b.example>",
            "<ada@b.example>",
            &long,
            &format!("{}@b.example", "a".repeat(65)),
            &format!("ada@{}.example", "b".repeat(64)),
        ] {
            assert_eq!(EmailAddress::parse(text), Err(NotAnEmailAddress), "{text:?}");
        }
    }
}
