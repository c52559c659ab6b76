//! Staff as the app knows them.

use serde::{Deserialize, Serialize};

use crate::api::roles::StaffRole;
use crate::ids::MemberId;

/// The member of staff who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StaffSessionDocument {
    /// Under which their acts are recorded.
    pub member_id: MemberId,
    pub name: String,
    pub roles: Vec<StaffRole>,
    /// The session ends at this instant unless something is done before.
    pub idle_until: String,
    /// The session ends at this instant, whatever is done.
    pub absolute_until: String,
}
