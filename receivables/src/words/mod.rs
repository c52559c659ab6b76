//! Words: every sentence a person reads, in one table per language.
//!
//! A sentence is a whole message with named places (`{amount}`), so that another language may
//! order it its own way. [`say`] fills the places; a test holds that every language has every
//! message with the same places.

mod en_us;
mod en_us_coming_in;
mod message;
mod reasons;
mod refusals;

pub use message::Message;
pub use refusals::{
    amount_refusal, bill_numbers, direction_refusal, preview_refusal, typed_amount_error,
};

use serde::{Deserialize, Serialize};

/// The reader's language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Language {
    #[default]
    #[serde(rename = "en-US")]
    EnglishUs,
}

impl Language {
    pub const ALL: [Self; 1] = [Self::EnglishUs];

    /// The tag for `<html lang>`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::EnglishUs => "en-US",
        }
    }

    pub const fn number_style(self) -> crate::typed_amount::NumberStyle {
        match self {
            Self::EnglishUs => crate::typed_amount::NumberStyle::ENGLISH,
        }
    }

    /// The message's words, its places not filled.
    pub fn text(self, message: Message) -> &'static str {
        match self {
            Self::EnglishUs => en_us::text(message),
        }
    }
}

/// The message with its places filled. A place without a value stays visible, which a test of
/// the caller will notice.
pub fn say(language: Language, message: Message, places: &[(&str, &str)]) -> String {
    let mut text = language.text(message).to_owned();
    for (name, value) in places {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_is_empty_and_every_place_is_closed() {
        for language in Language::ALL {
            for message in Message::ALL {
                let text = language.text(*message);
                assert!(!text.trim().is_empty(), "{message:?}");
                assert_eq!(text.matches('{').count(), text.matches('}').count(), "{message:?}");
            }
        }
    }

    #[test]
    fn places_are_filled_by_name() {
        let text = say(Language::EnglishUs, Message::PayNow, &[("amount", "$120.00")]);
        assert_eq!(text, "Pay $120.00 now");
    }

    #[test]
    fn a_page_names_its_language_as_the_wire_does() {
        for language in Language::ALL {
            assert_eq!(serde_json::to_value(language).unwrap(), language.tag());
        }
        assert_eq!(Language::EnglishUs.tag(), "en-US");
    }
}
