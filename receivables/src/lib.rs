//! What is owed and how money settles it: the rules, and nothing else.
//!
//! The same code runs in the payer's browser (the live preview) and on the server (what is
//! posted). So nothing here reads a clock, draws a random number, waits, or talks to anyone:
//! every answer follows from the arguments.
//!
//! Invariants: money is an integer number of minor units beside its currency; arithmetic is
//! checked; `sum(allocation.lines) + credit_on_account == amount`, always.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing))]

pub mod account_balance;
pub mod allocation;
pub mod api;
pub mod bill;
pub mod calendar;
pub mod card_number;
pub mod dispute;
pub mod give_back;
pub mod ids;
pub mod money;
pub mod moves;
pub mod open_item;
pub mod payment;
pub mod receipt;
pub mod refund;
pub mod tender;
pub mod typed_amount;
pub mod words;
