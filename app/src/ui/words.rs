//! The words of the reader's language.

use std::cell::Cell;

use receivables::words::{self, Language, Message};

use super::Places;

thread_local! {
    static SPOKEN: Cell<Language> = const { Cell::new(Language::EnglishUs) };
}

/// Sets the language; the portal's answer says which.
pub fn speak(language: Language) {
    SPOKEN.set(language);
}

pub fn language() -> Language {
    SPOKEN.get()
}

/// A message without places.
#[inline(never)]
pub fn say(message: Message) -> &'static str {
    language().text(message)
}

#[inline(never)]
pub fn fill(message: Message, places: Places<'_>) -> String {
    words::say(language(), message, places)
}

/// One or many, as two whole messages; the number stands at `{count}`.
pub fn count(number: usize, one: Message, many: Message) -> String {
    let message = if number == 1 { one } else { many };
    fill(message, &[("count", &number.to_string())])
}
