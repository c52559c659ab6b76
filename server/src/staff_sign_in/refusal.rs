//! Why a member of staff is not let in, in words that say what to do.

use axum::http::StatusCode;
use thiserror::Error;

use super::begin;
use super::provider::ProviderProblem;
use super::verify::NotProven;
use crate::db::DbError;

#[derive(Debug, Error)]
pub enum StaffRefusal {
    #[error("no identity provider is set up")]
    NotSetUp,
    #[error(transparent)]
    Provider(#[from] ProviderProblem),
    #[error("the provider signed nobody in: {0}")]
    NotSignedIn(String),
    /// Unknown, used, too old, or another browser's: all alike.
    #[error("no sign-in of this browser is under way")]
    NotBegunHere,
    #[error(transparent)]
    NotProven(#[from] NotProven),
    #[error("none of the provider's words is one of our roles")]
    NoRole,
    #[error("the member has ended")]
    Ended,
    #[error(transparent)]
    Database(#[from] DbError),
}

impl StaffRefusal {
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotSetUp => StatusCode::NOT_FOUND,
            Self::Provider(ProviderProblem::Down(_)) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Database(error) if error.is_busy() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Database(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::FORBIDDEN,
        }
    }

    pub const fn heading(&self) -> &'static str {
        match self {
            Self::NotSetUp => "Staff sign-in is not set up",
            Self::Provider(ProviderProblem::Down(_)) | Self::Database(_) => {
                "You cannot sign in just now"
            }
            _ => "You are not signed in",
        }
    }

    pub fn words(&self) -> String {
        match self {
            Self::NotSetUp => "This portal knows no identity provider for staff. Whoever runs it \
                sets one up in its configuration, under staff_sign_in."
                .to_owned(),
            Self::Provider(ProviderProblem::Down(_)) => "Your company's identity provider does \
                not answer. Nothing is wrong with your account. Try again in a few minutes."
                .to_owned(),
            Self::Provider(ProviderProblem::CodeRefused) | Self::NotBegunHere => format!(
                "This sign-in was not begun in this browser, was finished before, or took longer \
                 than {} minutes. Begin again.",
                begin::MINUTES
            ),
            Self::NotSignedIn(_) => "Your company's identity provider did not sign you in. Begin \
                again, or ask whoever looks after your account there."
                .to_owned(),
            Self::NotProven(NotProven::NoSecondFactor) => "Staff sign in with a second factor, \
                and you signed in without one. Set one up at your company's identity provider, \
                then begin again."
                .to_owned(),
            Self::NotProven(_) | Self::Provider(ProviderProblem::Unreadable) => {
                "What your company's identity provider sent could not be \
                verified. Begin again; if it happens again, tell whoever runs this portal."
                    .to_owned()
            }
            Self::NoRole => "Your account has no role here. Ask whoever looks after accounts to \
                put you into a group that does."
                .to_owned(),
            Self::Ended => {
                "Your access has ended. Ask an administrator if that is a mistake.".to_owned()
            }
            Self::Database(_) => {
                "There is a problem with the service. Try again in a moment.".to_owned()
            }
        }
    }

    /// One line a refusal; only what a person must see to is an error.
    pub fn log(&self) {
        match self {
            Self::NotSetUp => {}
            Self::Provider(ProviderProblem::Down(_)) => {
                tracing::warn!(security = "identity-provider", why = %self, "staff cannot sign in");
            }
            Self::Database(error) if !error.is_busy() => {
                tracing::error!(?error, "the database refused");
            }
            _ => tracing::warn!(security = "staff-refused", why = %self, "a sign-in was refused"),
        }
    }
}
