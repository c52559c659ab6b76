//! Refusals in words: the sentence beside the field, the same in the browser and in a problem
//! document of the server.

use super::{Language, Message, say};
use crate::allocation::{AmountRefusal, DirectionRefusal, PreviewRefusal};
use crate::ids::BillId;
use crate::money::{Currency, MinorUnits, Money};
use crate::open_item::OpenItem;
use crate::typed_amount::TypedAmountError;

/// Looks bills' numbers up among `items`, for the sentences that name a bill.
pub fn bill_numbers(items: &[OpenItem]) -> impl Fn(BillId) -> Option<String> + '_ {
    |id| items.iter().find(|item| item.bill_id == id).map(|item| item.bill_number.clone())
}

/// What to say of a refused preview; `bill_number` tells a bill's number, where it is known.
pub fn preview_refusal(
    language: Language,
    refusal: &PreviewRefusal,
    currency: Currency,
    bill_number: impl Fn(BillId) -> Option<String>,
) -> String {
    match refusal {
        PreviewRefusal::Amount(refusal) => amount_refusal(language, refusal, currency, bill_number),
        PreviewRefusal::Direction(refusal) => {
            direction_refusal(language, refusal, currency, bill_number)
        }
    }
}

pub fn amount_refusal(
    language: Language,
    refusal: &AmountRefusal,
    currency: Currency,
    bill_number: impl Fn(BillId) -> Option<String>,
) -> String {
    let money = |amount: MinorUnits| Money::new(amount, currency).to_string();
    match *refusal {
        AmountRefusal::TooSmall { smallest, available } => {
            let message = if smallest == available {
                Message::AmountTooSmallPayAll
            } else {
                Message::AmountTooSmall
            };
            say(language, message, &[("smallest", &money(smallest))])
        }
        AmountRefusal::TooLarge { largest } => {
            say(language, Message::AmountTooLarge, &[("largest", &money(largest))])
        }
        AmountRefusal::MoreThanOwed { available } => {
            say(language, Message::AmountMoreThanOwed, &[("available", &money(available))])
        }
        AmountRefusal::RestTooSmall { rest, lower, upper } => {
            let message = match (lower, upper) {
                (Some(_), Some(_)) => Message::AmountRestTooSmall,
                (None, Some(_)) => Message::AmountRestTooSmallPayAll,
                (Some(_), None) => Message::AmountRestTooSmallPayLess,
                (None, None) => Message::AmountRestTooSmallPayOther,
            };
            let (lower, upper) = (lower.map(money), upper.map(money));
            let lower = ("lower", lower.as_deref().unwrap_or_default());
            let upper = ("upper", upper.as_deref().unwrap_or_default());
            say(language, message, &[("rest", &money(rest)), lower, upper])
        }
        AmountRefusal::PartNotAccepted { bill_id, smallest } => {
            let bill = number_of(bill_id, bill_number);
            let places = [("bill", bill.as_str()), ("smallest", &money(smallest))];
            say(language, Message::AmountPartNotAccepted, &places)
        }
        AmountRefusal::NothingToPay => say(language, Message::NothingToPay, &[]),
        AmountRefusal::BalanceTooSmall { available, smallest } => {
            let (available, smallest) = (money(available), money(smallest));
            let places = [("available", available.as_str()), ("smallest", &smallest)];
            say(language, Message::BalanceTooSmall, &places)
        }
    }
}

pub fn direction_refusal(
    language: Language,
    refusal: &DirectionRefusal,
    currency: Currency,
    bill_number: impl Fn(BillId) -> Option<String>,
) -> String {
    let message = match refusal {
        DirectionRefusal::SwitchedOff => Message::DirectionSwitchedOff,
        DirectionRefusal::BillNamedTwice { .. } => Message::DirectionBillNamedTwice,
        DirectionRefusal::TooManyBills => Message::DirectionTooManyBills,
        DirectionRefusal::BillNotPayable { .. } => Message::DirectionBillNotPayable,
        DirectionRefusal::NotPositive { .. } => Message::DirectionNotPositive,
        DirectionRefusal::MoreThanAvailable { .. } => Message::DirectionMoreThanAvailable,
        DirectionRefusal::MoreThanPayment { .. } => Message::DirectionMoreThanPayment,
    };
    let bill = refusal.bill_id().map(|id| number_of(id, bill_number)).unwrap_or_default();
    let available = match *refusal {
        DirectionRefusal::MoreThanAvailable { available, .. } => available,
        _ => MinorUnits::ZERO,
    };
    let available = Money::new(available, currency).to_string();
    say(language, message, &[("bill", &bill), ("available", &available)])
}

/// What to say of an amount that cannot be read; `typed` is what stands in the field.
pub fn typed_amount_error(
    language: Language,
    error: &TypedAmountError,
    typed: &str,
    currency: Currency,
) -> String {
    let plain = |amount: MinorUnits| Money::new(amount, currency).number_text().replace(',', "");
    let whole_numbers = currency.exponent() == 0;
    let unit = currency.unit_name();
    match *error {
        TypedAmountError::Empty => say(language, Message::AmountEmpty, &[]),
        TypedAmountError::NotANumber | TypedAmountError::TooManyDecimals { .. }
            if whole_numbers =>
        {
            say(language, Message::AmountWholeNumber, &[("unit", unit)])
        }
        TypedAmountError::NotANumber => say(language, Message::AmountNotANumber, &[]),
        TypedAmountError::TooManyDecimals { allowed } => {
            let places = [("decimals", allowed.to_string()), ("example", example(currency))];
            let places = places.each_ref().map(|(name, value)| (*name, value.as_str()));
            say(language, Message::AmountTooManyDecimals, &places)
        }
        TypedAmountError::Sign => {
            say(language, Message::AmountSign, &[("example", &example(currency))])
        }
        TypedAmountError::Exponent => {
            say(language, Message::AmountExponent, &[("example", &example(currency))])
        }
        TypedAmountError::OtherCurrency => {
            say(language, Message::AmountOtherCurrency, &[("unit", unit)])
        }
        TypedAmountError::TwoReadings { grouped, decimal } => {
            let (grouped, decimal) = (plain(grouped), plain(decimal));
            // What was typed goes in last: it may hold anything, even the name of a place.
            let places = [("grouped", grouped.as_str()), ("decimal", &decimal), ("typed", typed)];
            say(language, Message::AmountTwoReadings, &places)
        }
        TypedAmountError::TooLarge => say(language, Message::AmountTooLargeToCount, &[]),
    }
}

/// An amount as one would type it, with the decimals of the currency: `45.50`, `4500`, `45.500`.
fn example(currency: Currency) -> String {
    let ten_to_the_decimals = 10_i64.saturating_pow(currency.exponent());
    let amount = match currency.exponent() {
        0 => 4_500,
        _ => ten_to_the_decimals.saturating_mul(455).saturating_div(10),
    };
    Money::new(MinorUnits::new(amount), currency).number_text().replace(',', "")
}

/// The bill's number, or its id where nobody knows the number.
fn number_of(bill_id: BillId, bill_number: impl Fn(BillId) -> Option<String>) -> String {
    bill_number(bill_id).unwrap_or_else(|| bill_id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EN: Language = Language::EnglishUs;

    fn units(amount: i64) -> MinorUnits {
        MinorUnits::new(amount)
    }

    fn bill() -> BillId {
        BillId::from_parts(1, &[0; 10])
    }

    fn amount(refusal: AmountRefusal) -> String {
        amount_refusal(EN, &refusal, Currency::USD, |_| Some("2026-09".into()))
    }

    #[test]
    fn a_refused_amount_says_what_to_pay_instead() {
        use AmountRefusal::*;
        let (lower, upper) = (Some(units(4_470)), Some(units(4_520)));
        let rest = units(20);
        for (refusal, words) in [
            (
                TooSmall { smallest: units(500), available: units(15_500) },
                "Amount must be $5.00 or more",
            ),
            (
                TooSmall { smallest: units(320), available: units(320) },
                "Amount must be $3.20 or more. To pay all of a smaller balance, choose \"All you owe\"",
            ),
            (TooLarge { largest: units(1_000_000) }, "Amount must be $10,000.00 or less"),
            (
                MoreThanOwed { available: units(15_500) },
                "Amount must be $155.00 or less, which is all you owe",
            ),
            (
                RestTooSmall { rest, lower, upper },
                "This would leave $0.20, less than a card payment allows. Pay $45.20 to finish, \
                 or $44.70 or less",
            ),
            (
                RestTooSmall { rest, lower: None, upper },
                "This would leave $0.20, less than a card payment allows. Pay $45.20 to finish",
            ),
            (
                RestTooSmall { rest, lower, upper: None },
                "This would leave $0.20, less than a card payment allows. Pay $44.70 or less",
            ),
            (
                RestTooSmall { rest, lower: None, upper: None },
                "This would leave $0.20, less than a card payment allows. Enter another amount",
            ),
            (
                PartNotAccepted { bill_id: bill(), smallest: units(3_000) },
                "Bill 2026-09 takes $30.00 or more. Change the amount so that it gets that much, \
                 or none",
            ),
            (NothingToPay, "Nothing is left to pay"),
            (
                BalanceTooSmall { available: units(20), smallest: units(50) },
                "You owe $0.20. A card payment must be $0.50 or more, so it has to be paid \
                 another way",
            ),
        ] {
            assert_eq!(amount(refusal), words);
        }
    }

    #[test]
    fn a_refused_direction_names_the_bill_by_its_number() {
        use DirectionRefusal::*;
        let bill_id = bill();
        for (refusal, words) in [
            (SwitchedOff, "Payments go to the oldest bill first"),
            (BillNamedTwice { bill_id }, "Choose each bill once"),
            (TooManyBills, "Choose 100 bills or fewer"),
            (BillNotPayable { bill_id }, "Bill 2026-09 takes no payment now"),
            (NotPositive { bill_id }, "Enter how much to pay on bill 2026-09"),
            (
                MoreThanAvailable { bill_id, available: units(3_000) },
                "Amount for bill 2026-09 must be $30.00 or less, which is all that is left on it",
            ),
            (
                MoreThanPayment { directed: units(9_000) },
                "The amounts for your chosen bills come to more than you pay",
            ),
        ] {
            let said =
                direction_refusal(EN, &refusal, Currency::USD, |_| Some("2026-09".to_owned()));
            assert_eq!(said, words);
        }
        let unknown = BillNotPayable { bill_id };
        let said = direction_refusal(EN, &unknown, Currency::USD, |_| None);
        assert_eq!(said, format!("Bill {bill_id} takes no payment now"));
    }

    #[test]
    fn an_amount_that_cannot_be_read_says_how_to_write_it() {
        let read = |typed: &str, code: &str| {
            let currency = Currency::parse(code).unwrap();
            let style = EN.number_style();
            let error = crate::typed_amount::parse_typed_amount(typed, currency, style);
            typed_amount_error(EN, &error.unwrap_err(), typed, currency)
        };
        for (typed, code, words) in [
            ("", "USD", "Enter how much you want to pay"),
            ("abc", "USD", "Amount must be a number, like 45 or 45.50"),
            ("abc", "JPY", "Amount must be a whole number of yen, like 4500"),
            ("45.5", "JPY", "Amount must be a whole number of yen, like 4500"),
            ("0.123", "USD", "Amount must have no more than 2 decimal places, like 45.50"),
            ("0.1234", "KWD", "Amount must have no more than 3 decimal places, like 45.500"),
            ("1.234", "USD", "We read 1.234 in two ways. Enter 1234.00 or 1.23"),
            ("-5", "USD", "Amount must be without a plus or minus sign, like 45.50"),
            ("1e3", "USD", "Amount must be in plain digits, like 45.50"),
            ("1e3", "JPY", "Amount must be in plain digits, like 4500"),
            ("€45", "USD", "Amount must be in dollars"),
            ("99999999999999999999", "USD", "Amount must be a smaller number"),
        ] {
            assert_eq!(read(typed, code), words, "{typed:?} {code}");
        }
    }

    #[test]
    fn a_bill_is_named_by_its_number_among_the_items() {
        let item = OpenItem {
            bill_id: bill(),
            bill_number: "2026-09".into(),
            issued_on: crate::calendar::CivilDate::parse("2026-09-30").unwrap(),
            due_on: None,
            total: units(3_000),
            open: units(3_000),
            in_flight: MinorUnits::ZERO,
            standing: crate::open_item::Standing::Issued,
            part_payment: crate::open_item::PartPayment::Never,
        };
        let refusal = AmountRefusal::PartNotAccepted { bill_id: bill(), smallest: units(3_000) };
        let items = [item];
        let said = preview_refusal(EN, &refusal.into(), Currency::USD, bill_numbers(&items));
        assert!(said.starts_with("Bill 2026-09 takes $30.00 or more."), "{said}");
    }
}
