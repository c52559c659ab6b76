//! Files of payments that staff send in, and what became of their rows.

use serde::{Deserialize, Serialize};

use crate::ids::ImportId;
use crate::money::Currency;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ImportState {
    /// The file is here and nothing was done with it.
    Uploaded,
    Running,
    /// By staff; what was taken is kept.
    Stopped,
    Done,
    /// The rest of the file cannot be read; what was taken is kept.
    Failed,
}

impl ImportState {
    pub const ALL: [Self; 5] =
        [Self::Uploaded, Self::Running, Self::Stopped, Self::Done, Self::Failed];

    /// The stored spelling, the same as on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Uploaded => "uploaded",
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// A file and how far the taking of its rows has come.
/// `rows == new + known + needs_person + refused`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportDocument {
    pub id: ImportId,
    /// The column map it is read by.
    pub map: String,
    pub currency: Currency,
    pub file_bytes: i64,
    /// SHA-256 of the file.
    pub file_hash: String,
    pub uploaded_by: String,
    pub uploaded_at: String,
    pub changed_at: String,
    pub state: ImportState,
    /// The counts say what would become of the rows; nothing was written.
    pub dry_run: bool,
    /// Rows looked at so far.
    pub rows: i64,
    /// Payments posted.
    pub new: i64,
    /// Posted before.
    pub known: i64,
    /// Wait for a person on the work list.
    pub needs_person: i64,
    pub refused: i64,
    /// What keeps the rest of the file from being read.
    pub failure: Option<String>,
}

/// `POST /api/v1/imports/{id}/start`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportStart {
    /// true: only say what would become of every row.
    #[serde(default)]
    pub dry_run: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ImportRowOutcome {
    NeedsPerson,
    Refused,
}

impl ImportRowOutcome {
    /// The stored spelling, the same as on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NeedsPerson => "needs_person",
            Self::Refused => "refused",
        }
    }
}

/// A row that did not become a payment, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportRow {
    /// As a spreadsheet counts: the header is row 1. Of a bank file, the entry.
    pub row: i64,
    pub outcome: ImportRowOutcome,
    pub why: String,
}

/// `GET /api/v1/imports/{id}/rows`, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportRowPage {
    pub items: Vec<ImportRow>,
    pub next: Option<String>,
}

/// `POST /api/v1/column-maps`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ColumnMapText {
    /// 1 to 40 letters, digits, `-` and `_`.
    pub name: String,
    /// The map, in TOML.
    pub map: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ColumnMapDocument {
    pub name: String,
}
