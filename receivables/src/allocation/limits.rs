//! Limits: which amounts a payer may start a payment with. Never applied to money received.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{AllocationLine, AllocationOrder};
use crate::ids::BillId;
use crate::money::MinorUnits;
use crate::open_item::{OpenItem, PartPayment};

/// What happens to more than all that is available.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Overpayment {
    #[default]
    Refuse,
    /// It becomes credit on account.
    Credit,
}

/// The biller's rules for payments on one account. Amounts in minor units of its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentRules {
    pub order: AllocationOrder,
    pub overpayment: Overpayment,
    /// May the payer direct the payment to bills of their choice?
    pub directions: bool,
    /// The biller's smallest payment. A smaller balance may still be paid whole.
    pub smallest_payment: MinorUnits,
    /// The gateway's own smallest charge; nothing below it can ever be paid online.
    pub gateway_minimum: MinorUnits,
    pub largest_payment: MinorUnits,
}

/// Why an amount cannot be paid online. Each carries what the payer needs to choose another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AmountRefusal {
    /// Where `smallest == available`, only the whole balance can be paid.
    #[error("the amount is not more than zero, or below the smallest payment")]
    TooSmall { smallest: MinorUnits, available: MinorUnits },
    #[error("the amount is above the largest payment")]
    TooLarge { largest: MinorUnits },
    #[error("the amount is more than all that is left to pay")]
    MoreThanOwed { available: MinorUnits },
    /// The nearest amounts that work stand beside it: [`check_amount`] names both, and
    /// [`preview`](super::preview) tries them and keeps those that can be paid.
    #[error("the payment would leave a rest too small to be paid online")]
    RestTooSmall {
        rest: MinorUnits,
        /// The nearest smaller amount.
        lower: Option<MinorUnits>,
        /// All that is owed.
        upper: Option<MinorUnits>,
    },
    #[error("a bill may only be paid whole, or with a larger part")]
    PartNotAccepted { bill_id: BillId, smallest: MinorUnits },
    #[error("nothing is left to pay")]
    NothingToPay,
    #[error("all that is left to pay is below the gateway's minimum")]
    BalanceTooSmall { available: MinorUnits, smallest: MinorUnits },
}

impl AmountRefusal {
    /// The stable name on the wire; pages match on it and never on text.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooSmall { .. } => "amount-too-small",
            Self::TooLarge { .. } => "amount-too-large",
            Self::MoreThanOwed { .. } => "exceeds-due",
            Self::RestTooSmall { .. } => "remainder-too-small",
            Self::PartNotAccepted { .. } => "part-not-accepted",
            Self::NothingToPay => "nothing-to-pay",
            Self::BalanceTooSmall { .. } => "balance-too-small",
        }
    }
}

/// May a payer pay `amount` now, split as `lines`? The first rule broken is named, in the order
/// a payer would ask: is there anything to pay, is it too little, too much, does it fit.
///
/// What this payment adds to the credit on account counts as paid: it can settle the rest.
pub fn check_amount(
    rules: &PaymentRules,
    items: &[OpenItem],
    amount: MinorUnits,
    lines: &[AllocationLine],
) -> Result<(), AmountRefusal> {
    let available =
        items.iter().fold(MinorUnits::ZERO, |sum, item| sum.plus_at_most_max(item.available()));
    let only_what_is_owed = rules.overpayment == Overpayment::Refuse;
    if available.is_zero() && only_what_is_owed {
        return Err(AmountRefusal::NothingToPay);
    }
    if available < rules.gateway_minimum && only_what_is_owed {
        return Err(AmountRefusal::BalanceTooSmall { available, smallest: rules.gateway_minimum });
    }
    let smallest = smallest_accepted(rules, available);
    if amount < smallest || !amount.is_positive() {
        return Err(AmountRefusal::TooSmall { smallest, available });
    }
    if amount > available && only_what_is_owed {
        return Err(AmountRefusal::MoreThanOwed { available });
    }
    let largest = rules.largest_payment;
    if amount > largest {
        return Err(AmountRefusal::TooLarge { largest });
    }
    let rest = available.less(amount);
    if rest.is_positive() && rest < rules.gateway_minimum {
        let lower = Some(available.less(rules.gateway_minimum));
        return Err(AmountRefusal::RestTooSmall { rest, lower, upper: Some(available) });
    }
    check_parts(items, lines)
}

/// The biller's minimum, or the whole of a smaller balance, and never under the gateway's own.
fn smallest_accepted(rules: &PaymentRules, available: MinorUnits) -> MinorUnits {
    let usual = rules.smallest_payment.max(rules.gateway_minimum);
    if available.is_positive() && available < usual {
        available.max(rules.gateway_minimum)
    } else {
        usual
    }
}

/// Few bills restrict their parts, so only those are looked up.
fn check_parts(items: &[OpenItem], lines: &[AllocationLine]) -> Result<(), AmountRefusal> {
    let restricted: BTreeMap<BillId, &OpenItem> = items
        .iter()
        .filter(|item| item.part_payment != PartPayment::Any)
        .map(|item| (item.bill_id, item))
        .collect();
    lines
        .iter()
        .filter_map(|line| Some((restricted.get(&line.bill_id)?, line)))
        .try_for_each(|(item, line)| check_part(item, line))
}

fn check_part(item: &OpenItem, line: &AllocationLine) -> Result<(), AmountRefusal> {
    let smallest = match item.part_payment {
        PartPayment::Any => return Ok(()),
        PartPayment::Never => line.before,
        PartPayment::AtLeast(part) => part.min(line.before),
    };
    if line.amount >= smallest {
        return Ok(());
    }
    Err(AmountRefusal::PartNotAccepted { bill_id: item.bill_id, smallest })
}
