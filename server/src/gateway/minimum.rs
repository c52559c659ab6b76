//! The least the gateway collects in one payment, by currency.
//!
//! It publishes amounts for the currencies it pays out in; for the others it says "0.50 US
//! dollars or as much". What that is moves with the rates, so of the currencies whose half a unit
//! is far below it, those without decimals and those with three are listed with an amount of
//! ours that leaves room; a biller sets others, or newer ones, in the settings.

use receivables::money::{Currency, MinorUnits};

/// As published, in minor units; read on 22 November 2026.
const PUBLISHED: [(&str, i64); 31] = [
    ("AED", 200),
    ("ARS", 50),
    ("AUD", 50),
    ("BRL", 50),
    ("CAD", 50),
    ("CHF", 50),
    ("COP", 50),
    ("CZK", 1_500),
    ("DKK", 250),
    ("EUR", 50),
    ("GBP", 30),
    ("HKD", 400),
    ("HUF", 17_500),
    ("IDR", 50),
    ("ILS", 50),
    ("INR", 50),
    ("JPY", 50),
    ("KRW", 50),
    ("MXN", 1_000),
    ("MYR", 200),
    ("NOK", 300),
    ("NZD", 50),
    ("PHP", 50),
    ("PLN", 200),
    ("RON", 200),
    ("RUB", 50),
    ("SEK", 300),
    ("SGD", 50),
    ("THB", 1_000),
    ("USD", 50),
    ("ZAR", 50),
];

/// About half a US dollar and some room, where nothing is published. With three decimals the
/// gateway takes only amounts that end in a zero.
const ESTIMATED: [(&str, i64); 17] = [
    ("BHD", 250),
    ("BIF", 2_000),
    ("CLP", 600),
    ("DJF", 100),
    ("GNF", 5_000),
    ("JOD", 400),
    ("KMF", 300),
    ("KWD", 200),
    ("OMR", 250),
    ("PYG", 5_000),
    ("RWF", 900),
    ("TND", 2_000),
    ("VND", 15_000),
    ("VUV", 75),
    ("XAF", 350),
    ("XOF", 350),
    ("XPF", 70),
];

/// What no payment and no rest of one may be below, unless the settings say otherwise.
pub fn smallest_charge(currency: Currency) -> MinorUnits {
    let listed = PUBLISHED.iter().chain(&ESTIMATED).find(|(code, _)| *code == currency.code());
    let otherwise = if currency.exponent() == 3 { 500 } else { 50 };
    MinorUnits::new(listed.map_or(otherwise, |(_, amount)| *amount))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::{NotAskable, askable};
    use receivables::money::Money;

    #[test]
    fn every_currency_has_a_smallest_charge_that_can_be_asked_for() {
        for (code, shown) in [
            ("USD", "$0.50"),
            ("EUR", "€0.50"),
            ("GBP", "£0.30"),
            ("CZK", "CZK\u{a0}15.00"),
            ("HUF", "HUF\u{a0}175.00"),
            ("MXN", "MXN\u{a0}10.00"),
            ("SEK", "SEK\u{a0}3.00"),
            // No decimals: a yen is no cent.
            ("JPY", "¥50"),
            ("KRW", "KRW\u{a0}50"),
            ("CLP", "CLP\u{a0}600"),
            ("VND", "VND\u{a0}15,000"),
            // Three decimals.
            ("KWD", "KWD\u{a0}0.200"),
            ("TND", "TND\u{a0}2.000"),
            ("LYD", "LYD\u{a0}0.500"),
            // Nothing known: half a unit.
            ("TRY", "TRY\u{a0}0.50"),
        ] {
            let currency = Currency::parse(code).unwrap();
            let smallest = Money::new(smallest_charge(currency), currency);
            assert_eq!(smallest.to_string(), shown);
            assert_eq!(askable(smallest), Ok(()), "{code}");
        }
    }

    #[test]
    fn what_is_listed_is_a_currency_listed_once_and_takes_the_gateways_last_digit() {
        let all: Vec<_> = PUBLISHED.iter().chain(&ESTIMATED).collect();
        for (code, amount) in &all {
            let currency = Currency::parse(code).unwrap();
            let money = Money::new(MinorUnits::new(*amount), currency);
            assert!(*amount > 0, "{code}");
            assert!(!matches!(askable(money), Err(NotAskable::LastDigit { .. })), "{code}");
            assert_eq!(all.iter().filter(|(other, _)| other == code).count(), 1, "{code}");
        }
    }
}
