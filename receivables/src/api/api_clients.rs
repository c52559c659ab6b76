//! API clients and their keys, and what a caller may do.

use serde::{Deserialize, Serialize};

use super::roles::{Scope, StaffRole};

/// `POST /api/v1/api-clients`: a program that may ask, with its first key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewApiClient {
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 60))]
    pub name: String,
    #[cfg_attr(feature = "openapi", schema(min_items = 1))]
    pub scopes: Vec<Scope>,
    /// How many days the key lives.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 400))]
    pub days: i64,
}

/// `POST /api/v1/api-clients/{name}/keys`: one more key, beside the one in use.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewApiKey {
    /// How many days the key lives.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 400))]
    pub days: i64,
}

/// A key as it is shown, this once.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShownApiKey {
    pub client: String,
    pub id: String,
    pub key: String,
    pub expires_at: String,
}

/// `GET /api/v1/api-clients`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiClientList {
    pub items: Vec<ApiClientDocument>,
}

/// A client with its keys, without what would open anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiClientDocument {
    pub name: String,
    pub scopes: Vec<Scope>,
    pub created_by: String,
    pub ended_at: Option<String>,
    pub keys: Vec<ApiKeyDocument>,
}

/// A key by its id, which opens nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKeyDocument {
    pub id: String,
    pub created_at: String,
    pub expires_at: String,
    pub last_used_at: Option<String>,
    pub ended_at: Option<String>,
}

/// `GET /api/v1/caller`: whoever asks, and what they may do of what is not tied to one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallerDocument {
    /// `customer`, `staff` or `client`.
    pub kind: String,
    /// Of staff and clients.
    pub name: Option<String>,
    pub roles: Vec<StaffRole>,
    pub scopes: Vec<Scope>,
    pub may: Vec<String>,
}
