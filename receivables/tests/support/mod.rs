//! Accounts for the properties: plausible ones, and ones no book should ever hold.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use receivables::allocation::{
    AllocationOrder, DirectedAmount, Direction, Overpayment, PaymentRules, RestOfDirection,
};
use receivables::calendar::CivilDate;
use receivables::ids::BillId;
use receivables::money::MinorUnits;
use receivables::open_item::{OpenItem, PartPayment, Standing};

pub fn today() -> CivilDate {
    CivilDate::from_jiff(jiff::civil::date(2026, 11, 22))
}

/// Amounts that stand for themselves and make ties likely.
fn charge() -> impl Strategy<Value = i64> {
    prop_oneof![1..60_i64, 1..30_000_i64, select(vec![50, 100, 5_000])]
}

fn item(
    open: impl Strategy<Value = i64>,
    in_flight: impl Strategy<Value = i64>,
) -> impl Strategy<Value = OpenItem> {
    let standing = prop_oneof![6 => Just(Standing::Issued), 1 => select(Standing::ALL.to_vec())];
    let part_payment = prop_oneof![
        8 => Just(PartPayment::Any),
        1 => Just(PartPayment::Never),
        1 => (1..5_000_i64).prop_map(|least| PartPayment::AtLeast(MinorUnits::new(least))),
    ];
    let days = (-3..4_i32, option::weighted(0.8, -4..5_i32));
    (any::<[u8; 10]>(), 0..3_u8, days, open, in_flight, standing, part_payment).prop_map(
        |(chance, number, (issued, due), open, in_flight, standing, part_payment)| OpenItem {
            bill_id: BillId::from_parts(0, &chance),
            bill_number: format!("B-{number}"),
            issued_on: today().plus_days(issued - 30),
            due_on: due.map(|due| today().plus_days(due)),
            total: MinorUnits::new(open.max(0)),
            open: MinorUnits::new(open),
            in_flight: MinorUnits::new(in_flight),
            standing,
            part_payment,
        },
    )
}

/// What a book may hold: `0 <= in_flight <= open`, sums that can be counted.
pub fn plausible_items() -> impl Strategy<Value = Vec<OpenItem>> {
    let in_flight = prop_oneof![4 => Just(0), 1 => 0..30_000_i64];
    vec(item(charge(), in_flight), 0..12).prop_map(|mut items| {
        for item in &mut items {
            item.in_flight = item.in_flight.min(item.open);
        }
        items
    })
}

/// Anything that fits the types: below zero, more in flight than open, sums beyond counting.
pub fn any_items() -> impl Strategy<Value = Vec<OpenItem>> {
    let amount = || prop_oneof![charge(), any::<i64>(), select(vec![i64::MIN, i64::MAX, 0, -1])];
    prop_oneof![plausible_items(), vec(item(amount(), amount()), 0..12)]
}

pub fn any_amount() -> impl Strategy<Value = MinorUnits> {
    let extremes = select(vec![i64::MIN, i64::MAX, 0, -1, 1]);
    prop_oneof![6 => 0..100_000_i64, 1 => any::<i64>(), 1 => extremes].prop_map(MinorUnits::new)
}

pub fn any_order() -> impl Strategy<Value = AllocationOrder> {
    select(AllocationOrder::ALL.to_vec())
}

pub fn rules() -> impl Strategy<Value = PaymentRules> {
    let overpayment = prop_oneof![3 => Just(Overpayment::Refuse), 1 => Just(Overpayment::Credit)];
    let largest = prop_oneof![3 => Just(10_000_000_i64), 1 => 1_000..60_000_i64];
    let smallest = select(vec![1, 50, 500]);
    (any_order(), overpayment, prop::bool::weighted(0.9), smallest, select(vec![0, 50]), largest)
        .prop_map(|(order, overpayment, directions, smallest, minimum, largest)| PaymentRules {
            order,
            overpayment,
            directions,
            smallest_payment: MinorUnits::new(smallest),
            gateway_minimum: MinorUnits::new(minimum),
            largest_payment: MinorUnits::new(largest),
        })
}

/// Where in the list, and how much in hundredths of what is available: often fitting, at times
/// too much, nothing, or the same bill twice.
fn choices() -> impl Strategy<Value = (Vec<(usize, i64)>, RestOfDirection)> {
    let share = prop_oneof![5 => 1..=100_i64, 1 => select(vec![0, -1, 101, 200])];
    let rest = select(vec![RestOfDirection::FollowsOrder, RestOfDirection::StaysOnAccount]);
    let some = vec((any::<prop::sample::Index>(), share), 1..4).prop_map(|chosen| {
        chosen.into_iter().map(|(at, share)| (at.index(1_000), share)).collect()
    });
    (prop_oneof![2 => Just(Vec::new()), 1 => some], rest)
}

/// Items with a direction among them.
pub fn directed(
    items: impl Strategy<Value = Vec<OpenItem>>,
) -> impl Strategy<Value = (Vec<OpenItem>, Direction)> {
    (items, choices()).prop_map(|(items, (choices, rest))| {
        let choice = |(at, share): (usize, i64)| {
            let item = items.get(at.checked_rem(items.len())?)?;
            let amount = i128::from(item.available().get()) * i128::from(share) / 100;
            let amount = MinorUnits::new(i64::try_from(amount).unwrap_or(i64::MAX));
            Some(DirectedAmount { bill_id: item.bill_id, amount })
        };
        let bills = choices.into_iter().filter_map(choice).collect();
        (items.clone(), Direction { bills, rest })
    })
}

/// An amount near what the items come to, so that limits and exact ends are met often.
pub fn amount_near(items: &[OpenItem]) -> impl Strategy<Value = MinorUnits> + use<> {
    let owed = items.iter().map(|item| item.available().get()).fold(0, i64::saturating_add);
    prop_oneof![
        4 => 0..=owed.max(1),
        3 => (-60..60_i64).prop_map(move |more| owed.saturating_add(more)),
        1 => Just(owed),
        1 => -5..600_i64,
    ]
    .prop_map(MinorUnits::new)
}
