//! Allocation orders: the named rules that say which item comes next.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Allocation, AllocationLine, Reason};
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

    /// What comes before the default order.
    fn compare(self, a: &OpenItem, b: &OpenItem) -> Ordering {
        match self {
            Self::OldestDueFirst | Self::Proportional | Self::WholeBillsOnly => Ordering::Equal,
            Self::OldestBillFirst => a.issued_on.cmp(&b.issued_on),
            Self::NewestFirst => b.issued_on.cmp(&a.issued_on),
            Self::SmallestFirst => a.available().cmp(&b.available()),
        }
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
        // One sort for every order: each kind of sort is kilobytes in the browser's module.
        payable.sort_by(|a, b| {
            order.compare(a, b).then_with(|| a.oldest_due_key().cmp(&b.oldest_due_key()))
        });
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
        self.rows.partition_point(|row| {
            row.before_it.checked_add(row.available).is_ok_and(|together| together <= amount)
        })
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
        // Wide numbers: the items together may come to more than one amount can count.
        let wide = |amount: MinorUnits| i128::from(amount.get());
        let whole: i128 = self.rows.iter().map(|row| wide(row.available)).sum();
        let part = wide(amount).min(whole);
        if part <= 0 {
            return Vec::new();
        }
        let mut left = part;
        let mut shares = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let product = wide(row.available).saturating_mul(part);
            let share = product.checked_div(whole).unwrap_or(0);
            let remainder = product.checked_rem(whole).unwrap_or(0);
            left = left.saturating_sub(share);
            shares.push((row, share, remainder));
        }
        let mut by_remainder: Vec<usize> = (0..shares.len()).collect();
        by_remainder.sort_by_key(|&at| Reverse(shares.get(at).map(|share| share.2)));
        // The floors lose less than one minor unit an item, so each item gets at most one more.
        for at in by_remainder.into_iter().take(usize::try_from(left).unwrap_or(0)) {
            if let Some((_, share, _)) = shares.get_mut(at) {
                *share = share.saturating_add(1);
            }
        }
        let amounts = shares.into_iter().map(|(row, share, _)| {
            // A share is at most what is available on its item, so it always fits.
            (row, MinorUnits::new(i64::try_from(share).unwrap_or(row.available.get())))
        });
        let given = amounts.filter(|(_, share)| share.is_positive());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open_item::{PartPayment, Standing};

    fn bill(id: u64, due_on: &str, open: i64) -> OpenItem {
        OpenItem {
            bill_id: BillId::from_parts(id, &[0; 10]),
            bill_number: format!("B-{id}"),
            issued_on: CivilDate::parse("2026-10-01").unwrap(),
            due_on: CivilDate::parse(due_on).ok(),
            total: MinorUnits::new(open),
            open: MinorUnits::new(open),
            in_flight: MinorUnits::ZERO,
            standing: Standing::Issued,
            part_payment: PartPayment::Any,
        }
    }

    #[test]
    fn only_bills_that_take_money_stand_in_the_order_and_together_are_all_that_can_be_paid() {
        let today = CivilDate::parse("2026-11-22").unwrap();
        let mut held = bill(3, "2026-10-10", 9_000);
        held.standing = Standing::InDispute;
        let items = [
            bill(1, "2026-12-01", 5_000),
            bill(2, "2026-11-01", 3_000),
            bill(4, "2026-11-01", 0),
            held,
        ];
        let ordered = OrderedItems::new(AllocationOrder::OldestDueFirst, &items, today);
        assert_eq!((ordered.len(), ordered.is_empty()), (2, false));
        assert_eq!(ordered.available(), MinorUnits::new(8_000));
        let none = OrderedItems::new(AllocationOrder::OldestDueFirst, &items[2..], today);
        assert_eq!((none.len(), none.is_empty()), (0, true));
        assert_eq!(none.available(), MinorUnits::ZERO);
    }
}
