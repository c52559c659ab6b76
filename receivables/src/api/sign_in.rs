//! Sign-in: a one-time code and link by mail, then a session.

use serde::{Deserialize, Serialize};

use crate::api::roles::AccountRole;
use crate::ids::{AccountId, CustomerId};
use crate::money::Currency;

/// `POST /api/v1/sign-in/codes`. The answer is the same whether the address is known or not.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CodeRequest {
    pub email: String,
}

/// `POST /api/v1/sign-in/session`: the code typed, or the secret of the link that was clicked;
/// one of them.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignInRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Keep this device signed in, for as long as the biller allows.
    #[serde(default)]
    pub remember: bool,
}

/// How somebody proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SignInMethod {
    Code,
    Link,
    Invitation,
    Passkey,
}

impl SignInMethod {
    pub const ALL: [Self; 4] = [Self::Code, Self::Link, Self::Invitation, Self::Passkey];

    /// The stored spelling, the same as on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Link => "link",
            Self::Invitation => "invitation",
            Self::Passkey => "passkey",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.code() == code)
    }
}

/// `GET /api/v1/sign-in/session`: who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionDocument {
    pub customer_id: CustomerId,
    pub name: String,
    pub email: String,
    pub accounts: Vec<AccountChoice>,
    /// When this session ends if nothing is done in it.
    pub idle_until: String,
    /// So many seconds without a request end this session.
    pub idle_seconds: i64,
    /// Signed in just now without a passkey, and has none yet.
    pub offer_passkey: bool,
}

/// One of the customer's accounts, for the switcher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountChoice {
    pub id: AccountId,
    /// What the customer is on it.
    pub role: AccountRole,
    pub may_pay: bool,
    pub number: String,
    pub name: String,
    pub currency: Currency,
    /// Open on bills asked for, in minor units of `currency`.
    pub owed: crate::money::MinorUnits,
}

/// `GET /api/v1/sign-in/overview`: how a customer signs in, and where they are signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignInOverview {
    pub email: String,
    /// Another address that was asked for.
    pub email_change: Option<EmailChange>,
    /// The one used last first.
    pub sessions: Vec<SessionRow>,
    /// Signed in so recently that everything may be changed.
    pub is_fresh: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EmailChange {
    pub email: String,
    /// When it takes the place of the old one; none until it is confirmed.
    pub effective_at: Option<String>,
}

/// A session of the caller, as its owner recognises it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionRow {
    pub id: String,
    /// `Firefox on Android`; empty where it is not known.
    pub device: String,
    pub method: SignInMethod,
    pub signed_in_at: String,
    pub last_seen_at: String,
    pub remembered: bool,
    /// The one that asks.
    pub is_this: bool,
}

/// `POST /api/v1/sign-in/email-change`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EmailChangeRequest {
    pub email: String,
}

/// `POST /api/v1/sign-in/email-change/confirmation`: the code that was sent to the new address.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EmailChangeConfirmation {
    pub code: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_sign_in_is_stored_by_its_word_on_the_wire() {
        let stored = ["code", "link", "invitation", "passkey"];
        assert_eq!(SignInMethod::ALL.map(SignInMethod::code), stored);
        for word in SignInMethod::ALL {
            assert_eq!(SignInMethod::parse(word.code()), Some(word));
            assert_eq!(serde_json::to_value(word).unwrap(), word.code());
        }
        assert_eq!(SignInMethod::parse("something else"), None);
    }
}
