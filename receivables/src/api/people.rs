//! Who may see and pay an account, as staff see it.

use serde::{Deserialize, Serialize};

use crate::api::roles::AccountRole;
use crate::ids::CustomerId;

/// `GET /api/v1/accounts/{id}/people`, in the order of their addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PeopleOfAccount {
    pub people: Vec<PersonOnAccount>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PersonOnAccount {
    pub id: CustomerId,
    pub name: String,
    pub email: String,
    pub role: AccountRole,
}
