//! One value of a file: a text that people wrote, or a number or a day that a program stored.

use receivables::calendar::CivilDate;
use receivables::money::{Currency, MinorUnits};
use receivables::typed_amount::{NumberStyle, TypedAmountError, parse_typed_amount};

use crate::imports::date_pattern::DatePattern;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// As it stands in the file, without the spaces around it.
    Text(String),
    /// A stored number in plain decimal digits: a sign, digits, a dot, digits.
    Number(String),
    /// A stored day; the time of day, if it had one, is left out.
    Day(CivilDate),
}

impl Default for Cell {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Cell {
    pub fn text(text: &str) -> Self {
        Self::Text(text.trim().to_owned())
    }

    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Text(text) if text.is_empty())
    }

    /// The value as text: what a key, a name or a word is read from, and what people are shown.
    pub fn to_text(&self) -> String {
        match self {
            Self::Text(text) | Self::Number(text) => text.clone(),
            Self::Day(day) => day.to_string(),
        }
    }

    /// The day: a text as the map says days are written, a stored day as it is.
    pub fn day(&self, dates: &DatePattern) -> Option<CivilDate> {
        match self {
            Self::Text(text) | Self::Number(text) => dates.parse(text),
            Self::Day(day) => Some(*day),
        }
    }

    /// The amount: a text as people write amounts, a stored number exactly or not at all.
    pub fn amount(
        &self,
        currency: Currency,
        style: NumberStyle,
    ) -> Result<MinorUnits, TypedAmountError> {
        match self {
            Self::Text(text) => parse_typed_amount(text, currency, style),
            Self::Number(digits) => stored_amount(digits, currency),
            Self::Day(_) => Err(TypedAmountError::NotANumber),
        }
    }
}

/// Zeros behind the currency's decimals say nothing; any other digit there is refused, as half a
/// cent is nobody's money.
fn stored_amount(digits: &str, currency: Currency) -> Result<MinorUnits, TypedAmountError> {
    if digits.starts_with('-') {
        return Err(TypedAmountError::Sign);
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let allowed = currency.exponent();
    let missing = usize::try_from(allowed)
        .ok()
        .and_then(|allowed| allowed.checked_sub(fraction.len()))
        .ok_or(TypedAmountError::TooManyDecimals { allowed })?;
    let minor = format!("{whole}{fraction}{}", "0".repeat(missing));
    if minor.is_empty() || !minor.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(TypedAmountError::NotANumber);
    }
    minor.parse().map(MinorUnits::new).map_err(|_| TypedAmountError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_number_is_an_amount_exactly_or_not_at_all() {
        use TypedAmountError::{NotANumber, Sign, TooLarge, TooManyDecimals};
        let (dollar, yen, dinar) = ("USD", "JPY", "KWD");
        let cases = [
            ("55.94", dollar, Ok(5_594)),
            ("55.9400", dollar, Ok(5_594)),
            ("1234.5", dollar, Ok(123_450)),
            ("1234", dollar, Ok(123_400)),
            ("0.07", dollar, Ok(7)),
            (".5", dollar, Ok(50)),
            ("1.234", dinar, Ok(1_234)),
            ("1500", yen, Ok(1_500)),
            ("1500.0000", yen, Ok(1_500)),
            ("1500.5", yen, Err(TooManyDecimals { allowed: 0 })),
            ("0.30000000000000004", dollar, Err(TooManyDecimals { allowed: 2 })),
            ("55.945", dollar, Err(TooManyDecimals { allowed: 2 })),
            ("-5", dollar, Err(Sign)),
            ("", yen, Err(NotANumber)),
            ("1e3", dollar, Err(NotANumber)),
            ("99999999999999999999", dollar, Err(TooLarge)),
        ];
        for (digits, currency, expected) in cases {
            let currency = Currency::parse(currency).unwrap();
            let read = Cell::Number(digits.to_owned()).amount(currency, NumberStyle::ENGLISH);
            assert_eq!(read, expected.map(MinorUnits::new), "{digits:?} in {currency}");
        }
    }

    #[test]
    fn a_text_is_read_as_people_write_it_and_a_stored_day_is_no_amount() {
        let euro = Currency::parse("EUR").unwrap();
        let typed = Cell::text(" 1.234,50 ").amount(euro, NumberStyle::CONTINENTAL);
        assert_eq!(typed, Ok(MinorUnits::new(123_450)));
        let day = Cell::Day(CivilDate::parse("2026-11-20").unwrap());
        let read = day.amount(euro, NumberStyle::ENGLISH);
        assert_eq!(read, Err(TypedAmountError::NotANumber));
        assert_eq!(day.to_text(), "2026-11-20");
    }
}
