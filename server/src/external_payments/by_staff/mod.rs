//! What staff say was received: cash, cheques, transfers, a terminal, another portal.
//!
//! It is posted as any money that is here: by the bills the payer named where they still take it,
//! else by the order, the rest on account. Above `staff.clerks_limit` it is proposed and posted
//! once another member of staff approves it. What looks like an earlier payment stops until
//! somebody says why it is another.
//!
//! Invariant: a posted row has its payment, under the same id; any other has none.

mod decide;
mod earlier;
mod post;
mod record;
mod routes;
mod store;
mod wish;

pub use record::{Recorded, record as record_by_staff};
pub use routes::staff_router;

pub(super) use earlier::SQL as EARLIER_SQL;
pub(super) use store::{SQL as STORE_SQL, forget_words};
