//! Passkeys of a customer. What is signed is between the browser and the server's WebAuthn
//! library; it goes over the wire as the standard's own JSON.

use serde::{Deserialize, Serialize};

/// `GET /api/v1/passkeys`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeyList {
    pub items: Vec<PasskeyRow>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeyRow {
    pub id: String,
    /// The device on which it was made: `Safari on iPhone`.
    pub label: String,
    pub created_at: String,
    pub last_used_at: Option<String>,
}
