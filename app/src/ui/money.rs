//! Money on the page.

use crate::ui::view::{Show, View, el};
use receivables::money::{Currency, MinorUnits, Money};

/// `$120.00`, for the places of a message.
pub fn money_text(amount: MinorUnits, currency: Currency) -> String {
    Money::new(amount, currency).to_string()
}

/// A sum of its own: never broken, digits in columns, kept together in any script.
pub fn money(amount: MinorUnits, currency: Currency) -> View {
    el("bdi").class("money").child(money_text(amount, currency)).show()
}
