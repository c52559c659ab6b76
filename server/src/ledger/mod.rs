//! The book: double entry, append only. Only this room writes postings, entries and
//! applications; nothing ever changes or deletes one (the database itself refuses).
//!
//! Invariant: the entries of a posting sum to zero, and a source posts once.

mod append;
mod append_many;
mod check;
mod check_money_back;
mod digest;
mod export;
mod watch;

pub use append::{
    Appended, BookAccount, NewApplication, NewEntry, NewPosting, PostingKind, append,
};
pub use append_many::append_many;
pub use check::{Finding, check};
pub use export::{BookView, ExportArgs, ExportError, ExportFormat, decimal, export};
pub use watch::{BookWatch, Checked};

/// Every SQL text of this room; a test prepares them on both engines.
pub const SQL: &[&[&str]] =
    &[append::SQL, check::SQL, check_money_back::SQL, digest::SQL, export::SQL];
