//! Sign-in: a one-time code and link by mail, then a session.

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, CustomerId};
use crate::money::Currency;

/// `POST /api/v1/sign-in/codes`. The answer is the same whether the address is known or not.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CodeRequest {
    pub email: String,
}

/// `POST /api/v1/sign-in/session`: the code typed, or the secret of the link that was clicked.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SignInProof {
    Code(String),
    Link(String),
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
}

/// One of the customer's accounts, for the switcher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountChoice {
    pub id: AccountId,
    pub number: String,
    pub name: String,
    pub currency: Currency,
    /// Open on bills asked for, in minor units of `currency`.
    pub owed: crate::money::MinorUnits,
}
