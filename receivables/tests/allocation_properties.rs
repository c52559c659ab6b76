//! What holds for every account and every amount, not only for the cases of the rule book.

#[path = "support/how_many.rs"]
mod how_many;
mod support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;

use how_many::many;
use receivables::allocation::{
    AccountSnapshot, Allocation, AllocationOrder, AmountRefusal, DirectedAmount, Direction,
    DirectionRefusal, OrderedItems, Overpayment, PaymentRules, PreviewRefusal, RestOfDirection,
    allocate, fingerprint, preview, suggested_amounts,
};
use receivables::calendar::CivilDate;
use receivables::ids::BillId;
use receivables::money::{Currency, MinorUnits, Money};
use receivables::open_item::{OpenItem, PartPayment, Standing};
use support::{
    amount_near, any_amount, any_items, any_order, directed, plausible_items, rules, today,
};

fn sum_of_lines(split: &Allocation) -> i128 {
    split.lines.iter().map(|line| i128::from(line.amount.get())).sum()
}

fn by_bill(split: &Allocation) -> BTreeMap<BillId, i64> {
    split.lines.iter().map(|line| (line.bill_id, line.amount.get())).collect()
}

fn account(items: &[OpenItem], rules: PaymentRules) -> AccountSnapshot<'_> {
    let credit_on_account = MinorUnits::new(700);
    AccountSnapshot { currency: Currency::USD, items, credit_on_account, rules, today: today() }
}

/// Items, a direction among them, and an amount that is often near what they come to.
fn payments() -> impl Strategy<Value = (Vec<OpenItem>, Direction, MinorUnits)> {
    directed(plausible_items()).prop_flat_map(|(items, direction)| {
        let amount = amount_near(&items);
        (Just(items), Just(direction), amount)
    })
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn lines_and_credit_always_come_to_the_amount(
        order in any_order(),
        (items, direction) in directed(any_items()),
        amount in any_amount(),
    ) {
        let split = allocate(order, &items, amount, &direction, today());
        let sum = sum_of_lines(&split) + i128::from(split.credit_on_account.get());
        prop_assert_eq!(sum, i128::from(amount.get()));
        prop_assert!(amount.get() < 0 || split.credit_on_account.get() >= 0);
    }

    #[test]
    fn every_line_is_more_than_nothing_and_within_what_is_available(
        order in any_order(),
        (items, direction) in directed(any_items()),
        amount in any_amount(),
    ) {
        let split = allocate(order, &items, amount, &direction, today());
        prop_assert_eq!(by_bill(&split).len(), split.lines.len(), "one line a bill");
        for line in &split.lines {
            let item = items.iter().find(|item| item.bill_id == line.bill_id).unwrap();
            prop_assert_eq!(item.standing, Standing::Issued);
            let free = i128::from(item.open.get()) - i128::from(item.in_flight.get().max(0));
            prop_assert_eq!(i128::from(line.before.get()), free);
            prop_assert!(line.amount.get() > 0 && line.amount <= line.before);
            prop_assert_eq!(line.after.get(), line.before.get() - line.amount.get());
        }
    }

    #[test]
    fn nothing_newer_is_paid_while_something_older_is_open(
        items in any_items(),
        amount in any_amount(),
    ) {
        let order = AllocationOrder::OldestDueFirst;
        let split = allocate(order, &items, amount, &Direction::default(), today());
        let given = by_bill(&split);
        let left = |item: &OpenItem| {
            item.available().get() - given.get(&item.bill_id).copied().unwrap_or(0)
        };
        let older = |a: &OpenItem, b: &OpenItem| match (a.due_on, b.due_on) {
            (Some(a), Some(b)) if a != b => a < b,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            _ => (a.issued_on, &a.bill_number, a.bill_id) < (b.issued_on, &b.bill_number, b.bill_id),
        };
        for newer in items.iter().filter(|item| given.contains_key(&item.bill_id)) {
            for item in items.iter().filter(|item| older(item, newer)) {
                prop_assert_eq!(left(item), 0, "{:?} waits while {:?} is paid", item, newer);
            }
        }
        let anything_left = items.iter().any(|item| left(item) > 0);
        prop_assert!(!(anything_left && split.credit_on_account.is_positive()));
    }

    #[test]
    fn more_money_never_lowers_a_line_and_of_a_share_at_most_the_odd_unit(
        order in any_order(),
        (items, direction) in directed(any_items()),
        amount in any_amount(),
        more in prop_oneof![1..5_i64, 1..50_000_i64],
    ) {
        let split = |amount| by_bill(&allocate(order, &items, amount, &direction, today()));
        let (less, more) = (split(amount), split(MinorUnits::new(amount.get().saturating_add(more))));
        let odd_unit = i64::from(order == AllocationOrder::Proportional);
        for (bill, amount) in less {
            prop_assert!(more.get(&bill).copied().unwrap_or(0) >= amount - odd_unit);
        }
    }

    #[test]
    fn a_proportional_share_is_its_exact_part_rounded_down_or_up(
        items in any_items(),
        amount in any_amount(),
    ) {
        let order = AllocationOrder::Proportional;
        let given = by_bill(&allocate(order, &items, amount, &Direction::default(), today()));
        let whole: i128 = items.iter().map(|item| i128::from(item.available().get())).sum();
        let part = whole.min(i128::from(amount.get())).max(0);
        prop_assert_eq!(given.values().map(|share| i128::from(*share)).sum::<i128>(), part);
        for item in items.iter().filter(|item| item.available().is_positive()) {
            let product = i128::from(item.available().get()) * part;
            let share = i128::from(given.get(&item.bill_id).copied().unwrap_or(0));
            let round_up = i128::from(product % whole != 0);
            prop_assert!(share == product / whole || share == product / whole + round_up);
        }
    }

    #[test]
    fn the_order_in_which_bills_are_given_does_not_matter(
        order in any_order(),
        ((items, direction), shuffled, amount) in directed(any_items()).prop_flat_map(
            |(items, direction)| {
                let (shuffled, amount) = (Just(items.clone()).prop_shuffle(), amount_near(&items));
                (Just((items, direction)), shuffled, amount)
            }
        ),
    ) {
        let split = |items| allocate(order, items, amount, &direction, today());
        prop_assert_eq!(split(&items), split(&shuffled));
        let paid = Money::new(amount, Currency::USD);
        let mark = |items| fingerprint(order, items, paid, &direction);
        prop_assert_eq!(mark(&items), mark(&shuffled));
    }

    #[test]
    fn a_single_line_asked_for_is_the_line_of_the_whole_split(
        order in select(ORDERS_WITH_A_SHORT_CUT.to_vec()),
        items in any_items(),
        amount in any_amount(),
    ) {
        let ordered = OrderedItems::new(order, &items, today());
        let split = ordered.allocate(amount);
        for at in 0..ordered.len() + 1 {
            prop_assert_eq!(ordered.line_at(at, amount), split.lines.get(at).copied());
        }
        let whole = split.lines.iter().filter(|line| line.after.is_zero()).count();
        prop_assert_eq!(ordered.settled_whole(amount), whole);
        for (at, line) in split.lines.iter().enumerate() {
            prop_assert_eq!(ordered.position(line.bill_id), at);
        }
    }

    #[test]
    fn a_payment_is_refused_exactly_where_a_rule_says_so(
        (items, direction, amount) in payments(),
        rules in rules(),
    ) {
        let answer = preview(&account(&items, rules), amount, &direction);
        prop_assert_eq!(answer.is_ok(), may_be_paid(&items, &rules, amount.get(), &direction));
    }

    #[test]
    fn a_preview_shows_the_split_and_what_it_leaves(
        (items, direction, amount) in payments(),
        rules in rules(),
    ) {
        let account = account(&items, rules);
        let Ok(preview) = preview(&account, amount, &direction) else { return Ok(()) };
        let split = allocate(rules.order, &items, amount, &direction, today());
        let lines: Vec<_> = preview.lines.iter().map(|l| (l.bill_id, l.amount)).collect();
        let expected: Vec<_> = split.lines.iter().map(|l| (l.bill_id, l.amount)).collect();
        prop_assert_eq!(lines, expected);
        let paid = i64::try_from(sum_of_lines(&split)).unwrap();
        prop_assert_eq!(preview.owed_after.get(), preview.owed_before.get() - paid);
        prop_assert_eq!(preview.credit_added, split.credit_on_account);
        let credit_after = preview.credit_before.get() + preview.credit_added.get();
        prop_assert_eq!(preview.credit_after.get(), credit_after);
        prop_assert!(preview.past_due_after <= preview.past_due_before);
        let paid_as_shown = Money::new(amount, Currency::USD);
        let mark = fingerprint(rules.order, &items, paid_as_shown, &direction);
        prop_assert_eq!(preview.fingerprint, mark);
    }

    #[test]
    fn a_preview_of_anything_ends_in_an_answer(
        (items, direction) in directed(any_items()),
        amount in any_amount(),
        rules in rules(),
    ) {
        let account = account(&items, rules);
        let _ = preview(&account, amount, &direction);
        let _ = suggested_amounts(&account);
    }

    #[test]
    fn the_nearest_amounts_of_a_refusal_work_and_nothing_between_them_does(
        items in plausible_items(),
        below in 1..50_i64,
        mut rules in rules(),
    ) {
        rules.gateway_minimum = MinorUnits::new(50);
        let account = account(&items, rules);
        let owed: i64 = items.iter().map(|item| item.available().get()).sum();
        let refused = preview(&account, MinorUnits::new(owed - below), &Direction::default());
        let Err(PreviewRefusal::Amount(AmountRefusal::RestTooSmall { rest, lower, upper })) =
            refused else { return Ok(()) };
        prop_assert_eq!(rest.get(), below);
        for amount in [lower, upper].into_iter().flatten() {
            prop_assert!(preview(&account, amount, &Direction::default()).is_ok(), "{:?}", amount);
        }
        for between in owed - 49..owed {
            let amount = MinorUnits::new(between);
            prop_assert!(preview(&account, amount, &Direction::default()).is_err(), "{}", between);
        }
    }

    #[test]
    fn every_suggested_amount_can_be_paid(items in plausible_items(), rules in rules()) {
        let account = account(&items, rules);
        for choice in suggested_amounts(&account) {
            let answer = preview(&account, choice.amount, &Direction::default());
            prop_assert!(answer.is_ok(), "{:?} {:?}", choice, answer);
        }
    }

    #[test]
    fn the_fingerprint_changes_with_anything_the_split_depends_on_and_with_nothing_else(
        (items, direction, amount) in payments(),
        order in any_order(),
        at in any::<prop::sample::Index>(),
        change in select(ITEM_CHANGES.to_vec()),
    ) {
        if items.is_empty() {
            return Ok(());
        }
        let paid = Money::new(amount, Currency::USD);
        let before = fingerprint(order, &items, paid, &direction);
        let mut changed = items.clone();
        let item = &mut changed[at.index(items.len())];
        let was_payable = item.available().is_positive();
        change(item);
        let matters = was_payable || item.available().is_positive();
        let after = fingerprint(order, &changed, paid, &direction);
        prop_assert_eq!(before != after, matters);

        let other = |order, paid, direction: &Direction| fingerprint(order, &items, paid, direction);
        for another in AllocationOrder::ALL.into_iter().filter(|another| *another != order) {
            prop_assert_ne!(&before, &other(another, paid, &direction));
        }
        let more = Money::new(MinorUnits::new(amount.get() + 1), Currency::USD);
        prop_assert_ne!(&before, &other(order, more, &direction));
        prop_assert_ne!(&before, &other(order, Money::new(amount, Currency::EUR), &direction));
        let keeps_nothing =
            Direction { bills: Vec::new(), rest: RestOfDirection::StaysOnAccount };
        let nothing_chosen = other(order, paid, &Direction::default());
        prop_assert_eq!(nothing_chosen, other(order, paid, &keeps_nothing));
        let mut redirected = direction.clone();
        let (bill_id, one) = (items[0].bill_id, MinorUnits::new(1));
        redirected.bills.push(DirectedAmount { bill_id, amount: one });
        prop_assert_ne!(&before, &other(order, paid, &redirected));
        let mut kept = redirected.clone();
        kept.rest = match kept.rest {
            RestOfDirection::FollowsOrder => RestOfDirection::StaysOnAccount,
            RestOfDirection::StaysOnAccount => RestOfDirection::FollowsOrder,
        };
        prop_assert_ne!(other(order, paid, &redirected), other(order, paid, &kept));
    }
}

/// All but the proportional one, where every line moves with every unit.
const ORDERS_WITH_A_SHORT_CUT: [AllocationOrder; 5] = [
    AllocationOrder::OldestDueFirst,
    AllocationOrder::OldestBillFirst,
    AllocationOrder::NewestFirst,
    AllocationOrder::SmallestFirst,
    AllocationOrder::WholeBillsOnly,
];

type ItemChange = fn(&mut OpenItem);

/// Every field of an item that the split, or the words beside it, depend on.
const ITEM_CHANGES: &[ItemChange] = &[
    |item| item.open = MinorUnits::new(item.open.get() + 1),
    |item| item.in_flight = item.open,
    |item| item.issued_on = item.issued_on.plus_days(1),
    |item| item.due_on = item.due_on.map_or(Some(today()), |due| Some(due.plus_days(1))),
    |item| item.bill_number.push('0'),
    |item| item.bill_id = BillId::from_parts(1, &[0; 10]),
];

/// RULES in plain arithmetic, apart from the code under test.
fn may_be_paid(items: &[OpenItem], rules: &PaymentRules, amount: i64, chosen: &Direction) -> bool {
    let free = |item: &OpenItem| match item.standing {
        Standing::Issued => (item.open.get() - item.in_flight.get()).max(0),
        _ => 0,
    };
    if !chosen.bills.is_empty() && !direction_fits(items, rules, amount, chosen, &free) {
        return false;
    }
    let owed: i64 = items.iter().map(free).sum();
    let (minimum, usual) = (rules.gateway_minimum.get(), rules.smallest_payment.get());
    let reaches_minimum = amount > 0 && amount >= minimum;
    let is_all_of_a_small_balance = owed > 0 && amount >= owed;
    let large_enough = reaches_minimum && (amount >= usual || is_all_of_a_small_balance);
    let fits = rules.overpayment == Overpayment::Credit || amount <= owed;
    let rest = (owed - amount).max(0);
    let strands_a_rest = rest > 0 && rest < minimum;
    large_enough
        && fits
        && amount <= rules.largest_payment.get()
        && !strands_a_rest
        && parts_fit(items, rules, amount, chosen, &free)
}

fn direction_fits(
    items: &[OpenItem],
    rules: &PaymentRules,
    amount: i64,
    chosen: &Direction,
    free: &dyn Fn(&OpenItem) -> i64,
) -> bool {
    let named: BTreeMap<BillId, i64> =
        chosen.bills.iter().map(|bill| (bill.bill_id, bill.amount.get())).collect();
    rules.directions
        && named.len() == chosen.bills.len()
        && named.values().sum::<i64>() <= amount
        && named.iter().all(|(id, amount)| {
            let item = items.iter().find(|item| item.bill_id == *id);
            item.is_some_and(|item| *amount > 0 && *amount <= free(item))
        })
}

fn parts_fit(
    items: &[OpenItem],
    rules: &PaymentRules,
    amount: i64,
    chosen: &Direction,
    free: &dyn Fn(&OpenItem) -> i64,
) -> bool {
    let split = allocate(rules.order, items, MinorUnits::new(amount), chosen, today());
    let given = by_bill(&split);
    items.iter().all(|item| match (given.get(&item.bill_id), item.part_payment) {
        (None, _) | (_, PartPayment::Any) => true,
        (Some(part), PartPayment::Never) => *part == free(item),
        (Some(part), PartPayment::AtLeast(least)) => *part >= least.get().min(free(item)),
    })
}

#[test]
fn no_direction_names_more_than_a_hundred_bills() {
    let items: Vec<OpenItem> = (0..101_u8)
        .map(|at| OpenItem {
            bill_id: BillId::from_parts(0, &[at; 10]),
            bill_number: at.to_string(),
            issued_on: CivilDate::parse("2026-10-01").unwrap(),
            due_on: None,
            total: MinorUnits::new(100),
            open: MinorUnits::new(100),
            in_flight: MinorUnits::ZERO,
            standing: Standing::Issued,
            part_payment: PartPayment::Any,
        })
        .collect();
    let direct = |count: usize| {
        let amount = MinorUnits::new(100);
        let bill = |item: &OpenItem| DirectedAmount { bill_id: item.bill_id, amount };
        let bills = items.iter().take(count).map(bill).collect();
        let direction = Direction { bills, rest: RestOfDirection::FollowsOrder };
        direction.check(&items, MinorUnits::new(10_100))
    };
    assert_eq!(direct(100), Ok(()));
    assert_eq!(direct(101), Err(DirectionRefusal::TooManyBills));
    assert_eq!(DirectionRefusal::TooManyBills.code(), "too-many-bills");
}
