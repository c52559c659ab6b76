//! Suggested amounts: the choices a payer is offered before they type one of their own.

use super::{AccountSnapshot, Direction, allocate, check_amount};
use crate::account_balance::AccountBalance;
use crate::money::MinorUnits;

/// What a suggested amount pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SuggestionKind {
    /// All that is past due or due today.
    DueNow,
    AllYouOwe,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suggestion {
    pub kind: SuggestionKind,
    pub amount: MinorUnits,
}

/// What to offer, in the order to show it; the first is the one to choose beforehand. Money in
/// flight is taken off already. Equal amounts are one choice, *all you owe*, and an amount that
/// would be refused is not offered.
pub fn suggested_amounts(account: &AccountSnapshot<'_>) -> Vec<Suggestion> {
    let balance = AccountBalance::of(account.items, account.today);
    let all = Suggestion { kind: SuggestionKind::AllYouOwe, amount: balance.available };
    let due_now = Suggestion { kind: SuggestionKind::DueNow, amount: balance.due_now };
    let different = due_now.amount != all.amount;
    let choices = different.then_some(due_now).into_iter().chain([all]);
    choices.filter(|choice| is_accepted(account, choice.amount)).collect()
}

fn is_accepted(account: &AccountSnapshot<'_>, amount: MinorUnits) -> bool {
    let AccountSnapshot { items, rules, today, .. } = *account;
    let split = allocate(rules.order, items, amount, &Direction::default(), today);
    check_amount(&rules, items, amount, &split.lines).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation::{AllocationOrder, Overpayment, PaymentRules};
    use crate::calendar::CivilDate;
    use crate::ids::BillId;
    use crate::money::Currency;
    use crate::open_item::{OpenItem, PartPayment, Standing};
    use SuggestionKind::{AllYouOwe, DueNow};

    const RULES: PaymentRules = PaymentRules {
        order: AllocationOrder::OldestDueFirst,
        overpayment: Overpayment::Refuse,
        directions: true,
        smallest_payment: MinorUnits::new(500),
        gateway_minimum: MinorUnits::new(50),
        largest_payment: MinorUnits::new(100_000),
    };

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

    fn suggested(items: &[OpenItem], rules: PaymentRules) -> Vec<(SuggestionKind, i64)> {
        let account = AccountSnapshot {
            currency: Currency::USD,
            items,
            credit_on_account: MinorUnits::ZERO,
            rules,
            today: CivilDate::parse("2026-11-22").unwrap(),
        };
        suggested_amounts(&account).iter().map(|s| (s.kind, s.amount.get())).collect()
    }

    #[test]
    fn what_is_due_now_is_offered_before_all_that_is_owed() {
        let items = [
            bill(1, "2026-11-01", 3_000),
            bill(2, "2026-11-22", 5_000),
            bill(3, "2026-11-23", 7_500),
        ];
        assert_eq!(suggested(&items, RULES), [(DueNow, 8_000), (AllYouOwe, 15_500)]);
    }

    #[test]
    fn two_equal_amounts_are_one_choice() {
        assert_eq!(suggested(&[bill(1, "2026-11-01", 3_000)], RULES), [(AllYouOwe, 3_000)]);
    }

    #[test]
    fn where_nothing_is_due_now_all_you_owe_is_the_first_choice() {
        assert_eq!(suggested(&[bill(1, "2026-12-01", 3_000)], RULES), [(AllYouOwe, 3_000)]);
        assert_eq!(suggested(&[bill(1, "no due date", 3_000)], RULES), [(AllYouOwe, 3_000)]);
    }

    #[test]
    fn money_in_flight_and_bills_on_hold_are_not_offered_again() {
        let mut items = [bill(1, "2026-11-01", 3_000), bill(2, "2026-12-01", 5_000)];
        items[0].in_flight = MinorUnits::new(1_000);
        assert_eq!(suggested(&items, RULES), [(DueNow, 2_000), (AllYouOwe, 7_000)]);
        items[0].standing = Standing::InDispute;
        assert_eq!(suggested(&items, RULES), [(AllYouOwe, 5_000)]);
        items[1].in_flight = MinorUnits::new(5_000);
        assert_eq!(suggested(&items, RULES), []);
    }

    #[test]
    fn an_amount_that_would_be_refused_is_not_offered() {
        let strands_a_rest = [bill(1, "2026-11-01", 3_000), bill(2, "2026-12-01", 49)];
        assert_eq!(suggested(&strands_a_rest, RULES), [(AllYouOwe, 3_049)]);
        let below_the_smallest = [bill(1, "2026-11-01", 499), bill(2, "2026-12-01", 5_000)];
        assert_eq!(suggested(&below_the_smallest, RULES), [(AllYouOwe, 5_499)]);
        let too_much = [bill(1, "2026-11-01", 100_000), bill(2, "2026-12-01", 1_000)];
        assert_eq!(suggested(&too_much, RULES), [(DueNow, 100_000)]);
        assert_eq!(suggested(&[bill(1, "2026-11-01", 49)], RULES), []);
        let mut newest_first_part = [bill(1, "2026-11-01", 600), bill(2, "2026-12-01", 5_000)];
        newest_first_part[1].issued_on = CivilDate::parse("2026-11-01").unwrap();
        newest_first_part[1].part_payment = PartPayment::Never;
        let newest_first = PaymentRules { order: AllocationOrder::NewestFirst, ..RULES };
        assert_eq!(suggested(&newest_first_part, newest_first), [(AllYouOwe, 5_600)]);
    }

    #[test]
    fn a_balance_below_the_smallest_payment_may_be_paid_whole() {
        assert_eq!(suggested(&[bill(1, "2026-11-01", 320)], RULES), [(AllYouOwe, 320)]);
    }

    #[test]
    fn nothing_is_offered_where_nothing_is_owed_even_when_credit_is_welcome() {
        let credit = PaymentRules { overpayment: Overpayment::Credit, ..RULES };
        assert_eq!(suggested(&[], credit), []);
        assert_eq!(suggested(&[bill(1, "2026-11-01", 0)], credit), []);
    }
}
