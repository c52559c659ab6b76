//! Fields of the desk's forms, and reading them.

use leptos::prelude::*;
use receivables::allocation::DirectedAmount;
use receivables::ids::BillId;
use receivables::money::{Currency, MinorUnits};
use receivables::typed_amount::{TypedAmountError, parse_typed_amount};
use receivables::words::typed_amount_error;

use crate::ui::field::{FieldError, FieldErrors, described_by, field_error, is_wrong};
use crate::ui::view::{El, Show, View, el, views};
use crate::ui::words::language;

/// A field of one line.
pub struct Field {
    pub id: &'static str,
    pub label: &'static str,
    pub hint: &'static str,
    pub typed: RwSignal<String>,
}

impl Field {
    pub fn new(id: &'static str, label: &'static str, hint: &'static str) -> Self {
        Self { id, label, hint, typed: RwSignal::new(String::new()) }
    }

    pub fn text(&self, errors: FieldErrors) -> View {
        self.around(errors, self.input(errors, ""))
    }

    /// Taken as people type sums.
    pub fn sum(&self, errors: FieldErrors, currency: Currency) -> View {
        let sign = el("span").class("amount-sign").attr("aria-hidden", "true");
        let sign = sign.child(currency.sign().to_owned());
        let input = self.input(errors, "decimal");
        self.around(errors, el("div").class("amount").child(sign).child(input))
    }

    fn around(&self, errors: FieldErrors, input: El) -> View {
        let hint_id = format!("{}-hint", self.id);
        views![
            el("label").attr("for", self.id).child(self.label),
            el("p").class("hint").attr("id", hint_id).child(self.hint),
            field_error(errors, self.id),
            input
        ]
        .show()
    }

    fn input(&self, errors: FieldErrors, mode: &'static str) -> El {
        let (id, typed) = (self.id, self.typed);
        let described = move || described_by(errors, id, "").trim().to_owned();
        el("input")
            .attr("id", id)
            .attr("name", id)
            .attr("type", "text")
            .attr("inputmode", (!mode.is_empty()).then_some(mode))
            .attr("autocomplete", "off")
            .live_attr("aria-describedby", move || format!("{id}-hint {}", described()))
            .live_attr("aria-invalid", move || is_wrong(errors, id))
            .live_value(move || typed.get())
            .on("input", move |event| typed.set(event_target_value(&event)))
    }

    pub fn read_sum(&self, currency: Currency) -> Result<MinorUnits, FieldError> {
        read_sum(&self.typed.read_untracked(), currency)
            .map_err(|words| FieldError { field: self.id.to_owned(), words })
    }

    pub fn read_text(&self, missing: &str) -> Result<String, FieldError> {
        let text = self.typed.read_untracked().trim().to_owned();
        if text.is_empty() {
            return Err(FieldError { field: self.id.to_owned(), words: missing.to_owned() });
        }
        Ok(text)
    }
}

pub fn read_sum(typed: &str, currency: Currency) -> Result<MinorUnits, String> {
    parse_typed_amount(typed, currency, language().number_style())
        .map_err(|error| typed_amount_error(language(), &error, typed.trim(), currency))
}

/// A sum for each of several bills; an empty one leaves its bill alone.
#[derive(Clone)]
pub struct BillSums {
    pub part: &'static str,
    pub rows: Vec<BillSum>,
    pub currency: Currency,
}

#[derive(Clone)]
pub struct BillSum {
    pub bill_id: BillId,
    pub name: String,
    pub hint: String,
    pub typed: RwSignal<String>,
}

impl BillSum {
    pub fn of(bill_id: BillId, name: String, hint: String) -> Self {
        Self { bill_id, name, hint, typed: RwSignal::new(String::new()) }
    }
}

impl BillSums {
    fn field(&self, bill: BillId) -> String {
        format!("{}-{bill}", self.part)
    }

    pub fn show(&self, legend: &'static str, errors: FieldErrors) -> View {
        let rows: Vec<_> = self.rows.iter().map(|row| self.row(row, errors)).collect();
        el("fieldset")
            .class("bill-sums")
            .child(el("legend").child(el("h2").child(legend)))
            .child(rows)
            .show()
    }

    fn row(&self, row: &BillSum, errors: FieldErrors) -> View {
        let (field, typed) = (self.field(row.bill_id), row.typed);
        let (hint_id, wrong_at) = (format!("{field}-hint"), field.clone());
        let wrong = move || crate::ui::field::error_at(errors, &wrong_at);
        let is_wrong = {
            let wrong = wrong.clone();
            move || wrong().map(|_| "true")
        };
        let said = move || wrong().map(|words| el("p").class("field-error").child(words));
        el("div")
            .class("bill-sum")
            .child(el("label").attr("for", field.clone()).child(row.name.clone()))
            .child(el("p").class("hint").attr("id", hint_id.clone()).child(row.hint.clone()))
            .child(said)
            .child(
                el("input")
                    .attr("id", field)
                    .attr("type", "text")
                    .attr("inputmode", "decimal")
                    .attr("autocomplete", "off")
                    .attr("aria-describedby", hint_id)
                    .live_attr("aria-invalid", is_wrong)
                    .live_value(move || typed.get())
                    .on("input", move |event| typed.set(event_target_value(&event))),
            )
            .show()
    }

    pub fn read(&self) -> Result<Vec<DirectedAmount>, Vec<FieldError>> {
        let mut read = Vec::new();
        let mut wrong = Vec::new();
        for row in &self.rows {
            let typed = row.typed.read_untracked();
            let style = language().number_style();
            match parse_typed_amount(&typed, self.currency, style) {
                Err(TypedAmountError::Empty) => {}
                Ok(amount) => read.push(DirectedAmount { bill_id: row.bill_id, amount }),
                Err(error) => wrong.push(FieldError {
                    field: self.field(row.bill_id),
                    words: typed_amount_error(language(), &error, typed.trim(), self.currency),
                }),
            }
        }
        if wrong.is_empty() { Ok(read) } else { Err(wrong) }
    }
}
