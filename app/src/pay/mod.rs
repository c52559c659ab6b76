//! Paying: how much, what it settles, check, pay. The split is worked out by `receivables`;
//! what the server says of a payment is what is shown.

pub mod amount_field;
pub mod attempt;
pub mod card_form;
pub mod check_and_pay;
pub mod checked_split;
pub mod choose_bills;
pub mod credit_first;
pub mod draft;
pub mod how_much;
pub mod long_list;
pub mod paying;
pub mod preview_table;
pub mod problem_words;
pub mod sandbox_cards;
pub mod trouble_notice;

use receivables::allocation::Reason;
use receivables::words::Message;

use crate::ui::words::say;

/// Why a bill gets money, beside what it gets.
pub fn reason_words(reason: Reason) -> &'static str {
    say(Message::of_reason(reason))
}
