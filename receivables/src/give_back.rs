//! Giving back: which bills re-open when a part of a payment goes back to the payer, or its bank
//! takes it back, and what is settled again when that money returns.
//!
//! [`give_back`] takes credit on account first, then the newest application; [`put_back`] is its
//! reverse. Both are total, and both keep the sum.

use crate::calendar::{CivilDate, Micros};
use crate::ids::{ApplicationId, BillId};
use crate::money::MinorUnits;

/// What an application still settles of its bill, less what was taken back of it before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    pub application_id: ApplicationId,
    pub bill_id: BillId,
    pub bill_number: String,
    pub issued_on: CivilDate,
    pub due_on: Option<CivilDate>,
    pub recorded_at: Micros,
    pub amount: MinorUnits,
    /// What is open on the bill now.
    pub open: MinorUnits,
}

impl Applied {
    /// Newest last: by the posting's time, and within one posting in the order in which money
    /// settles bills, so that the bill settled last comes last.
    fn age_key(&self) -> impl Ord + '_ {
        let no_due_date = self.due_on.is_none();
        let due = (no_due_date, self.due_on, self.issued_on, &self.bill_number, self.bill_id);
        (self.recorded_at, due, self.application_id)
    }
}

/// What is taken back of one application. `after == before + amount` of the bill's open amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenBack {
    pub application_id: ApplicationId,
    pub bill_id: BillId,
    pub before: MinorUnits,
    pub amount: MinorUnits,
    pub after: MinorUnits,
}

/// How an amount goes back. `from_credit + sum(lines) + not_covered == amount`, always.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GivenBack {
    pub from_credit: MinorUnits,
    pub lines: Vec<TakenBack>,
    /// More than the payment still holds: this much cannot go back.
    pub not_covered: MinorUnits,
}

impl GivenBack {
    /// The bills that re-open, each once, in the order of the lines.
    pub fn bills(&self) -> Vec<ReopenedBill> {
        let mut bills: Vec<ReopenedBill> = Vec::new();
        for line in &self.lines {
            match bills.iter_mut().find(|bill| bill.bill_id == line.bill_id) {
                Some(bill) => {
                    bill.amount = bill.amount.plus_at_most_max(line.amount);
                    bill.after = line.after;
                }
                None => bills.push(ReopenedBill {
                    bill_id: line.bill_id,
                    before: line.before,
                    amount: line.amount,
                    after: line.after,
                }),
            }
        }
        bills
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReopenedBill {
    pub bill_id: BillId,
    pub before: MinorUnits,
    pub amount: MinorUnits,
    pub after: MinorUnits,
}

/// Takes `amount` from what a payment holds: its credit on account first, then its newest
/// application, each at most what it still settles. An amount of nothing or less takes nothing.
pub fn give_back(applied: &[Applied], credit: MinorUnits, amount: MinorUnits) -> GivenBack {
    let from_credit = credit.min(amount).max(MinorUnits::ZERO);
    let mut left = if amount.is_positive() { amount.less(from_credit) } else { amount };
    let mut newest_first: Vec<&Applied> = applied.iter().collect();
    newest_first.sort_by(|a, b| b.age_key().cmp(&a.age_key()));
    let mut lines: Vec<TakenBack> = Vec::new();
    for application in newest_first {
        if !left.is_positive() {
            break;
        }
        let amount = application.amount.min(left);
        if !amount.is_positive() {
            continue;
        }
        left = left.less(amount);
        // A bill that an earlier line re-opened goes on from there.
        let earlier = lines.iter().rev().find(|line| line.bill_id == application.bill_id);
        let before = earlier.map_or(application.open, |line| line.after);
        lines.push(TakenBack {
            application_id: application.application_id,
            bill_id: application.bill_id,
            before,
            amount,
            after: before.plus_at_most_max(amount),
        });
    }
    GivenBack { from_credit, lines, not_covered: left }
}

/// A bill that was re-opened, and what of it can take money now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WasReopened {
    pub bill_id: BillId,
    pub amount: MinorUnits,
    pub available: MinorUnits,
}

/// What returned money settles again. `sum(lines) + credit_on_account == amount`, always.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutBack {
    pub lines: Vec<(BillId, MinorUnits)>,
    pub credit_on_account: MinorUnits,
}

/// The reverse of [`give_back`]: each bill gets back what was taken from it, as far as nobody
/// paid it meanwhile. The rest is credit on account.
pub fn put_back(reopened: &[WasReopened], amount: MinorUnits) -> PutBack {
    let mut left = amount;
    let mut lines: Vec<(BillId, MinorUnits)> = Vec::new();
    for bill in reopened {
        let taken = lines.iter().filter(|(id, _)| *id == bill.bill_id);
        let taken = taken.fold(MinorUnits::ZERO, |sum, (_, some)| sum.plus_at_most_max(*some));
        let amount = bill.amount.min(bill.available.less(taken)).min(left);
        if amount.is_positive() {
            left = left.less(amount);
            lines.push((bill.bill_id, amount));
        }
    }
    PutBack { lines, credit_on_account: left }
}
