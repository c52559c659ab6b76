//! What an account owes, computed from its open items and never kept anywhere else.

use crate::calendar::CivilDate;
use crate::money::MinorUnits;
use crate::open_item::OpenItem;

/// Sums over the open items of one account, in minor units of its currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountBalance {
    /// All that is open on bills that are asked for (not drafts, not on hold).
    pub owed: MinorUnits,
    /// The part of it that started payments have reserved.
    pub in_flight: MinorUnits,
    /// What can be paid now: owed − in flight.
    pub available: MinorUnits,
    /// The overdue part of what is available.
    pub past_due: MinorUnits,
    /// Due up to and including today: past due and due today.
    pub due_now: MinorUnits,
    /// Open on bills on hold; not part of `owed`.
    pub on_hold: MinorUnits,
}

impl AccountBalance {
    pub fn of(items: &[OpenItem], today: CivilDate) -> Self {
        let mut sums = Self::default();
        for item in items {
            if item.standing == crate::open_item::Standing::InDispute {
                sums.on_hold = sums.on_hold.plus_at_most_max(item.open);
            }
            if !item.standing.takes_money() {
                continue;
            }
            let available = item.available();
            sums.owed = sums.owed.plus_at_most_max(item.open);
            sums.in_flight = sums.in_flight.plus_at_most_max(item.in_flight.min(item.open));
            sums.available = sums.available.plus_at_most_max(available);
            if item.is_overdue(today) {
                sums.past_due = sums.past_due.plus_at_most_max(available);
            }
            if item.due_on.is_some_and(|due_on| due_on <= today) {
                sums.due_now = sums.due_now.plus_at_most_max(available);
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::BillId;
    use crate::open_item::{PartPayment, Standing};

    fn item(standing: Standing, due_on: &str, open: i64, in_flight: i64) -> OpenItem {
        OpenItem {
            bill_id: BillId::from_parts(1, &[0; 10]),
            bill_number: "B-1".into(),
            issued_on: CivilDate::parse("2026-10-01").unwrap(),
            due_on: CivilDate::parse(due_on).ok(),
            total: MinorUnits::new(open),
            open: MinorUnits::new(open),
            in_flight: MinorUnits::new(in_flight),
            standing,
            part_payment: PartPayment::Any,
        }
    }

    #[test]
    fn only_bills_on_hold_are_on_hold_and_only_issued_ones_are_owed() {
        let today = CivilDate::parse("2026-11-22").unwrap();
        let items = [
            item(Standing::Issued, "2026-11-21", 1, 0),
            item(Standing::Issued, "2026-11-22", 20, 5),
            item(Standing::Issued, "2026-11-23", 300, 0),
            item(Standing::InDispute, "2026-11-21", 4_000, 0),
            item(Standing::Cancelled, "2026-11-21", 50_000, 0),
            item(Standing::WrittenOff, "2026-11-21", 600_000, 0),
            item(Standing::Draft, "2026-11-21", 7_000_000, 0),
        ];
        let sums = AccountBalance::of(&items, today);
        let found = [sums.owed, sums.in_flight, sums.available, sums.past_due, sums.due_now];
        assert_eq!(found.map(MinorUnits::get), [321, 5, 316, 1, 16]);
        assert_eq!(sums.on_hold.get(), 4_000);
    }
}
