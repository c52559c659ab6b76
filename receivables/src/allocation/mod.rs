//! Allocation: the decided split of an amount over open items.
//!
//! [`allocate`] is total and exact: it never panics, every line is within what is available on
//! its item, and `sum(lines) + credit_on_account == amount`. It decides nothing about whether
//! a payer *may* pay that amount: that is [`limits`]. Money already received is never refused,
//! so posting calls `allocate` alone; a preview calls both.

mod credit;
mod direction;
mod fingerprint;
pub mod limits;
mod order;
mod preview;
mod suggestions;

pub use credit::{CreditUsed, use_credit};
pub use direction::{DirectedAmount, Direction, DirectionRefusal, RestOfDirection};
pub use fingerprint::{Fingerprint, fingerprint};
pub use limits::{AmountRefusal, Overpayment, PaymentRules, check_amount};
pub use order::{AllocationOrder, OrderedItems};
pub use preview::{
    AccountSnapshot, NextDue, Preview, PreviewLine, PreviewRefusal, next_due, preview,
};
pub use suggestions::{Suggestion, SuggestionKind, suggested_amounts};

use serde::{Deserialize, Serialize};

use crate::calendar::CivilDate;
use crate::ids::BillId;
use crate::money::MinorUnits;
use crate::open_item::OpenItem;

/// Why a line of an allocation is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Reason {
    /// It is overdue, and nothing older is left.
    OldestOverdue,
    /// Nothing overdue is left before it, and it is due next.
    NextDue,
    /// It has no due date, and every bill that has one comes first.
    NoDueDate,
    YouChoseIt,
    /// Paid before and kept on account until this bill came.
    YourCredit,
    OldestBill,
    NewestBill,
    SmallestBill,
    /// Every bill gets its share.
    EqualShare,
    /// Whole bills only, and it fits whole.
    WholeBill,
}

impl Reason {
    pub const ALL: [Self; 10] = [
        Self::OldestOverdue,
        Self::NextDue,
        Self::NoDueDate,
        Self::YouChoseIt,
        Self::YourCredit,
        Self::OldestBill,
        Self::NewestBill,
        Self::SmallestBill,
        Self::EqualShare,
        Self::WholeBill,
    ];

    /// The stored spelling, the same as on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::OldestOverdue => "oldest_overdue",
            Self::NextDue => "next_due",
            Self::NoDueDate => "no_due_date",
            Self::YouChoseIt => "you_chose_it",
            Self::YourCredit => "your_credit",
            Self::OldestBill => "oldest_bill",
            Self::NewestBill => "newest_bill",
            Self::SmallestBill => "smallest_bill",
            Self::EqualShare => "equal_share",
            Self::WholeBill => "whole_bill",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// One line of an allocation. `before` is what was available on the item; always
/// `0 < amount <= before` and `after == before − amount`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AllocationLine {
    pub bill_id: BillId,
    pub before: MinorUnits,
    pub amount: MinorUnits,
    pub after: MinorUnits,
    pub reason: Reason,
}

/// The split of one amount. `sum(lines.amount) + credit_on_account == amount`, always.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    pub lines: Vec<AllocationLine>,
    pub credit_on_account: MinorUnits,
}

/// Splits `amount` over `items`: first the payer's own direction, then the order, and what no
/// item can take becomes credit on account.
///
/// `amount` of zero or less gives no lines, and the amount itself as credit.
pub fn allocate(
    order: AllocationOrder,
    items: &[OpenItem],
    amount: MinorUnits,
    direction: &Direction,
    today: CivilDate,
) -> Allocation {
    let ordered = OrderedItems::new(order, items, today);
    if direction.is_empty() {
        return ordered.allocate(amount);
    }
    let (mut lines, left_over) = direction.lines(items, amount);
    let mut credit_on_account = left_over;
    if direction.rest == RestOfDirection::FollowsOrder {
        let rest_items = items_after(items, &lines);
        let rest = OrderedItems::new(order, &rest_items, today).allocate(left_over);
        credit_on_account = rest.credit_on_account;
        merge(&mut lines, rest.lines);
    }
    let position = |bill_id: BillId| ordered.position(bill_id);
    lines.sort_by_key(|line| position(line.bill_id));
    Allocation { lines, credit_on_account }
}

/// The items as they stand once `lines` are taken off, for the rest to follow the order.
fn items_after(items: &[OpenItem], lines: &[AllocationLine]) -> Vec<OpenItem> {
    let taken: std::collections::BTreeMap<BillId, MinorUnits> =
        lines.iter().map(|line| (line.bill_id, line.amount)).collect();
    let mut rest = items.to_vec();
    for item in &mut rest {
        if let Some(amount) = taken.get(&item.bill_id) {
            let reserved = item.in_flight.max(MinorUnits::ZERO);
            item.in_flight = reserved.plus_at_most_max(*amount);
        }
    }
    rest
}

/// Adds the lines of the rest; one item keeps one line, with the payer's own reason.
fn merge(lines: &mut Vec<AllocationLine>, rest: Vec<AllocationLine>) {
    // Only directed bills, few of many, can already have a line.
    let directed = lines.len();
    for more in rest {
        match lines.iter_mut().take(directed).find(|line| line.bill_id == more.bill_id) {
            Some(line) => {
                line.amount = line.amount.plus_at_most_max(more.amount);
                line.after = line.before.less(line.amount);
            }
            None => lines.push(more),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_read_as_it_is_stored() {
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.code()), Some(reason));
        }
        assert_eq!(Reason::parse("because"), None);
    }
}
