//! Where deliveries go, as configured; built once at the start so that a wrong address is
//! noticed then and not when the first receipt is due.

use thiserror::Error;

use super::mail::MailRoute;
use super::write_back::Backend;
use crate::config::Settings;

pub struct Senders {
    pub(super) mail: MailRoute,
    pub(super) write_back: Option<Backend>,
}

#[derive(Debug, Error)]
pub enum SenderProblem {
    #[error("mail.from must be an address, like Riverside Utilities <billing@riverside.example>")]
    From,
    #[error("mail.smtp_url cannot be used: {0}")]
    Smtp(&'static str),
    #[error("backend.write_back_url cannot be used: {0}")]
    WriteBack(String),
}

/// Why something could not be delivered; never holds an address or the letter.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct SendError(String);

impl SendError {
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl Senders {
    /// Must be called inside the runtime, which looks after the connections.
    pub fn of(settings: &Settings) -> Result<Self, SenderProblem> {
        Ok(Self {
            mail: MailRoute::of(&settings.mail, &settings.data_dir)?,
            write_back: Backend::of(&settings.backend)?,
        })
    }
}
