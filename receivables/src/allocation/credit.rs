//! Credit on account goes first: what was paid before settles the oldest bills, and a payment
//! sees what is left. The same for a preview, a payment that uses credit, and a new bill.

use std::collections::BTreeMap;

use super::{Allocation, AllocationLine, AllocationOrder, Direction, allocate};
use crate::calendar::CivilDate;
use crate::ids::BillId;
use crate::money::MinorUnits;
use crate::open_item::OpenItem;

/// What credit settles, and how things stand after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditUsed {
    /// Oldest due first, whatever order payments follow: it was paid before they are.
    pub lines: Vec<AllocationLine>,
    /// Every item, with what the credit settled taken off.
    pub items: Vec<OpenItem>,
    /// What no bill takes.
    pub credit_left: MinorUnits,
}

/// Uses `credit` on `items`, from one minor unit up. What payments in flight have reserved is left
/// to them.
pub fn use_credit(items: &[OpenItem], credit: MinorUnits, today: CivilDate) -> CreditUsed {
    let credit = credit.max(MinorUnits::ZERO);
    let order = AllocationOrder::OldestDueFirst;
    let Allocation { lines, credit_on_account } =
        allocate(order, items, credit, &Direction::default(), today);
    let settled: BTreeMap<BillId, MinorUnits> =
        lines.iter().map(|line| (line.bill_id, line.amount)).collect();
    let mut items = items.to_vec();
    for item in &mut items {
        if let Some(amount) = settled.get(&item.bill_id) {
            item.open = item.open.less(*amount);
        }
    }
    CreditUsed { lines, items, credit_left: credit_on_account }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open_item::{PartPayment, Standing};
    use proptest::prelude::*;

    fn item(n: u8, open: i64, in_flight: i64) -> OpenItem {
        let due_on = CivilDate::parse("2026-10-01").unwrap().plus_days(i32::from(n));
        OpenItem {
            bill_id: BillId::from_parts(1, &[n; 10]),
            bill_number: format!("B{n}"),
            issued_on: due_on,
            due_on: Some(due_on),
            total: MinorUnits::new(10_000),
            open: MinorUnits::new(open),
            in_flight: MinorUnits::new(in_flight),
            standing: Standing::Issued,
            part_payment: PartPayment::Never,
        }
    }

    #[test]
    fn credit_settles_the_oldest_bill_and_leaves_what_is_in_flight() {
        let today = CivilDate::parse("2026-11-22").unwrap();
        let items = [item(2, 6_000, 0), item(1, 3_000, 1_000)];
        let used = use_credit(&items, MinorUnits::new(2_500), today);
        let open: Vec<i64> = used.items.iter().map(|item| item.open.get()).collect();
        assert_eq!((open.as_slice(), used.credit_left.get()), (&[5_500, 1_000][..], 0));
        let none = use_credit(&items, MinorUnits::new(-5), today);
        assert_eq!((none.items.as_slice(), none.credit_left.get()), (&items[..], 0));
    }

    proptest! {
        #[test]
        fn credit_is_neither_made_nor_lost(
            amounts in prop::collection::vec((0_i64..9_000, 0_i64..9_000), 0..8),
            credit in 0_i64..60_000,
        ) {
            let today = CivilDate::parse("2026-11-22").unwrap();
            let items: Vec<OpenItem> =
                (0..).zip(&amounts).map(|(n, (open, held))| item(n, *open, *held)).collect();
            let used = use_credit(&items, MinorUnits::new(credit), today);
            let open = |items: &[OpenItem]| items.iter().map(|item| item.open.get()).sum::<i64>();
            prop_assert_eq!(open(&items) - open(&used.items), credit - used.credit_left.get());
            for (before, after) in items.iter().zip(&used.items) {
                prop_assert!(after.open >= before.in_flight.min(before.open));
            }
            if used.credit_left.is_positive() {
                prop_assert!(used.items.iter().all(|item| !item.available().is_positive()));
            }
        }
    }
}
