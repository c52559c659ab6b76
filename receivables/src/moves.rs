//! Moving a payment: staff take back what it settled on some bills, and settle others with it,
//! or leave it on account. Worked out before anything is written; the same for a dry run.
//!
//! Invariant: what is taken back and what was on account before is what is settled anew and on
//! account after.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::allocation::DirectedAmount;
use crate::ids::BillId;
use crate::money::MinorUnits;
use crate::open_item::OpenItem;

/// A bill that a move may touch, and what the payment settled of it so far.
#[derive(Clone, Debug)]
pub struct MovableBill {
    pub item: OpenItem,
    pub settled_by_payment: MinorUnits,
}

/// What a move starts from: the bills it names, and what of the payment is on account.
#[derive(Clone, Debug)]
pub struct MoveView<'a> {
    pub bills: &'a [MovableBill],
    pub on_account: MinorUnits,
}

/// What happens to one bill. Amounts are minor units of the account's currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BillChange {
    pub bill_id: BillId,
    pub bill_number: String,
    /// Left to pay before.
    pub before: MinorUnits,
    /// Positive where more is left to pay than before, negative where less.
    pub change: MinorUnits,
    pub after: MinorUnits,
}

/// A move that can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkedOutMove {
    pub changes: Vec<BillChange>,
    /// What of the payment is on account after it.
    pub on_account_after: MinorUnits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MoveRefusal {
    #[error("nothing is moved")]
    Nothing,
    #[error("a bill is named twice")]
    NamedTwice { bill_id: BillId },
    #[error("the account has no such bill")]
    UnknownBill { bill_id: BillId },
    #[error("an amount is not more than zero")]
    NotPositive { bill_id: BillId },
    #[error("more is taken back than the payment settled of this bill")]
    MoreThanSettled { bill_id: BillId, settled: MinorUnits },
    #[error("more is settled than can be settled of this bill")]
    MoreThanAvailable { bill_id: BillId, available: MinorUnits },
    #[error("more is settled than there is of the payment")]
    MoreThanThereIs { there_is: MinorUnits },
}

impl MoveRefusal {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Nothing => "nothing-moved",
            Self::NamedTwice { .. } => "bill-named-twice",
            Self::UnknownBill { .. } => "bill-unknown",
            Self::NotPositive { .. } => "amount-invalid",
            Self::MoreThanSettled { .. } => "more-than-settled",
            Self::MoreThanAvailable { .. } => "more-than-available",
            Self::MoreThanThereIs { .. } => "more-than-received",
        }
    }
}

/// Works out a move: `take_back` from bills this payment settled, `settle` on others.
pub fn work_out_move(
    view: &MoveView<'_>,
    take_back: &[DirectedAmount],
    settle: &[DirectedAmount],
) -> Result<WorkedOutMove, MoveRefusal> {
    if take_back.is_empty() && settle.is_empty() {
        return Err(MoveRefusal::Nothing);
    }
    let mut named: Vec<BillId> = Vec::new();
    let mut changes = Vec::new();
    let mut there_is = view.on_account;
    for line in take_back {
        let bill = look_up(view, line, &mut named)?;
        if line.amount > bill.settled_by_payment {
            let settled = bill.settled_by_payment;
            return Err(MoveRefusal::MoreThanSettled { bill_id: line.bill_id, settled });
        }
        there_is = there_is.plus_at_most_max(line.amount);
        changes.push(change(bill, line.amount));
    }
    let mut left = there_is;
    for line in settle {
        let bill = look_up(view, line, &mut named)?;
        let available = bill.item.available();
        if line.amount > available {
            return Err(MoveRefusal::MoreThanAvailable { bill_id: line.bill_id, available });
        }
        left = left.checked_sub(line.amount).unwrap_or(MinorUnits::new(-1));
        if left < MinorUnits::ZERO {
            return Err(MoveRefusal::MoreThanThereIs { there_is });
        }
        changes.push(change(bill, MinorUnits::new(line.amount.get().saturating_neg())));
    }
    Ok(WorkedOutMove { changes, on_account_after: left })
}

fn look_up<'v>(
    view: &MoveView<'v>,
    line: &DirectedAmount,
    named: &mut Vec<BillId>,
) -> Result<&'v MovableBill, MoveRefusal> {
    let bill_id = line.bill_id;
    if named.contains(&bill_id) {
        return Err(MoveRefusal::NamedTwice { bill_id });
    }
    named.push(bill_id);
    if !line.amount.is_positive() {
        return Err(MoveRefusal::NotPositive { bill_id });
    }
    let found = view.bills.iter().find(|bill| bill.item.bill_id == bill_id);
    found.ok_or(MoveRefusal::UnknownBill { bill_id })
}

fn change(bill: &MovableBill, change: MinorUnits) -> BillChange {
    let before = bill.item.open;
    BillChange {
        bill_id: bill.item.bill_id,
        bill_number: bill.item.bill_number.clone(),
        before,
        change,
        after: before.plus_at_most_max(change),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::CivilDate;
    use crate::open_item::{PartPayment, Standing};
    use proptest::prelude::*;

    fn id(n: u8) -> BillId {
        BillId::from_parts(1, &[n; 10])
    }

    fn bill(n: u8, total: i64, open: i64, settled: i64) -> MovableBill {
        let day = CivilDate::parse("2026-10-15").unwrap();
        MovableBill {
            item: OpenItem {
                bill_id: id(n),
                bill_number: format!("B{n}"),
                issued_on: day,
                due_on: Some(day),
                total: MinorUnits::new(total),
                open: MinorUnits::new(open),
                in_flight: MinorUnits::ZERO,
                standing: Standing::Issued,
                part_payment: PartPayment::Any,
            },
            settled_by_payment: MinorUnits::new(settled),
        }
    }

    fn lines(named: &[(u8, i64)]) -> Vec<DirectedAmount> {
        let line = |(n, amount): &(u8, i64)| DirectedAmount {
            bill_id: id(*n),
            amount: MinorUnits::new(*amount),
        };
        named.iter().map(line).collect()
    }

    type Asked<'a> = (&'a [(u8, i64)], &'a [(u8, i64)]);
    /// Left to pay on each named bill, and what is on account; or why not.
    type Comes<'a> = Result<(&'a [i64], i64), &'a str>;

    /// Bill 1 of 80.00 was settled whole by the payment of 100.00, bill 2 of 75.00 in part
    /// (15.00); 5.00 stayed on account. Bill 3 of 60.00 is untouched.
    #[test]
    fn a_payment_moves_between_bills_and_account() {
        let bills =
            [bill(1, 8_000, 0, 8_000), bill(2, 7_500, 6_000, 1_500), bill(3, 6_000, 6_000, 0)];
        let view = MoveView { bills: &bills, on_account: MinorUnits::new(500) };
        let cases: &[(Asked<'_>, Comes<'_>)] = &[
            // taken back, settled                     left to pay after, on account after
            ((&[(1, 8_000)], &[]), Ok((&[8_000], 8_500))),
            ((&[(1, 2_000)], &[]), Ok((&[2_000], 2_500))),
            ((&[(1, 2_000), (2, 1_500)], &[]), Ok((&[2_000, 7_500], 4_000))),
            ((&[(1, 6_000)], &[(3, 6_000)]), Ok((&[6_000, 0], 500))),
            ((&[(1, 1_000)], &[(3, 1_500)]), Ok((&[1_000, 4_500], 0))),
            ((&[], &[(3, 500)]), Ok((&[5_500], 0))),
            ((&[], &[(3, 501)]), Err("more-than-received")),
            ((&[(1, 1_000)], &[(3, 1_501)]), Err("more-than-received")),
            ((&[(1, 8_001)], &[]), Err("more-than-settled")),
            ((&[(3, 1)], &[]), Err("more-than-settled")),
            ((&[(1, 7_000)], &[(2, 6_001)]), Err("more-than-available")),
            ((&[(1, 1_000)], &[(1, 1_000)]), Err("bill-named-twice")),
            ((&[(1, 0)], &[]), Err("amount-invalid")),
            ((&[(1, -5)], &[]), Err("amount-invalid")),
            ((&[(9, 5)], &[]), Err("bill-unknown")),
            ((&[], &[]), Err("nothing-moved")),
        ];
        for ((take_back, settle), expected) in cases {
            let found = work_out_move(&view, &lines(take_back), &lines(settle));
            let found = found.map_err(MoveRefusal::code).map(|moved| {
                let after: Vec<i64> = moved.changes.iter().map(|line| line.after.get()).collect();
                (after, moved.on_account_after.get())
            });
            let expected = expected.map(|(after, on_account)| (after.to_vec(), on_account));
            assert_eq!(found, expected, "{take_back:?} {settle:?}");
        }
    }

    #[test]
    fn a_bill_on_hold_or_reserved_takes_nothing_moved() {
        let mut held = bill(1, 8_000, 8_000, 0);
        held.item.standing = Standing::InDispute;
        let mut reserved = bill(2, 8_000, 8_000, 0);
        reserved.item.in_flight = MinorUnits::new(7_990);
        let bills = [held, reserved];
        let view = MoveView { bills: &bills, on_account: MinorUnits::new(500) };
        let refused = |n, amount| work_out_move(&view, &[], &lines(&[(n, amount)])).unwrap_err();
        assert_eq!(refused(1, 1).code(), "more-than-available");
        assert_eq!(refused(2, 11).code(), "more-than-available");
        assert!(work_out_move(&view, &[], &lines(&[(2, 10)])).is_ok());
    }

    proptest! {
        #[test]
        fn a_move_neither_makes_nor_loses_money(
            totals in prop::collection::vec((1_i64..100_000, 0_i64..=100, 0_i64..=100), 1..6),
            on_account in 0_i64..50_000,
            asked in prop::collection::vec((0_u8..6, -10_i64..120_000, any::<bool>()), 0..6),
        ) {
            let bills: Vec<MovableBill> = (0_u8..)
                .zip(&totals)
                .map(|(n, (total, open, settled))| {
                    let open = total * open / 100;
                    bill(n, *total, open, (total - open) * settled / 100)
                })
                .collect();
            let view = MoveView { bills: &bills, on_account: MinorUnits::new(on_account) };
            let part = |taken: bool| -> Vec<(u8, i64)> {
                let of = asked.iter().filter(|line| line.2 == taken);
                of.map(|line| (line.0, line.1)).collect()
            };
            let (back, settle) = (lines(&part(true)), lines(&part(false)));
            if let Ok(moved) = work_out_move(&view, &back, &settle) {
                let changed: i64 = moved.changes.iter().map(|line| line.change.get()).sum();
                prop_assert_eq!(changed, moved.on_account_after.get() - on_account);
                prop_assert!(moved.on_account_after.get() >= 0);
                for line in &moved.changes {
                    let item = &bills.iter().find(|b| b.item.bill_id == line.bill_id).unwrap().item;
                    prop_assert!(line.after.get() >= 0 && line.after <= item.total);
                }
            }
        }
    }
}
