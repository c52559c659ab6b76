//! Receipts: the numbered confirmation, as posted.

pub mod receipt;
