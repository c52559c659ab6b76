//! Reads `give_back_cases.txt`, which explains itself, and holds the rules to it; then properties
//! over any applications, also ones that no book should hold.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

#[path = "support/how_many.rs"]
mod how_many;

use proptest::collection::vec;
use proptest::prelude::*;
use receivables::calendar::{CivilDate, Micros};
use receivables::give_back::{Applied, WasReopened, give_back, put_back};
use receivables::ids::{ApplicationId, BillId};
use receivables::money::{Currency, MinorUnits, Money};
use receivables::typed_amount::{NumberStyle, parse_typed_amount};

const CASES: &str = include_str!("../give_back_cases.txt");

#[derive(Default)]
struct Case {
    title: String,
    names: BTreeMap<BillId, String>,
    credit: MinorUnits,
    applied: Vec<Applied>,
    reopened: Vec<WasReopened>,
    got: Vec<String>,
    expected: Vec<String>,
}

fn money(text: &str) -> MinorUnits {
    parse_typed_amount(text, Currency::USD, NumberStyle::ENGLISH).unwrap_or_default()
}

fn shown(amount: MinorUnits) -> String {
    Money::new(amount, Currency::USD).number_text()
}

fn day(text: &str) -> CivilDate {
    CivilDate::parse(text).unwrap()
}

impl Case {
    fn bill(&mut self, name: &str) -> BillId {
        let known = self.names.iter().find(|(_, known)| *known == name).map(|(id, _)| *id);
        known.unwrap_or_else(|| {
            let id = BillId::from_parts(self.names.len() as u64, &[0; 10]);
            self.names.insert(id, name.to_owned());
            id
        })
    }

    fn take(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["credit", amount] if self.got.is_empty() => self.credit = money(amount),
            ["applied", on, bill, "due", due, amount, "left", left] => {
                let bill_id = self.bill(bill);
                let n = self.applied.len() as u64;
                let days = day(on).days_since(day("2026-01-01"));
                self.applied.push(Applied {
                    application_id: ApplicationId::from_parts(n, &[0; 10]),
                    bill_id,
                    bill_number: bill.to_owned(),
                    issued_on: day("2026-08-01"),
                    due_on: CivilDate::parse(due).ok(),
                    recorded_at: Micros(i64::from(days)),
                    amount: money(amount),
                    open: money(left),
                });
            }
            ["returns", bill, amount, "takes", available] => {
                let bill_id = self.bill(bill);
                let (amount, available) = (money(amount), money(available));
                self.reopened.push(WasReopened { bill_id, amount, available });
            }
            ["back", amount] => self.give_back(money(amount)),
            ["returned", amount] => self.put_back(money(amount)),
            _ => self.expected.push(line.to_owned()),
        }
    }

    fn give_back(&mut self, amount: MinorUnits) {
        let given = give_back(&self.applied, self.credit, amount);
        if given.from_credit.is_positive() {
            self.got.push(format!("from credit {}", shown(given.from_credit)));
        }
        for line in given.lines {
            let (name, amount) = (&self.names[&line.bill_id], shown(line.amount));
            self.got.push(format!("takes {name} {amount} open {}", shown(line.after)));
        }
        if given.not_covered.is_positive() {
            self.got.push(format!("not covered {}", shown(given.not_covered)));
        }
    }

    fn put_back(&mut self, amount: MinorUnits) {
        let put = put_back(&self.reopened, amount);
        for (bill_id, amount) in put.lines {
            self.got.push(format!("settles {} {}", self.names[&bill_id], shown(amount)));
        }
        self.got.push(format!("credit {}", shown(put.credit_on_account)));
    }
}

#[test]
fn every_case_of_giving_back_comes_out_as_written() {
    let mut cases: Vec<Case> = Vec::new();
    for line in CASES.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(title) = line.strip_prefix("case ") {
            cases.push(Case { title: title.to_owned(), ..Case::default() });
        } else if let Some(case) = cases.last_mut() {
            case.take(line);
        }
    }
    assert_eq!(cases.len(), 14);
    for case in cases {
        assert_eq!(case.got, case.expected, "case {}", case.title);
    }
}

fn any_amount() -> impl Strategy<Value = MinorUnits> {
    let extremes = proptest::sample::select(vec![i64::MIN, -1, 0, 1, i64::MAX]);
    prop_oneof![8 => 0..50_000_i64, 1 => any::<i64>(), 1 => extremes].prop_map(MinorUnits::new)
}

fn any_applied() -> impl Strategy<Value = Vec<Applied>> {
    let one = (any_amount(), any_amount(), 0..4_u64, 0..3_i64, any::<[u8; 10]>());
    vec(one, 0..10).prop_map(|rows| {
        let applied = |(amount, open, bill, at, chance): (_, _, u64, i64, [u8; 10])| Applied {
            application_id: ApplicationId::from_parts(0, &chance),
            bill_id: BillId::from_parts(bill, &[0; 10]),
            bill_number: format!("B-{bill}"),
            issued_on: day("2026-08-01"),
            due_on: (bill > 0).then(|| day("2026-09-01").plus_days(bill as i32)),
            recorded_at: Micros(at),
            amount,
            open,
        };
        rows.into_iter().map(applied).collect()
    })
}

fn sum(amounts: impl Iterator<Item = MinorUnits>) -> i128 {
    amounts.map(|amount| i128::from(amount.get())).sum()
}

#[test]
fn a_bill_that_several_applications_settled_re_opens_once_with_their_sum() {
    let [one, other] = [1, 2].map(|n| BillId::from_parts(n, &[0; 10]));
    let applied = |n: i64, bill_id: BillId, amount: i64| Applied {
        application_id: ApplicationId::from_parts(n.unsigned_abs(), &[0; 10]),
        bill_id,
        bill_number: bill_id.to_string(),
        issued_on: day("2026-01-01"),
        due_on: None,
        recorded_at: Micros(n),
        amount: MinorUnits::new(amount),
        open: MinorUnits::new(if bill_id == one { 5 } else { 0 }),
    };
    let applied = [applied(1, one, 100), applied(2, other, 30), applied(3, one, 40)];
    let bills = give_back(&applied, MinorUnits::ZERO, MinorUnits::new(170)).bills();
    let found: Vec<_> = bills
        .iter()
        .map(|bill| (bill.bill_id, [bill.before, bill.amount, bill.after].map(MinorUnits::get)))
        .collect();
    assert_eq!(found, [(one, [5, 140, 145]), (other, [0, 30, 30])]);
}

proptest! {
    #![proptest_config(how_many::many())]

    #[test]
    fn what_goes_back_always_comes_to_the_amount(
        applied in any_applied(), credit in any_amount(), amount in any_amount(),
    ) {
        let given = give_back(&applied, credit, amount);
        let lines = sum(given.lines.iter().map(|line| line.amount));
        let all = lines + i128::from(given.from_credit.get()) + i128::from(given.not_covered.get());
        prop_assert_eq!(all, i128::from(amount.get()));
        prop_assert!(given.from_credit >= MinorUnits::ZERO);
        prop_assert!(given.from_credit <= credit.max(MinorUnits::ZERO));
        let bills = given.bills();
        prop_assert_eq!(sum(bills.iter().map(|bill| bill.amount)), lines);
    }

    #[test]
    fn no_line_takes_back_more_than_was_applied_and_no_bill_opens_before_credit_is_spent(
        applied in any_applied(), credit in any_amount(), amount in any_amount(),
    ) {
        let given = give_back(&applied, credit, amount);
        for line in &given.lines {
            let of = applied.iter().find(|a| a.application_id == line.application_id).unwrap();
            prop_assert!(line.amount.is_positive() && line.amount <= of.amount);
            let again = given.lines.iter().filter(|l| l.application_id == line.application_id);
            prop_assert_eq!(again.count(), 1);
            prop_assert_eq!(given.from_credit, credit.max(MinorUnits::ZERO));
        }
        // Nothing is called uncovered while an application still settles something.
        if given.not_covered.is_positive() {
            let held = applied.iter().map(|a| a.amount.max(MinorUnits::ZERO));
            prop_assert_eq!(sum(held), sum(given.lines.iter().map(|line| line.amount)));
        }
    }

    #[test]
    fn the_order_in_which_applications_are_given_does_not_matter(
        applied in any_applied(), credit in any_amount(), amount in any_amount(),
    ) {
        let mut turned = applied.clone();
        turned.reverse();
        prop_assert_eq!(give_back(&applied, credit, amount), give_back(&turned, credit, amount));
    }

    #[test]
    fn what_is_put_back_always_comes_to_the_amount_and_never_overpays_a_bill(
        rows in vec((any_amount(), any_amount(), 0..4_u64), 0..8), amount in any_amount(),
    ) {
        let reopened: Vec<WasReopened> = rows.iter().map(|(amount, _, bill)| {
            // One bill has one amount that it can take.
            let available = rows.iter().find(|(_, _, b)| b == bill).unwrap().1;
            let bill_id = BillId::from_parts(*bill, &[0; 10]);
            WasReopened { bill_id, amount: *amount, available }
        }).collect();
        let put = put_back(&reopened, amount);
        let lines = sum(put.lines.iter().map(|(_, some)| *some));
        prop_assert_eq!(lines + i128::from(put.credit_on_account.get()), i128::from(amount.get()));
        for bill in &reopened {
            let to_it = put.lines.iter().filter(|(id, _)| *id == bill.bill_id);
            let settled = sum(to_it.map(|(_, some)| *some));
            prop_assert!(settled <= i128::from(bill.available.get().max(0)));
        }
    }
}
