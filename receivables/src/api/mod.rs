//! The documents that go over the wire, one file a room. Field names are the API's; amounts are
//! integers of minor units beside a currency; days are `YYYY-MM-DD`, instants RFC 3339 UTC.

pub mod accounts;
pub mod api_clients;
pub mod audit_acts;
pub mod bills;
pub mod corrections;
pub mod dashboard;
pub mod everyones_payments;
pub mod external_payments;
pub mod imports;
pub mod invitations;
pub mod passkeys;
pub mod payments;
pub mod people;
pub mod portal;
pub mod problem;
pub mod receipts;
pub mod refunds;
pub mod roles;
pub mod search;
pub mod sign_in;
pub mod staff;
pub mod timeline;
pub mod work_items;
