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
