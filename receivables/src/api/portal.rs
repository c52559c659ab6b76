//! The portal itself: `GET /api/v1/portal`, open to everyone.

use serde::{Deserialize, Serialize};

use crate::words::Language;

/// Whether real money moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum GatewayMode {
    /// The built-in sandbox: no key, no money.
    Sandbox,
    /// The gateway's own test mode.
    Test,
    Live,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PortalDocument {
    pub biller: Biller,
    pub gateway_mode: GatewayMode,
    /// Made to be public: with it the browser puts up the gateway's card fields before any
    /// payment exists. None in the sandbox.
    #[serde(default)]
    pub publishable_key: Option<String>,
    pub language: Language,
    /// Whether this portal's address can have passkeys: it is a name, and no number.
    pub passkeys: bool,
    /// In the demo mails can be read at `/mailbox`.
    pub mailbox: bool,
}

/// Who asks for the money, and how to reach them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Biller {
    pub name: String,
    pub email: String,
    pub phone: String,
    pub address: String,
    /// How to pay without this portal, in the biller's words.
    pub other_ways_to_pay: String,
}
