//! Invitations: staff ask a person in, who proves with something from a bill that it is them.

use serde::{Deserialize, Serialize};

use crate::api::roles::AccountRole;
use crate::ids::{AccountId, InvitationId};

/// `POST /api/v1/invitations`. Asking again for what is still open answers what is there, so a
/// request is safe to send twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationRequest {
    pub email: String,
    /// As the biller calls the person. 1 to 100 characters.
    pub name: String,
    /// The accounts' numbers or ids, 1 to 20.
    pub accounts: Vec<String>,
    #[serde(default = "payer")]
    pub role: AccountRole,
}

const fn payer() -> AccountRole {
    AccountRole::Payer
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum InvitationState {
    /// The link works.
    Open,
    Accepted,
    /// Its time or its tries are over; sent again it works again.
    Expired,
    Revoked,
}

impl InvitationState {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// An invitation as staff see it. Its link is in the mail and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationDocument {
    pub id: InvitationId,
    pub email: String,
    pub name: String,
    pub role: AccountRole,
    pub accounts: Vec<InvitedAccount>,
    pub state: InvitationState,
    pub invited_by: String,
    /// When the newest mail was written.
    pub sent_at: String,
    pub expires_at: String,
    pub accepted_at: Option<String>,
    pub tries_left: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitedAccount {
    pub id: AccountId,
    pub number: String,
}

/// `GET /api/v1/invitations`, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationPage {
    pub items: Vec<InvitationDocument>,
    pub next: Option<String>,
}

/// `POST /api/v1/invitations/acceptance`: the secret of the link, and what only somebody with a
/// bill at hand knows.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Acceptance {
    pub link: String,
    /// The number of one of the accounts, as it stands on the bill.
    pub account_number: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_of_an_invitation_has_the_word_it_has_on_the_wire() {
        use InvitationState::{Accepted, Expired, Open, Revoked};
        for (state, word) in
            [(Open, "open"), (Accepted, "accepted"), (Expired, "expired"), (Revoked, "revoked")]
        {
            assert_eq!(state.code(), word);
            assert_eq!(serde_json::to_value(state).unwrap(), word);
        }
    }
}
