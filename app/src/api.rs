//! The only sender of requests. One fetch for everything, so that it is in the module once.

use std::cell::Cell;
use std::fmt::Write;
use std::pin::Pin;

use gloo_net::http::{Method, RequestBuilder};
use receivables::api::invitations::Acceptance;
use receivables::api::payments::{PaymentRequest, PreviewRequest};
use receivables::api::problem::Problem;
use receivables::api::sign_in::{
    CodeRequest, EmailChangeConfirmation, EmailChangeRequest, SignInRequest,
};
use receivables::ids::{AccountId, BillId, PaymentId};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::json;
use crate::ui::browser;

pub const BASE: &str = "/api/v1";
/// No answer after this long counts as none; what it was about is then asked again, not guessed.
const TIMEOUT_MS: u32 = 20_000;

thread_local! {
    static LAST_ANSWER: Cell<u64> = const { Cell::new(0) };
}

/// When the server last answered, in milliseconds of the reader's clock: from then on nothing has
/// been done in the session.
pub fn last_answer() -> u64 {
    LAST_ANSWER.get()
}

/// Why there is no answer to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server said no, and why.
    Problem(Box<Problem>),
    /// Nobody is signed in (any more).
    SignedOut,
    /// No answer came: offline, cut off, or too slow.
    NoAnswer,
    /// An answer that is not one of ours.
    NotUnderstood,
}

impl Failure {
    pub fn code(&self) -> &str {
        match self {
            Self::Problem(problem) => &problem.code,
            _ => "",
        }
    }
}

pub struct Request {
    method: Method,
    path: String,
    body: Option<String>,
    idempotency_key: Option<String>,
}

impl Request {
    pub fn get(path: String) -> Self {
        Self { method: Method::GET, path, body: None, idempotency_key: None }
    }

    pub fn post(path: String, body: &impl Serialize) -> Self {
        Self::post_text(path, serde_json::to_string(body).unwrap_or_default())
    }

    fn post_text(path: String, body: String) -> Self {
        Self { method: Method::POST, path, body: Some(body), idempotency_key: None }
    }

    /// The same key again is the same act.
    pub fn with_key(self, key: String) -> Self {
        Self { idempotency_key: Some(key), ..self }
    }

    fn delete(path: String) -> Self {
        Self { method: Method::DELETE, path, body: None, idempotency_key: None }
    }

    /// The answer's text, or why there is none. Boxed, so that it is not in the module once for
    /// every place that waits for it.
    pub fn send(self) -> Pin<Box<dyn Future<Output = Result<String, Failure>>>> {
        Box::pin(self.send_and_wait())
    }

    async fn send_and_wait(self) -> Result<String, Failure> {
        let timeout = web_sys::AbortSignal::timeout_with_u32(TIMEOUT_MS);
        let mut builder = RequestBuilder::new(&self.path)
            .abort_signal(Some(&timeout))
            .header("accept", "application/json");
        // A page of another origin cannot set this header without our leave.
        if self.method != Method::GET {
            builder = builder.header("X-Paydown", "1");
        }
        if let Some(key) = &self.idempotency_key {
            builder = builder.header("Idempotency-Key", key);
        }
        builder = builder.method(self.method);
        let request = match self.body {
            Some(body) => builder.header("content-type", "application/json").body(body),
            None => builder.build(),
        };
        let Ok(request) = request else { return Err(Failure::NotUnderstood) };
        let Ok(answer) = request.send().await else { return Err(Failure::NoAnswer) };
        let Ok(text) = answer.text().await else { return Err(Failure::NoAnswer) };
        LAST_ANSWER.set(browser::now_ms());
        if answer.ok() {
            return Ok(text);
        }
        match json::read::<Problem>(&text) {
            Ok(problem) if problem.status == 401 && problem.code == "unauthenticated" => {
                Err(Failure::SignedOut)
            }
            Ok(problem) => Err(Failure::Problem(Box::new(problem))),
            Err(_) => Err(Failure::NotUnderstood),
        }
    }

    /// The answer as the document it is.
    pub async fn document<T: DeserializeOwned>(self) -> Result<T, Failure> {
        let text = self.send().await?;
        json::read(&text).map_err(|_| Failure::NotUnderstood)
    }
}

pub fn portal() -> Request {
    Request::get(format!("{BASE}/portal"))
}

pub fn session() -> Request {
    Request::get(format!("{BASE}/sign-in/session"))
}

pub fn ask_for_code(email: String) -> Request {
    Request::post(format!("{BASE}/sign-in/codes"), &CodeRequest { email })
}

pub fn sign_in(proof: &SignInRequest) -> Request {
    Request::post(format!("{BASE}/sign-in/session"), proof)
}

pub fn sign_out() -> Request {
    Request::delete(format!("{BASE}/sign-in/session"))
}

pub fn accept_invitation(acceptance: &Acceptance) -> Request {
    Request::post(format!("{BASE}/invitations/acceptance"), acceptance)
}

pub fn sign_in_overview() -> Request {
    Request::get(format!("{BASE}/sign-in/overview"))
}

pub fn sign_out_everywhere() -> Request {
    Request::delete(format!("{BASE}/sign-in/sessions"))
}

pub fn end_session(id: &str) -> Request {
    Request::delete(format!("{BASE}/sign-in/sessions/{id}"))
}

pub fn change_email(email: String) -> Request {
    Request::post(format!("{BASE}/sign-in/email-change"), &EmailChangeRequest { email })
}

pub fn confirm_email(code: String) -> Request {
    let path = format!("{BASE}/sign-in/email-change/confirmation");
    Request::post(path, &EmailChangeConfirmation { code })
}

pub fn stop_email_change() -> Request {
    Request::delete(format!("{BASE}/sign-in/email-change"))
}

pub fn passkeys() -> Request {
    Request::get(format!("{BASE}/passkeys"))
}

pub fn new_passkey_options() -> Request {
    Request::post_text(format!("{BASE}/passkeys/creation-options"), "{}".into())
}

/// What the device made, in the standard's own JSON.
pub fn add_passkey(credential: &str) -> Request {
    Request::post_text(format!("{BASE}/passkeys"), format!("{{\"credential\":{credential}}}"))
}

pub fn remove_passkey(id: &str) -> Request {
    Request::delete(format!("{BASE}/passkeys/{id}"))
}

pub fn passkey_options() -> Request {
    Request::post_text(format!("{BASE}/sign-in/passkey-options"), "{}".into())
}

/// What the device signed, in the standard's own JSON.
pub fn sign_in_with_passkey(credential: &str) -> Request {
    let body = format!("{{\"credential\":{credential}}}");
    Request::post_text(format!("{BASE}/sign-in/passkey"), body)
}

pub fn due_periods(account: AccountId) -> Request {
    Request::get(format!("{BASE}/accounts/{account}/due-periods"))
}

pub fn past_bills(account: AccountId, after: Option<&str>) -> Request {
    page(format!("{BASE}/accounts/{account}/bills?status=paid&limit=25"), after)
}

pub fn bill(bill: BillId) -> Request {
    Request::get(format!("{BASE}/bills/{bill}"))
}

pub fn payments(account: AccountId, after: Option<&str>) -> Request {
    page(format!("{BASE}/accounts/{account}/payments?limit=25"), after)
}

pub fn page(mut path: String, after: Option<&str>) -> Request {
    if let Some(after) = after {
        // The mark is the server's own; whatever is in it must not become another parameter.
        let after = js_sys::encode_uri_component(after);
        // Writing into a String cannot fail.
        let _ = write!(path, "&after={}", String::from(after));
    }
    Request::get(path)
}

pub fn payment(payment: PaymentId) -> Request {
    Request::get(format!("{BASE}/payments/{payment}"))
}

pub fn receipt(payment: PaymentId) -> Request {
    Request::get(format!("{BASE}/payments/{payment}/receipt"))
}

pub fn preview(account: AccountId, request: &PreviewRequest) -> Request {
    Request::post(format!("{BASE}/accounts/{account}/allocation-previews"), request)
}

/// Sent again with the same id it is the same payment.
pub fn start_payment(account: AccountId, request: &PaymentRequest) -> Request {
    let start = Request::post(format!("{BASE}/accounts/{account}/payments"), request);
    start.with_key(request.id.to_string())
}

pub fn cancel_payment(payment: PaymentId) -> Request {
    let path = format!("{BASE}/payments/{payment}/cancellation");
    Request::post_text(path, "{}".into())
}

/// Settles bills with credit on account, without a payment.
pub fn use_credit(account: AccountId) -> Request {
    let path = format!("{BASE}/accounts/{account}/credit-applications");
    Request::post_text(path, "{}".into())
}

/// The sandbox stands where the gateway's own script would talk to the gateway.
pub fn sandbox_cards() -> Request {
    Request::get("/sandbox/cards".into())
}

#[derive(Serialize)]
struct SandboxConfirmation<'a> {
    client_secret: &'a str,
    card: &'a str,
}

pub fn sandbox_confirm(gateway_ref: &str, client_secret: &str, card: &str) -> Request {
    let body = SandboxConfirmation { client_secret, card };
    Request::post(format!("/sandbox/intents/{gateway_ref}/confirm"), &body)
}

#[derive(Serialize)]
struct SandboxAuthentication<'a> {
    client_secret: &'a str,
    outcome: &'a str,
}

pub fn sandbox_authenticate(gateway_ref: &str, client_secret: &str, outcome: &str) -> Request {
    let body = SandboxAuthentication { client_secret, outcome };
    Request::post(format!("/sandbox/intents/{gateway_ref}/authenticate"), &body)
}
