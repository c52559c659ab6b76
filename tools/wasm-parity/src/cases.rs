//! The cases: everything about one follows from its number.

use receivables::allocation::{
    AccountSnapshot, AllocationOrder, DirectedAmount, Direction, Overpayment, PaymentRules,
    RestOfDirection, allocate, fingerprint, preview, suggested_amounts,
};
use receivables::calendar::CivilDate;
use receivables::ids::BillId;
use receivables::money::{Currency, MinorUnits, Money};
use receivables::open_item::{OpenItem, PartPayment, Standing};
use receivables::typed_amount::parse_typed_amount;
use receivables::words::{self, Language};

/// Everything the rules answer to case `number`, as text: the split as it goes over the wire,
/// the fingerprint, the preview or the refusal with its words, and amounts printed and read.
pub fn outcome(number: u64) -> String {
    let mut chance = Chance(number);
    let currency = chance.one_of(&[Currency::USD, Currency::JPY, Currency::KWD]);
    let today = day(200);
    let items: Vec<OpenItem> = (0..chance.below(12)).map(|at| item(&mut chance, at)).collect();
    let rules = rules(&mut chance);
    let amount = amount(&mut chance, &items);
    let direction = direction(&mut chance, &items, amount);
    let account = AccountSnapshot {
        currency,
        items: &items,
        credit_on_account: MinorUnits::new(chance.below(500)),
        rules,
        today,
    };

    let split = allocate(rules.order, &items, amount, &direction, today);
    let seen = fingerprint(rules.order, &items, Money::new(amount, currency), &direction);
    let answer = match preview(&account, amount, &direction) {
        Ok(preview) => serde_json::to_string(&preview).unwrap_or_default(),
        Err(refusal) => {
            let numbers = words::bill_numbers(&items);
            let said = words::preview_refusal(Language::EnglishUs, &refusal, currency, numbers);
            format!("refused {} {refusal:?} {said}", refusal.code())
        }
    };
    let shown = Money::new(amount, currency).to_string();
    let typed = shown.replacen(',', chance.one_of(&[",", ".", " ", "'", ""]), 1);
    let read = parse_typed_amount(&typed, currency, Language::EnglishUs.number_style());
    let suggested = suggested_amounts(&account);
    let split = serde_json::to_string(&split).unwrap_or_default();
    format!("{number} {split} {seen:?} {answer} {shown} {read:?} {suggested:?}\n")
}

fn item(chance: &mut Chance, at: i64) -> OpenItem {
    let open = chance.amount();
    OpenItem {
        bill_id: BillId::from_parts(chance.next(), &[u8::try_from(at).unwrap_or(0); 10]),
        bill_number: format!(
            "{}-{}",
            chance.one_of(&["B", "R\u{e9}", "\u{202e}"]),
            chance.below(4)
        ),
        issued_on: day(chance.below(6)),
        due_on: (chance.below(5) > 0).then(|| day(197 + chance.below(7))),
        total: MinorUnits::new(open.max(0)),
        open: MinorUnits::new(open),
        in_flight: MinorUnits::new(if chance.below(4) == 0 { chance.amount() } else { 0 }),
        standing: if chance.below(5) == 0 {
            chance.one_of(&Standing::ALL)
        } else {
            Standing::Issued
        },
        part_payment: match chance.below(12) {
            0 => PartPayment::Never,
            1 => PartPayment::AtLeast(MinorUnits::new(chance.amount())),
            _ => PartPayment::Any,
        },
    }
}

fn rules(chance: &mut Chance) -> PaymentRules {
    PaymentRules {
        order: chance.one_of(&AllocationOrder::ALL),
        overpayment: chance.one_of(&[Overpayment::Refuse, Overpayment::Credit]),
        directions: chance.below(8) > 0,
        smallest_payment: MinorUnits::new(chance.one_of(&[1, 50, 500])),
        gateway_minimum: MinorUnits::new(chance.one_of(&[0, 50])),
        largest_payment: MinorUnits::new(chance.one_of(&[20_000, i64::MAX])),
    }
}

/// Often an amount where something happens: all that is owed, a little less, a little more.
fn amount(chance: &mut Chance, items: &[OpenItem]) -> MinorUnits {
    let owed = items
        .iter()
        .fold(MinorUnits::ZERO, |sum, item| sum.plus_at_most_max(item.available()))
        .get();
    MinorUnits::new(match chance.below(8) {
        0 => owed,
        1 => owed.saturating_sub(chance.below(60)),
        2 => owed.saturating_add(chance.below(60)),
        3 => chance.amount(),
        _ => chance.below(owed.max(1)),
    })
}

fn direction(chance: &mut Chance, items: &[OpenItem], amount: MinorUnits) -> Direction {
    if items.is_empty() || chance.below(3) > 0 {
        return Direction::default();
    }
    let bills = (0..=chance.below(3))
        .map(|_| {
            let item = chance.one_of_slice(items);
            let most = item.available().min(amount).get().max(1);
            let amount = MinorUnits::new(chance.below(most.saturating_add(most / 8).max(2)));
            DirectedAmount { bill_id: item.bill_id, amount }
        })
        .collect();
    let rest = chance.one_of(&[RestOfDirection::FollowsOrder, RestOfDirection::StaysOnAccount]);
    Direction { bills, rest }
}

fn day(number: i64) -> CivilDate {
    let days = i32::try_from(number).unwrap_or(0);
    CivilDate::from_jiff(jiff::civil::date(2026, 5, 1)).plus_days(days)
}

/// SplitMix64: small, the same on every machine, and its whole state is the number of the case.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: i64) -> i64 {
        let end = u64::try_from(end).unwrap_or(1).max(1);
        i64::try_from(self.next() % end).unwrap_or(0)
    }

    /// Mostly what a bill comes to; sometimes nothing, below zero, or at the very limit.
    fn amount(&mut self) -> i64 {
        match self.below(40) {
            0 => 0,
            1 => -self.below(10_000),
            2 => i64::MAX - self.below(3),
            3 => i64::MIN + self.below(3),
            4..10 => self.below(100),
            _ => self.below(20_000),
        }
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        *self.one_of_slice(choices)
    }

    fn one_of_slice<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let at = self.next() % u64::try_from(choices.len()).unwrap_or(1);
        &choices[usize::try_from(at).unwrap_or(0)]
    }
}
