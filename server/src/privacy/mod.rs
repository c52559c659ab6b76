//! What the portal knows about a person: shown to them, forgotten for them, and left out of test
//! copies.
//!
//! A person's name and address stand in `customer`, the name on an account in `account`; postings,
//! payments and the audit trail refer to both by ids that say nothing. So a person can be
//! forgotten without touching the book, and that is this room's invariant: sums, postings and
//! applications are the same before and after.
//!
//! It writes no table itself: each room forgets what it keeps.

mod anonymise;
mod erase;
mod export;
mod person;
mod routes;

use thiserror::Error;

use crate::db::DbError;

pub use anonymise::{Anonymised, anonymise};
pub use erase::{Erased, erase};
pub use export::{Everything, Format, everything_about};
pub use person::{Person, find};
pub use routes::router;

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] = &[person::SQL, export::SQL, erase::SQL];

#[derive(Debug, Error)]
pub enum PrivacyError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("nobody is known by that id or e-mail address")]
    Unknown,
    #[error("a payment of theirs is in flight; wait until it is finished")]
    InFlight,
    #[error("the book is broken: {}", .0.join("; "))]
    BookBroken(Vec<String>),
    #[error("{}: {source}", folder.display())]
    Mails { folder: std::path::PathBuf, source: std::io::Error },
    #[error("the database to copy into is not empty: {0} has rows")]
    NotEmpty(String),
    #[error("{0} cannot be read as what it should be")]
    Unreadable(String),
}

impl From<sqlx::Error> for PrivacyError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}
