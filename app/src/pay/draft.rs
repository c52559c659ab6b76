//! What the payer has chosen so far, before anything is started. No views here.

use receivables::account_balance::AccountBalance;
use receivables::allocation::{
    AccountSnapshot, DirectedAmount, Direction, Preview, PreviewRefusal, RestOfDirection,
    SuggestionKind, preview, suggested_amounts,
};
use receivables::ids::BillId;
use receivables::money::{Currency, MinorUnits};
use receivables::open_item::OpenItem;
use receivables::typed_amount::{NumberStyle, TypedAmountError, parse_typed_amount};
use serde::{Deserialize, Serialize};

/// "Choose bills yourself" shows every bill with a field; more than this is no choice.
pub const CHOICE_AT_MOST: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Choice {
    DueNow,
    AllOwed,
    Another,
    ChosenBills,
}

/// Kept by this tab as it is typed, so that errors, reload and Back lose nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    pub choice: Option<Choice>,
    pub typed: String,
    pub chosen: Vec<ChosenBill>,
    /// More than the chosen bills, if the payer wants; the rest follows the order.
    pub total_typed: String,
    /// Credit on account goes first unless the payer wants to keep it.
    #[serde(default)]
    pub keep_credit: bool,
    /// What the payer saw when going on to check and pay.
    pub seen: Option<Seen>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChosenBill {
    pub bill_id: BillId,
    pub typed: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub direction: Direction,
    pub preview: Preview,
    /// Credit on account goes first, and the preview is of what it leaves.
    #[serde(default)]
    pub uses_credit: bool,
}

/// An amount, and which bills it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub amount: MinorUnits,
    pub direction: Direction,
}

/// One of the sums offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    pub choice: Choice,
    pub amount: Option<MinorUnits>,
    /// It stands for "due now" and "all you owe" alike.
    pub merged: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DraftProblem {
    NothingChosen,
    NoBillChosen,
    Amount(TypedAmountError),
    Total(TypedAmountError),
    Bill(BillId, TypedAmountError),
    Refused(PreviewRefusal),
}

/// What a draft is read against.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    pub account: &'a AccountSnapshot<'a>,
    pub balance: AccountBalance,
    pub style: NumberStyle,
}

impl Reader<'_> {
    fn read(&self, text: &str) -> Result<MinorUnits, TypedAmountError> {
        parse_typed_amount(text, self.currency(), self.style)
    }

    fn currency(&self) -> Currency {
        self.account.currency
    }
}

/// The choices offered, in order.
pub fn presets(reader: Reader<'_>) -> Vec<Preset> {
    let rules = reader.account.rules;
    let merged = reader.balance.due_now == reader.balance.available;
    let mut presets: Vec<Preset> = suggested_amounts(reader.account)
        .into_iter()
        .map(|suggestion| match suggestion.kind {
            SuggestionKind::DueNow => (Choice::DueNow, suggestion.amount, false),
            SuggestionKind::AllYouOwe => (Choice::AllOwed, suggestion.amount, merged),
        })
        .map(|(choice, amount, merged)| Preset { choice, amount: Some(amount), merged })
        .collect();
    presets.push(Preset { choice: Choice::Another, amount: None, merged: false });
    let payable = payable(reader.account.items).count();
    if rules.directions && (2..=CHOICE_AT_MOST).contains(&payable) {
        presets.push(Preset { choice: Choice::ChosenBills, amount: None, merged: false });
    }
    presets
}

pub fn payable(items: &[OpenItem]) -> impl Iterator<Item = &OpenItem> {
    items.iter().filter(|item| item.available().is_positive())
}

impl Draft {
    /// A new draft: due now where something is due, else all.
    pub fn new(presets: &[Preset]) -> Self {
        let choice = presets.first().map(|preset| preset.choice);
        Self { choice, ..Self::default() }
    }

    /// Is what is remembered still one of the choices?
    pub fn fits(&self, presets: &[Preset]) -> bool {
        self.choice.is_some_and(|choice| presets.iter().any(|preset| preset.choice == choice))
    }

    /// What the payer asks for, or the first thing that cannot be read.
    pub fn asked(&self, reader: Reader<'_>) -> Result<Asked, DraftProblem> {
        let whole = |amount| Ok(Asked { amount, direction: Direction::default() });
        match self.choice {
            None => Err(DraftProblem::NothingChosen),
            Some(Choice::DueNow) => whole(reader.balance.due_now),
            Some(Choice::AllOwed) => whole(reader.balance.available),
            Some(Choice::Another) => whole(reader.read(&self.typed).map_err(DraftProblem::Amount)?),
            Some(Choice::ChosenBills) => self.asked_by_bill(reader),
        }
    }

    fn asked_by_bill(&self, reader: Reader<'_>) -> Result<Asked, DraftProblem> {
        if self.chosen.is_empty() {
            return Err(DraftProblem::NoBillChosen);
        }
        let mut bills = Vec::with_capacity(self.chosen.len());
        let mut sum = MinorUnits::ZERO;
        for ChosenBill { bill_id, typed } in &self.chosen {
            let bill_id = *bill_id;
            let amount = reader.read(typed).map_err(|error| DraftProblem::Bill(bill_id, error))?;
            sum = sum
                .checked_add(amount)
                .map_err(|_| DraftProblem::Bill(bill_id, TypedAmountError::TooLarge))?;
            bills.push(DirectedAmount { bill_id, amount });
        }
        let amount = match reader.read(&self.total_typed) {
            Ok(total) => total,
            Err(TypedAmountError::Empty) => sum,
            Err(error) => return Err(DraftProblem::Total(error)),
        };
        Ok(Asked { amount, direction: Direction { bills, rest: RestOfDirection::FollowsOrder } })
    }

    pub fn is_chosen(&self, bill: BillId) -> bool {
        self.chosen.iter().any(|chosen| chosen.bill_id == bill)
    }

    /// A tick takes the bill's whole rest; another tick lets it go.
    pub fn tick(&mut self, bill: BillId, whole: &str) {
        if self.is_chosen(bill) {
            self.chosen.retain(|chosen| chosen.bill_id != bill);
        } else {
            self.chosen.push(ChosenBill { bill_id: bill, typed: whole.to_owned() });
        }
    }

    /// Typing an amount chooses the bill; an emptied field lets it go.
    pub fn type_for(&mut self, bill: BillId, typed: String) {
        match self.chosen.iter_mut().find(|chosen| chosen.bill_id == bill) {
            _ if typed.trim().is_empty() => self.chosen.retain(|chosen| chosen.bill_id != bill),
            Some(chosen) => chosen.typed = typed,
            None => self.chosen.push(ChosenBill { bill_id: bill, typed }),
        }
    }

    pub fn typed_for(&self, bill: BillId) -> String {
        let chosen = self.chosen.iter().find(|chosen| chosen.bill_id == bill);
        chosen.map(|chosen| chosen.typed.clone()).unwrap_or_default()
    }
}

/// May the payer pay what is asked, and what would it do?
pub fn split(reader: Reader<'_>, asked: &Asked) -> Result<Preview, DraftProblem> {
    preview(reader.account, asked.amount, &asked.direction).map_err(DraftProblem::Refused)
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
