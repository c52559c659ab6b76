//! What callers are: the word for each role and scope, as keys, tables, routes and the app say it.

use serde::{Deserialize, Serialize};

/// What a customer is on an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AccountRole {
    /// Sees and pays.
    Payer,
    /// Sees.
    Viewer,
}

impl AccountRole {
    pub const ALL: [Self; 2] = [Self::Payer, Self::Viewer];

    pub const fn code(self) -> &'static str {
        match self {
            Self::Payer => "payer",
            Self::Viewer => "viewer",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }
}

/// What a member of staff is. One person may have several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum StaffRole {
    /// Answers customers: sees, invites, moves what a payment settled, proposes.
    Clerk,
    /// Gives money back and decides on what others proposed.
    Approver,
    /// Gives and ends keys. Moves no money, whatever else they are.
    Admin,
    /// Sees everything and changes nothing, whatever else they are.
    Auditor,
}

impl StaffRole {
    pub const ALL: [Self; 4] = [Self::Clerk, Self::Approver, Self::Admin, Self::Auditor];

    pub const fn code(self) -> &'static str {
        match self {
            Self::Clerk => "clerk",
            Self::Approver => "approver",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }
}

/// What an API client's keys open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Scope {
    /// Accounts and bills.
    #[serde(rename = "accounts:read")]
    AccountsRead,
    /// Payments, refunds and receipts.
    #[serde(rename = "payments:read")]
    PaymentsRead,
    /// What an amount would settle.
    #[serde(rename = "previews")]
    Previews,
    /// Inviting customers.
    #[serde(rename = "invitations:write")]
    InvitationsWrite,
}

impl Scope {
    pub const ALL: [Self; 4] =
        [Self::AccountsRead, Self::PaymentsRead, Self::Previews, Self::InvitationsWrite];

    pub const fn code(self) -> &'static str {
        match self {
            Self::AccountsRead => "accounts:read",
            Self::PaymentsRead => "payments:read",
            Self::Previews => "previews",
            Self::InvitationsWrite => "invitations:write",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_on_the_wire_is_the_word_in_the_table() {
        let wire = |text: String| text.trim_matches('"').to_owned();
        for role in AccountRole::ALL {
            assert_eq!(wire(serde_json::to_string(&role).unwrap()), role.code());
            assert_eq!(AccountRole::parse(role.code()), Some(role));
        }
        for role in StaffRole::ALL {
            assert_eq!(wire(serde_json::to_string(&role).unwrap()), role.code());
            assert_eq!(StaffRole::parse(role.code()), Some(role));
        }
        for scope in Scope::ALL {
            assert_eq!(wire(serde_json::to_string(&scope).unwrap()), scope.code());
            assert_eq!(Scope::parse(scope.code()), Some(scope));
        }
    }
}
