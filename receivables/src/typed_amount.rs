//! Typed amounts: what people write when asked how much. One tolerant parser for every page.
//!
//! It accepts a comma or a dot as the decimal sign in every language, thousands grouped by
//! comma, dot, space or apostrophe, the account's own currency sign or code, and other scripts'
//! digits. It never guesses and never rounds: what can be read in two ways, or has decimals the
//! currency does not have, is an error of its own.

use thiserror::Error;

use crate::money::{Currency, MinorUnits};

/// How the reader's language writes numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberStyle {
    pub decimal: char,
    pub grouping: char,
}

impl NumberStyle {
    pub const ENGLISH: Self = Self { decimal: '.', grouping: ',' };
    pub const CONTINENTAL: Self = Self { decimal: ',', grouping: '.' };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TypedAmountError {
    #[error("nothing is typed")]
    Empty,
    #[error("not a number")]
    NotANumber,
    #[error("a plus or minus sign")]
    Sign,
    #[error("an exponent")]
    Exponent,
    #[error("another currency's sign")]
    OtherCurrency,
    #[error("more decimals than the currency has")]
    TooManyDecimals { allowed: u32 },
    #[error("two possible readings")]
    TwoReadings { grouped: MinorUnits, decimal: MinorUnits },
    #[error("more than can be counted")]
    TooLarge,
}

/// Reads what a person typed as an amount of `currency`.
pub fn parse_typed_amount(
    text: &str,
    currency: Currency,
    style: NumberStyle,
) -> Result<MinorUnits, TypedAmountError> {
    let bare = without_currency(text.trim(), currency)?;
    let number = normalise(&bare)?;
    let separators = number.iter().filter(|c| !c.is_ascii_digit()).count();
    let decimals = usize::try_from(currency.exponent()).unwrap_or(0);
    match separators {
        0 => amount(&number, &[], decimals),
        1 => one_separator(&number, decimals, style),
        _ => several_separators(&number, decimals),
    }
}

/// Takes the account's own sign or code away; any other currency's is an error.
fn without_currency(text: &str, currency: Currency) -> Result<String, TypedAmountError> {
    let mut bare = text.to_owned();
    let code_at = |text: &str, code: &str| {
        text.get(..code.len()).is_some_and(|start| start.eq_ignore_ascii_case(code))
    };
    let code = currency.code();
    if code_at(&bare, code) {
        bare = bare.split_off(code.len());
    } else if bare.len() > code.len() {
        let end = bare.len().saturating_sub(code.len());
        if bare.get(end..).is_some_and(|tail| tail.eq_ignore_ascii_case(code)) {
            bare.truncate(end);
        }
    }
    for (sign, currencies) in SIGNS {
        if currencies.split(' ').any(|own| own == code) {
            bare = bare.replacen(sign, "", 1);
        }
        if bare.contains(sign) {
            return Err(TypedAmountError::OtherCurrency);
        }
    }
    Ok(bare)
}

/// Whose sign it is at home: someone who pays Canadian dollars types `$`, though a page shows
/// the code because `$` alone is not clear to every reader.
const SIGNS: [(char, &str); 9] = [
    ('$', "USD AUD CAD NZD SGD HKD TWD MXN ARS CLP COP UYU JMD TTD BBD BSD BZD FJD XCD"),
    ('€', "EUR"),
    ('£', "GBP EGP FKP GIP SHP"),
    ('¥', "JPY CNY"),
    ('₹', "INR"),
    ('₩', "KRW KPW"),
    ('₽', "RUB"),
    ('₺', "TRY"),
    ('₪', "ILS"),
];

/// ASCII digits, `.` and `,` only: other scripts' digits and separators become these, spaces
/// and apostrophes go. Everything else is named as what it is.
fn normalise(text: &str) -> Result<Vec<char>, TypedAmountError> {
    let mut number = Vec::with_capacity(text.len());
    let mut stranger = None;
    for c in text.chars() {
        match c {
            '.' | ',' => number.push(c),
            '٫' => number.push(','),
            '．' => number.push('.'),
            '\'' | '’' | '٬' | '_' => {}
            c if c.is_whitespace() => {}
            c => match ascii_digit(c) {
                Some(digit) => number.push(digit),
                None => stranger = stranger.or(Some(c)),
            },
        }
    }
    let has_digit = number.iter().any(char::is_ascii_digit);
    match stranger {
        None if has_digit => Ok(number),
        None if number.is_empty() => Err(TypedAmountError::Empty),
        Some('+' | '-' | '−' | '–' | '﹣' | '－' | '＋') if has_digit => {
            Err(TypedAmountError::Sign)
        }
        Some('e' | 'E') if has_digit && is_exponent(text) => Err(TypedAmountError::Exponent),
        _ => Err(TypedAmountError::NotANumber),
    }
}

fn is_exponent(text: &str) -> bool {
    let numeric = |part: &str| {
        part.chars().any(|c| c.is_ascii_digit())
            && part.chars().all(|c| c.is_ascii_digit() || "+-., ".contains(c))
    };
    text.split_once(['e', 'E']).is_some_and(|(base, power)| numeric(base) && numeric(power))
}

/// The digit's value in ASCII, for the scripts whose zero is listed.
fn ascii_digit(c: char) -> Option<char> {
    // Arabic-Indic, Persian, Devanagari, Bengali, Gurmukhi, Gujarati, Tamil, Thai, Burmese,
    // Khmer, N'Ko and full-width digits.
    const ZEROS: [char; 13] = ['0', '٠', '۰', '०', '০', '੦', '૦', '௦', '๐', '၀', '០', '߀', '０'];
    ZEROS.iter().find_map(|&zero| {
        let value = u32::from(c).checked_sub(u32::from(zero))?;
        char::from_digit(value, 10)
    })
}

/// `1234,5` or `1,234`: a decimal sign, or a grouping sign, or possibly either.
fn one_separator(
    number: &[char],
    decimals: usize,
    style: NumberStyle,
) -> Result<MinorUnits, TypedAmountError> {
    let (whole, separator, fraction) = split_last(number);
    if fraction.len() != 3 || !is_leading_group(whole) {
        return amount(whole, fraction, decimals);
    }
    let is_grouping = separator == style.grouping;
    match (decimals, is_grouping) {
        // `1,234` on an English page: three decimals do not exist here, so it is a group.
        (0..=2, true) => amount(number_without(number, separator).as_slice(), &[], decimals),
        // `1.250` dinars on an English page: exactly the currency's own form.
        (3.., false) => amount(whole, fraction, decimals),
        _ => {
            let grouped = amount(number_without(number, separator).as_slice(), &[], decimals)?;
            let kept = fraction.get(..decimals.min(3)).unwrap_or(fraction);
            let decimal = amount(whole, kept, decimals)?;
            Err(TypedAmountError::TwoReadings { grouped, decimal })
        }
    }
}

/// `1,234.50`, `1.234.567`: the last separator is the decimal sign if it stands only once and
/// differs from the ones before it; the others must group properly.
fn several_separators(number: &[char], decimals: usize) -> Result<MinorUnits, TypedAmountError> {
    let (whole, last, fraction) = split_last(number);
    let other = if last == '.' { ',' } else { '.' };
    if !whole.contains(&last) {
        return match is_grouped(whole, other) {
            true => amount(&number_without(whole, other), fraction, decimals),
            false => Err(TypedAmountError::NotANumber),
        };
    }
    if whole.contains(&other) || !is_grouped(number, last) {
        return Err(TypedAmountError::NotANumber);
    }
    amount(&number_without(number, last), &[], decimals)
}

fn split_last(number: &[char]) -> (&[char], char, &[char]) {
    match number.iter().rposition(|c| !c.is_ascii_digit()) {
        Some(at) => {
            let (whole, rest) = number.split_at(at);
            let separator = rest.first().copied().unwrap_or('.');
            (whole, separator, rest.get(1..).unwrap_or(&[]))
        }
        None => (number, '.', &[]),
    }
}

fn number_without(number: &[char], separator: char) -> Vec<char> {
    number.iter().copied().filter(|c| *c != separator).collect()
}

/// One to three digits that do not start with a zero: what may stand before a grouping sign.
fn is_leading_group(digits: &[char]) -> bool {
    (1..=3).contains(&digits.len()) && digits.first() != Some(&'0')
}

/// Groups of three, or the Indian way: two digits each before a last group of three.
fn is_grouped(number: &[char], separator: char) -> bool {
    let groups: Vec<&[char]> = number.split(|c| *c == separator).collect();
    let Some((first, rest)) = groups.split_first() else { return false };
    let Some((last, middle)) = rest.split_last() else { return false };
    let western = middle.iter().all(|group| group.len() == 3);
    let indian = first.len() <= 2 && middle.iter().all(|group| group.len() == 2);
    is_leading_group(first) && last.len() == 3 && (western || indian)
}

/// Whole and fraction digits as minor units; no more decimals than the currency has.
fn amount(
    whole: &[char],
    fraction: &[char],
    decimals: usize,
) -> Result<MinorUnits, TypedAmountError> {
    if fraction.len() > decimals {
        let allowed = u32::try_from(decimals).unwrap_or(0);
        return Err(TypedAmountError::TooManyDecimals { allowed });
    }
    let padding = std::iter::repeat_n(&'0', decimals.saturating_sub(fraction.len()));
    let digits: String = whole.iter().chain(fraction).chain(padding).collect();
    if digits.is_empty() {
        return Err(TypedAmountError::NotANumber);
    }
    digits.parse().map(MinorUnits::new).map_err(|_| TypedAmountError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::TypedAmountError::*;
    use super::*;

    fn read(text: &str, code: &str) -> Result<i64, TypedAmountError> {
        let currency = Currency::parse(code).unwrap();
        parse_typed_amount(text, currency, NumberStyle::ENGLISH).map(MinorUnits::get)
    }

    #[test]
    fn what_people_type_is_read_as_they_mean_it() {
        for (text, expected) in [
            ("45", 4_500),
            ("45.5", 4_550),
            ("45,50", 4_550),
            ("$45.50", 4_550),
            ("USD 45.50", 4_550),
            ("usd45.50", 4_550),
            ("45.50 USD", 4_550),
            ("45.50$", 4_550),
            ("1,234.50", 123_450),
            ("1.234,50", 123_450),
            ("1 234,50", 123_450),
            ("1\u{202f}234,50", 123_450),
            ("1'234.50", 123_450),
            ("1’234.50", 123_450),
            ("٤٥٫٥٠", 4_550),
            ("۴۵", 4_500),
            ("४५.५", 4_550),
            ("４５．５０", 4_550),
            ("  4 5 ", 4_500),
            ("1,234", 123_400),
            ("1,234,567", 123_456_700),
            ("1.234.567", 123_456_700),
            ("1,23,456.00", 12_345_600),
            ("0", 0),
            (".5", 50),
            ("45.", 4_500),
            ("0045", 4_500),
            ("$1,000", 100_000),
        ] {
            assert_eq!(read(text, "USD"), Ok(expected), "{text:?}");
        }
        assert_eq!(read("$45", "CAD"), Ok(4_500));
        assert_eq!(read("৪৫", "USD"), Ok(4_500));
        assert_eq!(read("4500", "JPY"), Ok(4_500));
        assert_eq!(read("4,500", "JPY"), Ok(4_500));
        assert_eq!(read("1.250", "KWD"), Ok(1_250));
        assert_eq!(read("1.25", "KWD"), Ok(1_250));
    }

    #[test]
    fn what_cannot_be_read_surely_is_its_own_error() {
        for (text, expected) in [
            ("", Empty),
            ("   ", Empty),
            ("$", Empty),
            ("abc", NotANumber),
            ("12a", NotANumber),
            (".", NotANumber),
            ("-", NotANumber),
            ("+", NotANumber),
            ("1e", NotANumber),
            ("e5", NotANumber),
            ("123,45,678", NotANumber),
            ("1,2,345", NotANumber),
            ("-5", Sign),
            ("−5", Sign),
            ("+5", Sign),
            ("-0", Sign),
            ("5-", Sign),
            ("1e2", Exponent),
            ("1E5", Exponent),
            ("€45", OtherCurrency),
            ("£5", OtherCurrency),
            ("$$5", OtherCurrency),
            ("EUR 5", NotANumber),
            ("12.345.6", NotANumber),
            ("1,2,3", NotANumber),
            ("1.2.3", NotANumber),
            ("1,234.5.6", NotANumber),
            ("(45)", NotANumber),
            ("12345.678", TooManyDecimals { allowed: 2 }),
            ("0.123", TooManyDecimals { allowed: 2 }),
            ("1.2345", TooManyDecimals { allowed: 2 }),
            ("99999999999999999999", TooLarge),
            ("92233720368547758.08", TooLarge),
            ("NaN", NotANumber),
            ("inf", NotANumber),
            ("½", NotANumber),
            ("45\u{0}", NotANumber),
        ] {
            assert_eq!(read(text, "USD"), Err(expected), "{text:?}");
        }
        assert_eq!(read("45.5", "JPY"), Err(TooManyDecimals { allowed: 0 }));
    }

    #[test]
    fn one_separator_before_three_digits_is_asked_about_unless_the_page_settles_it() {
        let two = |grouped, decimal| {
            let (grouped, decimal) = (MinorUnits::new(grouped), MinorUnits::new(decimal));
            Err(TwoReadings { grouped, decimal })
        };
        assert_eq!(read("1.234", "USD"), two(123_400, 123));
        assert_eq!(read("1,234", "KWD"), two(1_234_000, 1_234));
        assert_eq!(read("1.234", "JPY"), two(1_234, 1));
        let usd = Currency::USD;
        let continental = |text| parse_typed_amount(text, usd, NumberStyle::CONTINENTAL);
        assert_eq!(continental("1.234"), Ok(MinorUnits::new(123_400)));
        assert!(matches!(continental("1,234"), Err(TwoReadings { .. })));
    }

    #[test]
    fn what_is_shown_can_be_typed_again() {
        for amount in [0, 5, 99, 100, 123_450, 100_000_000, i64::MAX] {
            let shown =
                crate::money::Money::new(MinorUnits::new(amount), Currency::USD).to_string();
            assert_eq!(read(&shown, "USD"), Ok(amount), "{shown}");
        }
    }
}
