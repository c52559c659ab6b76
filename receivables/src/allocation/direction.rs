//! Direction: the payer's own instruction, amounts per bill. It beats the order.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{AllocationLine, Reason};
use crate::ids::BillId;
use crate::money::MinorUnits;
use crate::open_item::OpenItem;

/// How many bills one direction may name.
pub const BILLS_AT_MOST: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DirectedAmount {
    pub bill_id: BillId,
    pub amount: MinorUnits,
}

/// What happens to the part of a payment that the direction does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum RestOfDirection {
    #[default]
    FollowsOrder,
    StaysOnAccount,
}

/// Which bills the payer named, and how much for each. Empty: the order decides everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Direction {
    #[serde(default)]
    pub bills: Vec<DirectedAmount>,
    #[serde(default)]
    pub rest: RestOfDirection,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DirectionRefusal {
    #[error("this biller does not let a payment be directed to chosen bills")]
    SwitchedOff,
    #[error("a bill is named twice")]
    BillNamedTwice { bill_id: BillId },
    #[error("at most {BILLS_AT_MOST} bills can be chosen")]
    TooManyBills,
    #[error("a chosen bill takes no money now")]
    BillNotPayable { bill_id: BillId },
    #[error("the amount for a chosen bill is not more than zero")]
    NotPositive { bill_id: BillId },
    #[error("more is directed to a bill than is left to pay on it")]
    MoreThanAvailable { bill_id: BillId, available: MinorUnits },
    #[error("more is directed to bills than is paid")]
    MoreThanPayment { directed: MinorUnits },
}

impl DirectionRefusal {
    /// The stable name on the wire; pages match on it and never on text.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SwitchedOff => "directions-off",
            Self::BillNamedTwice { .. } => "duplicate-bill",
            Self::TooManyBills => "too-many-bills",
            Self::BillNotPayable { .. } => "bill-not-payable",
            Self::NotPositive { .. } => "amount-too-small",
            Self::MoreThanAvailable { .. } => "exceeds-due",
            Self::MoreThanPayment { .. } => "directions-exceed-payment",
        }
    }

    /// The bill it is about, where it is about one.
    pub const fn bill_id(&self) -> Option<BillId> {
        match self {
            Self::BillNamedTwice { bill_id }
            | Self::BillNotPayable { bill_id }
            | Self::NotPositive { bill_id }
            | Self::MoreThanAvailable { bill_id, .. } => Some(*bill_id),
            Self::SwitchedOff | Self::TooManyBills | Self::MoreThanPayment { .. } => None,
        }
    }
}

impl Direction {
    pub fn is_empty(&self) -> bool {
        self.bills.is_empty()
    }

    /// Is this direction one the payer may give for `amount`? The first thing wrong is named.
    pub fn check(&self, items: &[OpenItem], amount: MinorUnits) -> Result<(), DirectionRefusal> {
        if self.bills.len() > BILLS_AT_MOST {
            return Err(DirectionRefusal::TooManyBills);
        }
        let mut seen = BTreeSet::new();
        let mut directed = MinorUnits::ZERO;
        for &DirectedAmount { bill_id, amount } in &self.bills {
            if !seen.insert(bill_id) {
                return Err(DirectionRefusal::BillNamedTwice { bill_id });
            }
            let available = items
                .iter()
                .find(|item| item.bill_id == bill_id)
                .map(OpenItem::available)
                .filter(|available| available.is_positive())
                .ok_or(DirectionRefusal::BillNotPayable { bill_id })?;
            if !amount.is_positive() {
                return Err(DirectionRefusal::NotPositive { bill_id });
            }
            if amount > available {
                return Err(DirectionRefusal::MoreThanAvailable { bill_id, available });
            }
            directed = directed.plus_at_most_max(amount);
        }
        if directed > amount {
            return Err(DirectionRefusal::MoreThanPayment { directed });
        }
        Ok(())
    }

    /// The directed lines and what is left of `amount`. Where the direction no longer fits (the
    /// money is here already and an item shrank), as much of it as still fits is kept.
    pub(super) fn lines(
        &self,
        items: &[OpenItem],
        amount: MinorUnits,
    ) -> (Vec<AllocationLine>, MinorUnits) {
        let mut left = amount;
        let mut lines: Vec<AllocationLine> = Vec::with_capacity(self.bills.len());
        for directed in &self.bills {
            let named_before = lines.iter().any(|line| line.bill_id == directed.bill_id);
            let item = items.iter().find(|item| item.bill_id == directed.bill_id);
            let (Some(item), false) = (item, named_before) else { continue };
            let before = item.available();
            let amount = directed.amount.min(before).min(left);
            if amount.is_positive() {
                left = left.less(amount);
                let (bill_id, after) = (item.bill_id, before.less(amount));
                let reason = Reason::YouChoseIt;
                lines.push(AllocationLine { bill_id, before, amount, after, reason });
            }
        }
        (lines, left)
    }
}
