//! What the gateway's answers mean for money.
//!
//! The one question that matters to a caller is whether something may have happened at the
//! gateway. [`Unclear`](GatewayError::Unclear) says that it may; every other error says that
//! *this* call did nothing. Whether an *earlier* call with the same key did something is settled
//! only by an intent, or by an error for which [`settles_doubt`](GatewayError::settles_doubt)
//! holds.

use std::time::Duration;

use stripe_client_core::StripeClientErr;
use thiserror::Error;

use super::intent::Decline;

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GatewayError {
    /// A clear no, in the gateway's own words: a 4xx whose body was a gateway error.
    #[error("the gateway refused ({code})")]
    Refused { code: String, message: String, request_id: Option<String> },
    /// The payer's bank or card said no.
    #[error("the payment was declined ({})", .0.code)]
    Declined(Decline),
    /// The gateway knows no such object, or the name given could not be one.
    #[error("the gateway knows no such object")]
    NotThere,
    /// Not now: too many requests, a lock, or no connection could be made at all. This call did
    /// nothing; asking again later with the same key is safe.
    #[error("the gateway cannot be asked right now")]
    Busy { retry_after: Option<Duration> },
    /// Our key was not accepted, or not for this. This call did nothing.
    #[error("the gateway does not accept our key")]
    KeyNotAccepted { message: String, request_id: Option<String> },
    /// Asked, and no clear answer: money may have moved.
    #[error("no clear answer from the gateway ({0})")]
    Unclear(Unclear),
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{doubt}, request {}", request_id.as_deref().unwrap_or("without a number"))]
pub struct Unclear {
    pub doubt: Doubt,
    pub request_id: Option<String>,
}

/// Why an answer is not clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Doubt {
    #[error("the connection broke after the request was sent")]
    AnswerLost,
    #[error("no answer in time")]
    TimedOut,
    #[error("the answer, with status {status}, could not be read")]
    Unreadable { status: u16 },
    #[error("the gateway failed with status {status}")]
    GatewayFailed { status: u16 },
    #[error("another request with this key is still under way")]
    KeyInUse,
    #[error("this key was used before with other parameters")]
    KeyUsedOtherwise,
    #[error("the answer names another amount, currency, payment or mode than was asked")]
    AnswerDiffers,
    #[error("the list was longer than it may be")]
    ListTooLong,
}

impl GatewayError {
    pub(crate) fn unclear(doubt: Doubt, request_id: Option<String>) -> Self {
        Self::Unclear(Unclear { doubt, request_id })
    }

    /// Whether this error, received for a key that was sent before without a clear answer,
    /// proves that the earlier request did nothing either. The gateway answers a repeated key
    /// with what it answered first, but it turns away a bad key or a crowd before it looks.
    pub const fn settles_doubt(&self) -> bool {
        match self {
            Self::Refused { .. } | Self::Declined(_) | Self::NotThere => true,
            Self::Busy { .. } | Self::KeyNotAccepted { .. } | Self::Unclear(_) => false,
        }
    }
}

impl StripeClientErr for GatewayError {
    /// Only an answer with a good status is decoded here, so the gateway did act.
    fn deserialize_err(_message: impl std::fmt::Display) -> Self {
        Self::unclear(Doubt::Unreadable { status: 200 }, None)
    }
}
