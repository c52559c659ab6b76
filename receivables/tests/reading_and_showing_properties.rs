//! Amounts typed and shown, and part payments shown against the lines of a bill.

#[path = "support/how_many.rs"]
mod how_many;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use how_many::many;
use receivables::bill::{BillLine, paid_by_line};
use receivables::money::{Currency, MinorUnits, Money};
use receivables::typed_amount::{NumberStyle, TypedAmountError, parse_typed_amount};

fn currency() -> impl Strategy<Value = Currency> {
    select(vec!["USD", "EUR", "GBP", "CAD", "INR", "JPY", "KRW", "KWD", "TND"])
        .prop_filter_map("listed", |code| Currency::parse(code).ok())
}

fn line(amount: i64) -> BillLine {
    BillLine {
        description: String::new(),
        quantity: "1".into(),
        unit_price: MinorUnits::new(amount),
        discount: MinorUnits::ZERO,
        tax_rate: "0".into(),
        tax: MinorUnits::ZERO,
        amount: MinorUnits::new(amount),
    }
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn whatever_is_typed_ends_in_an_amount_or_a_named_error(
        text in prop_oneof!["\\PC{0,12}", "[0-9., '$€+eE-]{0,12}", ".{0,8}"],
        currency in currency(),
        style in select(vec![NumberStyle::ENGLISH, NumberStyle::CONTINENTAL]),
    ) {
        if let Ok(amount) = parse_typed_amount(&text, currency, style) {
            prop_assert!(amount.get() >= 0);
            prop_assert!(text.chars().any(char::is_numeric), "{text:?}");
        }
    }

    #[test]
    fn every_amount_shown_is_read_back_as_itself(
        amount in prop_oneof![0..10_000_000_i64, 0..=i64::MAX],
        currency in currency(),
    ) {
        let shown = Money::new(MinorUnits::new(amount), currency).to_string();
        let read = parse_typed_amount(&shown, currency, NumberStyle::ENGLISH);
        prop_assert_eq!(read, Ok(MinorUnits::new(amount)), "{}", shown);
    }

    #[test]
    fn decimals_that_the_currency_does_not_have_are_never_rounded_away(
        whole in 1_000..1_000_000_i64,
        fraction in "[0-9]{1,6}",
        currency in currency(),
        sign in select(vec![".", ","]),
    ) {
        let read =
            parse_typed_amount(&format!("{whole}{sign}{fraction}"), currency, NumberStyle::ENGLISH);
        let decimals = currency.exponent() as usize;
        if fraction.len() > decimals {
            let allowed = currency.exponent();
            prop_assert_eq!(read, Err(TypedAmountError::TooManyDecimals { allowed }));
        } else {
            let digits = format!("{whole}{fraction:0<decimals$}");
            prop_assert_eq!(read.map(MinorUnits::get), Ok(digits.parse::<i64>().unwrap()));
        }
    }

    #[test]
    fn lines_of_a_bill_are_settled_to_the_unit_and_none_above_its_amount(
        amounts in vec(prop_oneof![0..5_i64, 0..50_000_i64], 1..8),
        hundredths in 0..=100_i64,
    ) {
        let total: i64 = amounts.iter().sum();
        let paid = total * hundredths / 100;
        let lines: Vec<BillLine> = amounts.iter().map(|amount| line(*amount)).collect();
        let shares = paid_by_line(&lines, MinorUnits::new(total), MinorUnits::new(paid));
        prop_assert_eq!(shares.iter().map(|share| share.get()).sum::<i64>(), paid);
        for (share, amount) in shares.iter().zip(&amounts) {
            prop_assert!((0..=*amount).contains(&share.get()), "{:?} of {:?}", shares, amounts);
        }
        if paid == total {
            prop_assert_eq!(shares.iter().map(|share| share.get()).collect::<Vec<_>>(), amounts);
        }
    }
}
