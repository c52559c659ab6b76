//! Every error answer: `application/problem+json` (RFC 9457) with `money_taken`.
//!
//! Rooms own their errors in the trade's words and turn them into a [`Refusal`] here; faults of
//! ours become a bare 500 or 503 with the request's id, and their details go to the log only.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use receivables::allocation::Preview;
use receivables::api::problem::{FieldProblem, Problem};
use receivables::ids::PaymentId;
use receivables::payment::MoneyTaken;

use crate::db::DbError;

/// An answer other than the one asked for.
#[derive(Debug)]
pub struct Refusal(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: StatusCode,
    code: &'static str,
    detail: String,
    money_taken: MoneyTaken,
    errors: Vec<FieldProblem>,
    preview: Option<Box<Preview>>,
    payment_id: Option<PaymentId>,
    retry_after_seconds: Option<u32>,
}

impl Refusal {
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            status,
            code,
            detail: detail.into(),
            money_taken: MoneyTaken::No,
            errors: Vec::new(),
            preview: None,
            payment_id: None,
            retry_after_seconds: None,
        }))
    }

    /// Not yours answers exactly like not there.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here for you to see.")
    }

    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Sign in to go on.")
    }

    /// The caller is known, and this is not theirs to do.
    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "This is not for you to do.")
    }

    pub fn unprocessable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    pub fn too_many(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail)
    }

    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// Busy, full or halted: nothing was done, and the same may work soon.
    pub fn unavailable(code: &'static str, detail: impl Into<String>) -> Self {
        let mut refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
        refusal.0.retry_after_seconds = Some(5);
        refusal
    }

    /// The book is broken, or not yet known to be exact: nothing is posted until it is.
    pub fn books_halted() -> Self {
        let words = "Payments are paused while we check our books. Nothing has been taken.";
        Self::unavailable("books-halted", words).retry_after(60)
    }

    /// A fault of ours. What went wrong is in the log beside the request's id.
    pub fn fault() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "service-fault",
            "There is a problem with the service. Nothing you typed is lost.",
        )
    }

    /// Names the field; with the same words as the detail when there is only one thing wrong.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        let (code, detail) = (self.0.code.to_owned(), self.0.detail.clone());
        self.0.errors.push(FieldProblem { pointer: pointer.into(), code, detail });
        self
    }

    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldProblem>) -> Self {
        self.0.errors = errors;
        self
    }

    #[must_use]
    pub fn with_preview(mut self, preview: Preview) -> Self {
        self.0.preview = Some(Box::new(preview));
        self
    }

    #[must_use]
    pub fn with_payment(mut self, payment_id: PaymentId) -> Self {
        self.0.payment_id = Some(payment_id);
        self
    }

    #[must_use]
    pub fn with_money_taken(mut self, money_taken: MoneyTaken) -> Self {
        self.0.money_taken = money_taken;
        self
    }

    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after_seconds = Some(seconds);
        self
    }

    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    pub fn code(&self) -> &'static str {
        self.0.code
    }

    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.0.retry_after_seconds
    }

    pub fn preview(&self) -> Option<&Preview> {
        self.0.preview.as_deref()
    }

    pub fn payment_id(&self) -> Option<PaymentId> {
        self.0.payment_id
    }
}

impl From<DbError> for Refusal {
    fn from(error: DbError) -> Self {
        if error.is_busy() {
            tracing::warn!(%error, "the database did not answer");
            return Self::unavailable("busy", "The service is busy. Try again in a moment.");
        }
        tracing::error!(error = ?error, "the database refused");
        Self::fault()
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        DbError::from(error).into()
    }
}

/// The request's id, given by the outermost layer to every request.
#[derive(Clone, Debug)]
pub struct RequestName(pub String);

tokio::task_local! {
    /// The id of the request being answered, for `instance`.
    pub static REQUEST_NAME: String;
}

/// The id of the request being answered, if this is done for one.
pub fn request_name() -> Option<String> {
    REQUEST_NAME.try_with(Clone::clone).ok()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let parts = *self.0;
        let problem = Problem {
            kind: format!("/problems/{}", parts.code),
            title: title(parts.code),
            status: parts.status.as_u16(),
            detail: parts.detail,
            instance: request_name().unwrap_or_default(),
            code: parts.code.to_owned(),
            money_taken: parts.money_taken,
            errors: parts.errors,
            preview: parts.preview,
            payment_id: parts.payment_id,
        };
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (parts.status, body).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if let Some(seconds) = parts.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The code as a heading: `allocation-changed` → `Allocation changed`.
fn title(code: &str) -> String {
    let mut title = code.replace('-', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}
