//! Stories of the draft, told natively.

use receivables::allocation::{AllocationOrder, Overpayment, PaymentRules};
use receivables::calendar::CivilDate;
use receivables::open_item::{PartPayment, Standing};

use super::*;

const TODAY: &str = "2026-11-22";

fn day(text: &str) -> CivilDate {
    CivilDate::parse(text).unwrap()
}

fn id(number: u8) -> BillId {
    BillId::from_parts(1, &[number; 10])
}

fn item(number: u8, open: i64, due_on: &str) -> OpenItem {
    OpenItem {
        bill_id: id(number),
        bill_number: format!("B-{number}"),
        issued_on: day("2026-08-01"),
        due_on: Some(day(due_on)),
        total: MinorUnits::new(open),
        open: MinorUnits::new(open),
        in_flight: MinorUnits::ZERO,
        standing: Standing::Issued,
        part_payment: PartPayment::Any,
    }
}

fn rules() -> PaymentRules {
    PaymentRules {
        order: AllocationOrder::OldestDueFirst,
        overpayment: Overpayment::Refuse,
        directions: true,
        smallest_payment: MinorUnits::new(500),
        gateway_minimum: MinorUnits::new(50),
        largest_payment: MinorUnits::new(1_000_000),
    }
}

fn read<T>(items: &[OpenItem], rules: PaymentRules, with: impl Fn(Reader<'_>) -> T) -> T {
    let today = day(TODAY);
    let account = AccountSnapshot {
        currency: Currency::USD,
        items,
        credit_on_account: MinorUnits::ZERO,
        rules,
        today,
    };
    let balance = AccountBalance::of(items, today);
    with(Reader { account: &account, balance, style: NumberStyle::ENGLISH })
}

fn due_and_later() -> Vec<OpenItem> {
    vec![item(1, 8_000, "2026-11-01"), item(2, 7_500, "2026-12-01")]
}

#[test]
fn due_now_comes_first_then_all_you_owe_then_another_amount_then_a_choice_of_bills() {
    let presets = read(&due_and_later(), rules(), presets);
    let choices: Vec<_> = presets.iter().map(|preset| (preset.choice, preset.amount)).collect();
    assert_eq!(
        choices,
        [
            (Choice::DueNow, Some(MinorUnits::new(8_000))),
            (Choice::AllOwed, Some(MinorUnits::new(15_500))),
            (Choice::Another, None),
            (Choice::ChosenBills, None),
        ]
    );
    assert_eq!(Draft::new(&presets).choice, Some(Choice::DueNow));
}

#[test]
fn equal_sums_are_offered_once_and_nothing_due_starts_with_all() {
    let all_due = read(&[item(1, 8_000, "2026-11-01")], rules(), presets);
    assert_eq!(
        all_due.iter().map(|p| p.choice).collect::<Vec<_>>(),
        [Choice::AllOwed, Choice::Another]
    );
    assert!(all_due[0].merged);
    let none_due = read(&[item(1, 8_000, "2026-12-01")], rules(), presets);
    assert_eq!(Draft::new(&none_due).choice, Some(Choice::AllOwed));
    assert!(!none_due[0].merged);
}

#[test]
fn a_sum_that_would_be_refused_is_not_offered() {
    // Paying the 80.00 now would strand 0.20.
    let strands = [item(1, 8_000, "2026-11-01"), item(2, 20, "2026-12-01")];
    let choices: Vec<_> = read(&strands, rules(), presets).iter().map(|p| p.choice).collect();
    assert!(!choices.contains(&Choice::DueNow));
    assert!(choices.contains(&Choice::AllOwed));
}

#[test]
fn a_biller_may_switch_the_choice_of_bills_off() {
    let off = PaymentRules { directions: false, ..rules() };
    let choices: Vec<_> = read(&due_and_later(), off, presets).iter().map(|p| p.choice).collect();
    assert!(!choices.contains(&Choice::ChosenBills));
}

#[test]
fn another_amount_is_read_as_people_type_it_and_kept_when_it_cannot_be_read() {
    let draft = |typed: &str| Draft {
        choice: Some(Choice::Another),
        typed: typed.into(),
        ..Draft::default()
    };
    let asked = |typed: &str| read(&due_and_later(), rules(), |r| draft(typed).asked(r));
    assert_eq!(asked("$45,50").unwrap().amount, MinorUnits::new(4_550));
    assert_eq!(asked("").unwrap_err(), DraftProblem::Amount(TypedAmountError::Empty));
    assert_eq!(asked("-5").unwrap_err(), DraftProblem::Amount(TypedAmountError::Sign));
}

#[test]
fn chosen_bills_are_the_payment_and_anything_above_them_follows_the_order() {
    let items = due_and_later();
    let mut draft = Draft { choice: Some(Choice::ChosenBills), ..Draft::default() };
    let asked = |draft: &Draft| read(&items, rules(), |r| draft.asked(r));
    assert_eq!(asked(&draft).unwrap_err(), DraftProblem::NoBillChosen);
    draft.tick(id(2), "75.00");
    assert_eq!(asked(&draft).unwrap().amount, MinorUnits::new(7_500));
    draft.total_typed = "100".into();
    let asked = asked(&draft).unwrap();
    assert_eq!(asked.amount, MinorUnits::new(10_000));
    let lines = read(&items, rules(), |r| split(r, &asked)).unwrap().lines;
    let given: Vec<_> = lines.iter().map(|line| (line.bill_id, line.amount.get())).collect();
    assert_eq!(given, [(id(1), 2_500), (id(2), 7_500)]);
}

#[test]
fn a_second_tick_and_an_emptied_field_let_a_bill_go() {
    let mut draft = Draft::default();
    draft.tick(id(1), "80.00");
    draft.tick(id(1), "80.00");
    assert!(draft.chosen.is_empty());
    draft.type_for(id(1), "5".into());
    assert!(draft.is_chosen(id(1)));
    draft.type_for(id(1), " ".into());
    assert!(!draft.is_chosen(id(1)));
}

#[test]
fn a_draft_survives_a_reload() {
    let mut draft = Draft { choice: Some(Choice::Another), typed: "45".into(), ..Draft::default() };
    draft.seen = read(&due_and_later(), rules(), |reader| {
        let asked = draft.asked(reader).unwrap();
        let preview = split(reader, &asked).unwrap();
        Some(Seen { direction: asked.direction, preview, uses_credit: false })
    });
    let text = serde_json::to_string(&draft).unwrap();
    assert_eq!(crate::json::read::<Draft>(&text).unwrap(), draft);
}
