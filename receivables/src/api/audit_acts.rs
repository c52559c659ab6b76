//! The audit trail, as staff browse it.

use serde::{Deserialize, Serialize};

use crate::ids::AccountId;

/// `GET /api/v1/audit-acts?limit=&after=`: the sealed acts, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditPage {
    pub items: Vec<AuditAct>,
    pub next: Option<String>,
    pub chain: AuditChain,
}

/// Who did what, about which thing, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditAct {
    /// Its place in the chain.
    pub n: i64,
    pub hash: String,
    /// Is the hash that of the act and of the hash before it?
    pub holds: bool,
    pub id: String,
    pub kind: String,
    /// A member of staff by name or id, a customer's id, a gateway, a part of the portal.
    pub actor: String,
    /// The id of what it was done to.
    pub about: String,
    pub account_id: Option<AccountId>,
    pub at: String,
    /// The id of the request by which it was done.
    pub request: Option<String>,
}

/// What is known of the whole chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditChain {
    /// The last act's place and hash: kept elsewhere, they prove later that nothing was cut off.
    pub head_n: i64,
    pub head_hash: String,
    /// Acts of the last moments that have no place yet.
    pub unsealed: i64,
    /// When the whole chain was last verified; none: not since the portal was started.
    pub verified_at: Option<String>,
    /// Did it hold then?
    pub holds: Option<bool>,
}
