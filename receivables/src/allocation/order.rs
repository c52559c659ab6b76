//! Allocation orders: the named rules that say which item comes next.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Allocation, AllocationLine, Reason};
use crate::bill::proportion;
use crate::calendar::CivilDate;
use crate::ids::BillId;
use crate::money::MinorUnits;
use crate::open_item::OpenItem;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AllocationOrder {
    /// Due date (none last), then issue date, bill number, id.
    #[default]
    OldestDueFirst,
    /// Issue date first.
    OldestBillFirst,
    NewestFirst,
    /// The smallest available amount first.
    SmallestFirst,
    /// Every item its share of the payment, by largest remainder; ties by the default order.
    Proportional,
    /// The default order, stopping at the first bill it cannot cover whole.
    WholeBillsOnly,
}

impl AllocationOrder {
    pub const ALL: [Self; 6] = [
        Self::OldestDueFirst,
        Self::OldestBillFirst,
        Self::NewestFirst,
        Self::SmallestFirst,
        Self::Proportional,
        Self::WholeBillsOnly,
    ];

    /// The stored spelling, the same as on the wire and in the configuration.
    pub const fn code(self) -> &'static str {
        match self {
            Self::OldestDueFirst => "oldest_due_first",
            Self::OldestBillFirst => "oldest_bill_first",
            Self::NewestFirst => "newest_first",
            Self::SmallestFirst => "smallest_first",
            Self::Proportional => "proportional",
            Self::WholeBillsOnly => "whole_bills_only",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.code() == code)
    }

    fn reason(self, item: &OpenItem, today: CivilDate) -> Reason {
        match self {
            Self::OldestDueFirst if item.is_overdue(today) => Reason::OldestOverdue,
            Self::OldestDueFirst if item.due_on.is_none() => Reason::NoDueDate,
            Self::OldestDueFirst => Reason::NextDue,
            Self::OldestBillFirst => Reason::OldestBill,
            Self::NewestFirst => Reason::NewestBill,
            Self::SmallestFirst => Reason::SmallestBill,
            Self::Proportional => Reason::EqualShare,
            Self::WholeBillsOnly => Reason::WholeBill,
        }
    }
}

/// The items that can take money, sorted once, with running sums: so that a key press costs a
/// search among the sums and the few rows in view, however many bills there are.
pub struct OrderedItems {
    order: AllocationOrder,
    rows: Vec<Row>,
    positions: BTreeMap<BillId, usize>,
}

struct Row {
    bill_id: BillId,
    available: MinorUnits,
    /// What all rows before this one can take together.
    before_it: MinorUnits,
    reason: Reason,
}

impl OrderedItems {
    pub fn new(order: AllocationOrder, items: &[OpenItem], today: CivilDate) -> Self {
        let mut payable: Vec<&OpenItem> =
            items.iter().filter(|item| item.available().is_positive()).collect();
        payable.sort_by(|a, b| a.oldest_due_key().cmp(&b.oldest_due_key()));
        match order {
            AllocationOrder::OldestDueFirst
            | AllocationOrder::Proportional
            | AllocationOrder::WholeBillsOnly => {}
            AllocationOrder::OldestBillFirst => payable.sort_by_key(|item| item.issued_on),
            AllocationOrder::NewestFirst => payable.sort_by_key(|item| Reverse(item.issued_on)),
            AllocationOrder::SmallestFirst => payable.sort_by_key(|item| item.available()),
        }
        let mut before_it = MinorUnits::ZERO;
        let mut rows = Vec::with_capacity(payable.len());
        for item in payable {
            let available = item.available();
            let reason = order.reason(item, today);
            rows.push(Row { bill_id: item.bill_id, available, before_it, reason });
            before_it = before_it.plus_at_most_max(available);
        }
        let positions = rows.iter().enumerate().map(|(at, row)| (row.bill_id, at)).collect();
        Self { order, rows, positions }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Where a bill stands in the order; bills that take no money stand after all others.
    pub fn position(&self, bill_id: BillId) -> usize {
        self.positions.get(&bill_id).copied().unwrap_or(usize::MAX)
    }

    /// All that can be paid now.
    pub fn available(&self) -> MinorUnits {
        self.rows
            .last()
            .map_or(MinorUnits::ZERO, |row| row.before_it.plus_at_most_max(row.available))
    }

    /// How many items, from the first, `amount` settles whole. Not for the proportional order,
    /// where every item moves together.
    pub fn settled_whole(&self, amount: MinorUnits) -> usize {
        self.rows.partition_point(|row| row.before_it.plus_at_most_max(row.available) <= amount)
    }

    /// The line of the item at `position` if `amount` is paid, in constant time; none where it
    /// gets nothing. The proportional order has no such short cut: use
    /// [`allocate`](Self::allocate).
    pub fn line_at(&self, position: usize, amount: MinorUnits) -> Option<AllocationLine> {
        let row = self.rows.get(position)?;
        let reached = amount.less(row.before_it);
        let given = match self.order {
            AllocationOrder::WholeBillsOnly if reached < row.available => MinorUnits::ZERO,
            _ => reached.min(row.available),
        };
        given.is_positive().then(|| row.line(given))
    }

    /// The whole split of `amount` by this order.
    pub fn allocate(&self, amount: MinorUnits) -> Allocation {
        let lines = match self.order {
            AllocationOrder::Proportional => self.proportional(amount),
            _ => (0..self.rows.len()).map_while(|at| self.line_at(at, amount)).collect(),
        };
        // Every line is taken out of `amount`, so the rest is exact and never below zero.
        let mut credit_on_account = amount;
        for line in &lines {
            credit_on_account = credit_on_account.less(line.amount);
        }
        Allocation { lines, credit_on_account }
    }

    /// Floors first, then one minor unit each by largest remainder; ties by the default order.
    fn proportional(&self, amount: MinorUnits) -> Vec<AllocationLine> {
        let whole = self.available();
        let part = amount.min(whole);
        if !part.is_positive() {
            return Vec::new();
        }
        let mut shares: Vec<MinorUnits> =
            self.rows.iter().map(|row| proportion(row.available, part, whole)).collect();
        let remainder = |at: usize| -> i128 {
            let available = self.rows.get(at).map_or(0, |row| i128::from(row.available.get()));
            let product = available.saturating_mul(i128::from(part.get()));
            product.checked_rem(i128::from(whole.get())).unwrap_or(0)
        };
        let mut by_remainder: Vec<usize> = (0..self.rows.len()).collect();
        by_remainder.sort_by_key(|&at| Reverse(remainder(at)));
        let mut left = shares.iter().fold(part, |left, share| left.less(*share));
        for at in by_remainder {
            if !left.is_positive() {
                break;
            }
            if let (Some(share), Some(row)) = (shares.get_mut(at), self.rows.get(at))
                && *share < row.available
            {
                *share = share.plus_at_most_max(MinorUnits::new(1));
                left = left.less(MinorUnits::new(1));
            }
        }
        let given = self.rows.iter().zip(shares).filter(|(_, share)| share.is_positive());
        given.map(|(row, share)| row.line(share)).collect()
    }
}

impl Row {
    fn line(&self, amount: MinorUnits) -> AllocationLine {
        AllocationLine {
            bill_id: self.bill_id,
            before: self.available,
            amount,
            after: self.available.less(amount),
            reason: self.reason,
        }
    }
}
