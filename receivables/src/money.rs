//! Money: an integer number of minor units beside its currency.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An amount counted in the smallest unit of its currency: cents, yen, fils.
///
/// The currency stands beside it ([`Money`], or the account's own). There is no `+`: sums are
/// [`checked_add`](Self::checked_add) so that an overflow is an error, never a wrong balance.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = i64))]
pub struct MinorUnits(i64);

/// The sum of two amounts, or their difference, is outside what can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the sum is too large to be counted")]
pub struct AmountOverflow;

impl MinorUnits {
    pub const ZERO: Self = Self(0);
    pub const MAX: Self = Self(i64::MAX);

    pub const fn new(minor_units: i64) -> Self {
        Self(minor_units)
    }

    pub const fn get(self) -> i64 {
        self.0
    }

    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub fn checked_add(self, other: Self) -> Result<Self, AmountOverflow> {
        self.0.checked_add(other.0).map(Self).ok_or(AmountOverflow)
    }

    pub fn checked_sub(self, other: Self) -> Result<Self, AmountOverflow> {
        self.0.checked_sub(other.0).map(Self).ok_or(AmountOverflow)
    }

    /// `self − other`, but never below zero.
    pub fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0).max(0))
    }

    /// `self + other`, held at the largest countable amount. For limits and totals that are
    /// only compared, never posted.
    pub fn plus_at_most_max(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The checked sum of many amounts.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, AmountOverflow> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }
}

/// An ISO 4217 currency.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not an ISO 4217 currency code")]
pub struct UnknownCurrency;

/// Active ISO 4217 codes by the number of decimals of their minor unit. `receivables` carries
/// its own list because a name table would double the weight of the browser's module; a test
/// compares it with the `iso_currency` crate.
const DECIMALS_0: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
const DECIMALS_3: &str = "BHD IQD JOD KWD LYD OMR TND";
const DECIMALS_2: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD \
BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL \
GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD \
LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK \
PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS \
TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW";

impl Currency {
    pub const USD: Self = Self(*b"USD");
    pub const EUR: Self = Self(*b"EUR");
    pub const JPY: Self = Self(*b"JPY");
    pub const KWD: Self = Self(*b"KWD");

    /// One for each count of decimals there is.
    pub const fn one_of_each_exponent() -> [Self; 3] {
        [Self::USD, Self::JPY, Self::KWD]
    }

    /// Every code with as many decimals as this one, with blanks between them.
    pub fn codes_of_same_exponent(&self) -> &'static str {
        match self.exponent() {
            0 => DECIMALS_0,
            3 => DECIMALS_3,
            _ => DECIMALS_2,
        }
    }

    /// Parses an upper-case ISO 4217 code; nothing else, so that `"eur "` never slips through.
    pub fn parse(code: &str) -> Result<Self, UnknownCurrency> {
        let listed = |list: &str| list.split(' ').any(|known| known == code);
        if !(listed(DECIMALS_2) || listed(DECIMALS_0) || listed(DECIMALS_3)) {
            return Err(UnknownCurrency);
        }
        <[u8; 3]>::try_from(code.as_bytes()).map(Self).map_err(|_| UnknownCurrency)
    }

    pub fn code(&self) -> &str {
        // The bytes come from an ASCII list, so the fallback is never taken.
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// How many decimals the minor unit has: USD 2, JPY 0, KWD 3.
    pub fn exponent(&self) -> u32 {
        let listed = |list: &str| list.split(' ').any(|known| known == self.code());
        match () {
            () if listed(DECIMALS_0) => 0,
            () if listed(DECIMALS_3) => 3,
            () => 2,
        }
    }

    /// The sign people write before the number where it is unmistakable, else the code.
    pub fn sign(&self) -> &str {
        match self.code() {
            "USD" => "$",
            "EUR" => "€",
            "GBP" => "£",
            "JPY" => "¥",
            "INR" => "₹",
            code => code,
        }
    }

    /// The name of the major unit in a question such as "How much, in dollars?".
    pub fn unit_name(&self) -> &str {
        match self.code() {
            "USD" | "AUD" | "CAD" | "NZD" | "SGD" | "HKD" => "dollars",
            "EUR" => "euros",
            "GBP" => "pounds",
            "JPY" => "yen",
            "KWD" => "dinars",
            code => code,
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;
    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::parse(code)
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&code).map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
mod schema {
    use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};
    impl utoipa::PartialSchema for super::Currency {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .pattern(Some("^[A-Z]{3}$"))
                .description(Some("ISO 4217 code, upper case"))
                .into()
        }
    }
    impl utoipa::ToSchema for super::Currency {}
}

/// An amount with its currency, as it goes over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Money {
    pub amount: MinorUnits,
    pub currency: Currency,
}

impl Money {
    pub const fn new(amount: MinorUnits, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// The number alone, as in `1,234.50`: grouped by threes, all decimals of the currency.
    pub fn number_text(&self) -> String {
        let digits = self.amount.get().unsigned_abs().to_string();
        let decimals = usize::try_from(self.currency.exponent()).unwrap_or(0);
        let padded = format!("{digits:0>width$}", width = decimals.saturating_add(1));
        let (whole, fraction) = padded.split_at(padded.len().saturating_sub(decimals));
        let mut text = String::with_capacity(padded.len().saturating_mul(2));
        if self.amount.get() < 0 {
            text.push('−');
        }
        for (place, digit) in whole.chars().enumerate() {
            let digits_to_come = whole.len().saturating_sub(place);
            if place > 0 && digits_to_come % 3 == 0 {
                text.push(',');
            }
            text.push(digit);
        }
        if decimals > 0 {
            text.push('.');
            text.push_str(fraction);
        }
        text
    }
}

/// Money as a person reads it: `$1,234.50`, `KWD 1.250`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = self.currency.sign();
        // A code is a word and takes a (no-break) space; a sign stands at the number.
        let gap = if sign.len() == 3 && sign.is_ascii() { "\u{a0}" } else { "" };
        let number = self.number_text();
        match number.strip_prefix('−') {
            Some(size) => write!(f, "−{sign}{gap}{size}"),
            None => write!(f, "{sign}{gap}{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_currencies_and_decimals_agrees_with_iso_4217() {
        let ours: Vec<&str> =
            [DECIMALS_0, DECIMALS_2, DECIMALS_3].iter().flat_map(|list| list.split(' ')).collect();
        for code in &ours {
            let theirs = iso_currency::Currency::from_code(code);
            let decimals = theirs.and_then(|c| c.exponent()).map(u32::from);
            let ours = Currency::parse(code).unwrap().exponent();
            // The krone's fils and the like: where the crate knows the code, it must agree.
            assert_eq!(decimals, Some(ours), "{code}");
        }
        assert!(ours.len() > 150, "{}", ours.len());
    }

    #[test]
    fn money_is_shown_with_all_decimals_of_its_currency() {
        let show = |amount, code: &str| {
            Money::new(MinorUnits::new(amount), Currency::parse(code).unwrap()).to_string()
        };
        assert_eq!(show(123_450, "USD"), "$1,234.50");
        assert_eq!(show(5, "USD"), "$0.05");
        assert_eq!(show(0, "USD"), "$0.00");
        assert_eq!(show(1_000_000, "JPY"), "¥1,000,000");
        assert_eq!(show(1_250, "KWD"), "KWD\u{a0}1.250");
        assert_eq!(show(-4_000, "EUR"), "−€40.00");
        assert_eq!(show(i64::MIN, "USD"), "−$92,233,720,368,547,758.08");
    }

    #[test]
    fn only_an_exact_upper_case_iso_code_is_a_currency() {
        for wrong in ["eur", "eur ", "€", "XXX", "BTC", "", "USDX", "US D", "USD EUR"] {
            assert_eq!(Currency::parse(wrong), Err(UnknownCurrency), "{wrong:?}");
        }
    }

    #[test]
    fn a_sum_that_cannot_be_counted_is_an_error() {
        assert_eq!(MinorUnits::MAX.checked_add(MinorUnits::new(1)), Err(AmountOverflow));
        assert_eq!(MinorUnits::sum([MinorUnits::MAX, MinorUnits::MAX]), Err(AmountOverflow));
    }
}
