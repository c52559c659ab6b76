//! What every page is made of. Nothing here knows a bill from a payment; money it knows.
//!
//! Plain functions that return [`View`]: each is in the module once, however often used.

pub mod browser;
pub mod busy_button;
pub mod dates;
pub mod field;
pub mod heading;
pub mod link;
pub mod loaded;
pub mod money;
pub mod notice;
pub mod paged;
pub mod status_tag;
pub mod table;
pub mod view;
pub mod words;

/// The places of a message, by name.
pub type Places<'a> = &'a [(&'a str, &'a str)];
