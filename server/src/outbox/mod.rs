//! The outbox: work to do after a commit, written in the same transaction as what caused it.
//!
//! Each row is done at least once and never lost: a row is claimed by a lease, so that whoever
//! dies holding it gives it back, and a failure is tried again, later each time. The row's id is
//! what the receiver tells repeats by: the Message-ID of a mail, the Idempotency-Key of a
//! write-back. Receivers of a mail are one row each, so that one bad address stops nobody else's.
//!
//! Nothing here knows why a letter is written; rooms hand over finished letters.

mod deliver;
mod enqueue;
mod forget;
mod letter;
mod mail;
mod mailbox;
mod senders;
mod store;
mod write_back;

pub use deliver::{DeliveryCount, deliver_due, forget_old};
pub use enqueue::{NewOutbox, OutboxKind, enqueue, enqueue_all};
pub use forget::{forget_letters, forget_mail_files};
pub(crate) use letter::templates;
pub use letter::{Letter, Sender, Sources, Templates};
pub use mailbox::router;
pub use senders::{SenderProblem, Senders};
pub use store::SQL;
