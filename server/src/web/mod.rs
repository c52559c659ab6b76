//! How the portal speaks HTTP: what a request must look like to be read at all, what every
//! answer carries, and the app itself.
//!
//! Handlers take [`Body`], [`Path`] and [`Query`] instead of axum's own extractors: whatever
//! cannot be read is refused with a problem that names the place and never repeats the value.
//! Nothing here knows who is asking or what is owed.

mod body;
mod field_code;
mod page;
mod path;
mod query;
mod strict_json;

pub use body::{Body, RawBody, require_json};
pub use page::Page;
pub use path::Path;
pub use query::Query;

/// The largest body of a request, unless a route says otherwise.
pub const LARGEST_BODY: usize = 64 * 1024;
