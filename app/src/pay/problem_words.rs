//! What is wrong with an amount, in words, and at which field it is said.

use receivables::allocation::{DirectionRefusal, PreviewRefusal};
use receivables::api::accounts::CurrentBill;
use receivables::ids::BillId;
use receivables::typed_amount::TypedAmountError;
use receivables::words::{self, Message};

use super::draft::{Choice, Draft, DraftProblem};
use crate::ui::field::FieldError;
use crate::ui::words::{language, say};

/// Ids of the fields errors point to.
pub const AMOUNT: &str = "amount";
pub const CHOICES: &str = "choices";
pub const TOTAL: &str = "total";

pub fn bill_field(bill: BillId) -> String {
    format!("amount-{bill}")
}

pub fn problem(problem: &DraftProblem, draft: &Draft, bill: &CurrentBill) -> FieldError {
    let (field, words) = match problem {
        DraftProblem::NothingChosen => (CHOICES.into(), say(Message::AmountNothingChosen).into()),
        DraftProblem::NoBillChosen => (CHOICES.into(), say(Message::NoBillChosen).into()),
        DraftProblem::Amount(error) => (AMOUNT.into(), typed_words(error, &draft.typed, bill)),
        DraftProblem::Total(error) => (TOTAL.into(), typed_words(error, &draft.total_typed, bill)),
        DraftProblem::Bill(id, error) => {
            (bill_field(*id), typed_words(error, &draft.typed_for(*id), bill))
        }
        DraftProblem::Refused(refusal) => {
            let field = match (draft.choice, refusal) {
                (_, PreviewRefusal::Direction(refusal)) => direction_field(refusal),
                (Some(Choice::Another), _) => AMOUNT.into(),
                (Some(Choice::ChosenBills), _) => TOTAL.into(),
                _ => CHOICES.into(),
            };
            let number_of = |id| {
                let due = bill.due_periods.iter().find(|due| due.item.bill_id == id);
                due.map(|due| due.item.bill_number.clone())
            };
            let currency = bill.account.currency;
            (field, words::preview_refusal(language(), refusal, currency, number_of))
        }
    };
    FieldError { field, words }
}

fn typed_words(error: &TypedAmountError, typed: &str, bill: &CurrentBill) -> String {
    words::typed_amount_error(language(), error, typed.trim(), bill.account.currency)
}

fn direction_field(refusal: &DirectionRefusal) -> String {
    match refusal {
        DirectionRefusal::BillNamedTwice { bill_id }
        | DirectionRefusal::BillNotPayable { bill_id }
        | DirectionRefusal::NotPositive { bill_id }
        | DirectionRefusal::MoreThanAvailable { bill_id, .. } => bill_field(*bill_id),
        DirectionRefusal::MoreThanPayment { .. } => TOTAL.into(),
        DirectionRefusal::SwitchedOff | DirectionRefusal::TooManyBills => CHOICES.into(),
    }
}
