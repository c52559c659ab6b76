//! Accounts: the things that owe, and who may see them.
//!
//! An account's row is the lock of everything that moves its money: a command that will write
//! bills, reservations or the book for an account takes [`lock`] first, always, and before it
//! reads what it decides upon.

mod admit;
mod change_email;
mod currency;
mod find;
mod forget;
mod lock;
mod of_caller;
mod open_account;
mod people;
mod show;
mod words;

pub use admit::{Admission, admit};
pub use change_email::{change_email, is_email_taken, lock_customer};
pub use currency::currency_of;
pub use find::find_by_name;
pub use forget::{forget_customer, forget_name};
pub use lock::{LockedAccount, change_credit, count_receipt, lock, lock_for_payment, lock_many};
pub use of_caller::CallersAccount;
pub use open_account::{
    NewAccount, NewCustomer, OpenedAccount, known_number, open_account, open_accounts,
};
pub use people::staff_router;
mod routes;
pub use routes::{account_of, router};
pub use show::{AccountRow, balance_of, find_within};
pub use words::{find_by_words, give_words};

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] = &[
    admit::SQL,
    change_email::SQL,
    currency::SQL,
    find::SQL,
    forget::SQL,
    lock::SQL,
    of_caller::SQL,
    open_account::SQL,
    people::SQL,
    show::SQL,
    words::SQL,
];
