//! What a database can answer besides rows, in four kinds that callers treat differently.

use thiserror::Error;

#[derive(Debug, Error)]
pub enum DbError {
    /// Full, locked, gone or overloaded: nothing was done, and the same may work later.
    #[error("the database is busy or out of reach")]
    Busy(#[source] Option<sqlx::Error>),
    /// A rule of the tables refused the change. The name is the constraint's, where known.
    #[error("the rule {constraint:?} of the tables refused the change")]
    Refused { constraint: String, unique: bool, source: sqlx::Error },
    /// A stored value is not what our own code writes.
    #[error("table {table}, row {key}: {column} cannot be read")]
    Inconsistent { table: &'static str, column: &'static str, key: String },
    #[error("{what}: {found} rows changed, {expected} expected")]
    RowsAffected { what: &'static str, found: u64, expected: u64 },
    /// The schema is newer than this program knows.
    #[error("this database was made by a newer version of the program")]
    NewerSchema,
    #[error("database: {0}")]
    Broken(#[source] sqlx::Error),
    #[error("database set-up: {0}")]
    SetUp(String),
    /// A command stopped by a bug of ours; its changes were rolled back.
    #[error("a change to the database was abandoned by a fault of the program")]
    Abandoned,
}

impl DbError {
    pub fn inconsistent(table: &'static str, column: &'static str, key: impl ToString) -> Self {
        Self::Inconsistent { table, column, key: key.to_string() }
    }

    pub const fn is_busy(&self) -> bool {
        matches!(self, Self::Busy(_))
    }

    /// Did a constraint say no? Then the transaction ended as it should.
    pub const fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    pub const fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Refused { unique: true, .. })
    }

    /// Must the whole command be run again? Serialization failure or deadlock.
    pub(super) fn asks_for_repeat(&self) -> bool {
        let code = match self {
            Self::Broken(sqlx::Error::Database(error)) => error.code(),
            Self::Busy(Some(sqlx::Error::Database(error))) => error.code(),
            _ => None,
        };
        matches!(code.as_deref(), Some("40001" | "40P01"))
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::error::ErrorKind;
        match &error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                Self::Busy(Some(error))
            }
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => {
                Self::Busy(Some(error))
            }
            sqlx::Error::Database(database) => match database.kind() {
                ErrorKind::UniqueViolation
                | ErrorKind::CheckViolation
                | ErrorKind::ForeignKeyViolation
                | ErrorKind::NotNullViolation => Self::Refused {
                    constraint: database
                        .constraint()
                        .map_or_else(|| database.message().to_owned(), str::to_owned),
                    unique: database.kind() == ErrorKind::UniqueViolation,
                    source: error,
                },
                _ if is_passing(database.code().as_deref(), database.message()) => {
                    Self::Busy(Some(error))
                }
                _ => Self::Broken(error),
            },
            _ => Self::Broken(error),
        }
    }
}

/// SQLite: 5 busy, 6 locked, 8 read-only, 10 I/O, 13 full, 14 cannot open. PostgreSQL: classes
/// 08 connection, 53 resources, 57 operator intervention, 25006 read-only, and what asks for a
/// repeat once repeats are spent.
fn is_passing(code: Option<&str>, message: &str) -> bool {
    let Some(code) = code else { return message.contains("database is locked") };
    let primary = code.parse::<u32>().map(|extended| extended & 0xff);
    match primary {
        Ok(5 | 6 | 8 | 10 | 13 | 14) if code.len() < 5 => true,
        _ => {
            ["08", "53", "57"].iter().any(|class| code.starts_with(class) && code.len() == 5)
                || matches!(code, "25006" | "40001" | "40P01")
        }
    }
}
