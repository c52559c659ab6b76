//! What the gateway can be asked for. It counts a few currencies by other units than ISO 4217,
//! where our number would collect a hundredth or the hundredfold; those are refused.

use receivables::money::{MinorUnits, Money};
use thiserror::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotAskable {
    #[error("the gateway counts this currency by other units")]
    Currency,
    /// The nearest amounts that it takes.
    #[error("in a currency of three decimals the gateway takes only amounts that end in a zero")]
    LastDigit { lower: MinorUnits, upper: MinorUnits },
}

/// The krona and the shilling have no decimals in ISO 4217 and two at the gateway, the ariary
/// the other way round.
const COUNTED_OTHERWISE: [&str; 3] = ["ISK", "UGX", "MGA"];

pub fn askable(money: Money) -> Result<(), NotAskable> {
    if COUNTED_OTHERWISE.contains(&money.currency.code()) {
        return Err(NotAskable::Currency);
    }
    let amount = money.amount.get();
    let last_digit = amount.rem_euclid(10);
    if money.currency.exponent() < 3 || last_digit == 0 {
        return Ok(());
    }
    let lower = amount.saturating_sub(last_digit);
    let upper = lower.saturating_add(10);
    Err(NotAskable::LastDigit { lower: MinorUnits::new(lower), upper: MinorUnits::new(upper) })
}

#[cfg(test)]
mod tests {
    use receivables::money::Currency;

    use super::*;

    fn money(amount: i64, code: &str) -> Money {
        Money::new(MinorUnits::new(amount), Currency::parse(code).unwrap())
    }

    #[test]
    fn amounts_are_asked_for_only_where_the_gateway_counts_as_we_do() {
        for (amount, code) in [(1, "USD"), (501, "JPY"), (1_230, "KWD"), (-1_230, "KWD")] {
            assert_eq!(askable(money(amount, code)), Ok(()), "{amount} {code}");
        }
        for code in COUNTED_OTHERWISE {
            assert_eq!(askable(money(500, code)), Err(NotAskable::Currency), "{code}");
        }
        let (lower, upper) = (MinorUnits::new(1_230), MinorUnits::new(1_240));
        assert_eq!(askable(money(1_234, "KWD")), Err(NotAskable::LastDigit { lower, upper }));
        assert!(askable(money(i64::MIN, "KWD")).is_err());
        assert!(askable(money(i64::MAX, "KWD")).is_err());
    }
}
