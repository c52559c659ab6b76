//! Imports that staff send in: a file of payments, kept until its rows are done, and taken by
//! the background work with counts that anybody may watch.
//!
//! Invariant: the rows of a job are counted in the transaction that takes them, so that stopping
//! it, or losing the server, leaves out no row and takes none twice.

mod routes;
mod run;
mod store;
mod upload;

pub use routes::router;
pub use run::{Imports, run_imports};
pub(super) use store::SQL;
