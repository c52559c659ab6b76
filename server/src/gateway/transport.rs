//! Sends one request to the gateway and brings back a clear answer, or says that there is none.
//!
//! Our own transport under the published request builders, because theirs cannot combine a
//! caller's idempotency key with retries and loses the status of a body it cannot read.
//!
//! Bounds: [`TRIES`] tries within [`PATIENCE`], each with a timeout, each answer at most
//! [`LARGEST_ANSWER`] bytes. Keys, request bodies and answers are never logged.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::future::BoxFuture;
use receivables::calendar::Micros;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use stripe_client_core::{
    CustomizedStripeRequest, RequestBuilder, RequestStrategy, StripeClient, StripeMethod,
};
use tracing::{info, warn};

use super::error::{Doubt, GatewayError};
use super::verdict::{Reply, Verdict, judge};
use crate::clock::{Chance, Clock};
use crate::config::Secret;
use crate::failpoints;
use crate::http_client::{client_for, client_for_this_machine};

/// The version of the gateway's interface that we speak. A test compares it with the version
/// the request builders were generated from.
pub const API_VERSION: &str = "2026-09-30.endive";

const TRIES: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(20);
const SHORTEST_TIMEOUT: Duration = Duration::from_secs(1);
const FIRST_WAIT_MS: u64 = 500;
const LARGEST_ANSWER: usize = 4 << 20;

/// Waits between two tries. Passed in, so that a test of retries does not take their time.
pub trait Pause: Send + Sync {
    fn pause(&self, time: Duration) -> BoxFuture<'_, ()>;
}

/// Waits by the machine's own timer.
pub struct RealPause;

impl Pause for RealPause {
    fn pause(&self, time: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// What the transport is given rather than takes: time, chance and waiting.
#[derive(Clone)]
pub struct Surroundings {
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
    pub pause: Arc<dyn Pause>,
}

pub(super) struct Transport {
    http: reqwest::Client,
    base_url: String,
    timeout: Duration,
    around: Surroundings,
}

/// The base address cannot be used, or the key is not fit for a header.
#[derive(Debug, thiserror::Error)]
#[error("the gateway's address or key cannot be used: {0}")]
pub struct TransportProblem(String);

struct Call {
    request: RequestBuilder,
    idempotency_key: Option<String>,
}

impl Call {
    /// `Post /payment_intents/*/cancel`: without the names that stand in the path.
    fn words(&self) -> String {
        let parts = self.request.path.trim_start_matches('/').split('/').enumerate();
        let parts = parts.map(|(at, part)| if at % 2 == 0 { part } else { "*" });
        format!("{:?} /{}", self.request.method, parts.collect::<Vec<_>>().join("/"))
    }
}

impl Transport {
    pub fn try_new(
        base_url: &str,
        key: &Secret,
        timeout: Duration,
        around: Surroundings,
    ) -> Result<Self, TransportProblem> {
        let url = reqwest::Url::parse(base_url).map_err(|e| TransportProblem(e.to_string()))?;
        let builder = client_for(&url)
            .map_err(|e| TransportProblem(e.to_string()))?
            .default_headers(headers_of_every_request(key)?)
            .connect_timeout(timeout.min(Duration::from_secs(5)));
        let http = builder.build().map_err(|e| TransportProblem(e.to_string()))?;
        let base_url = format!("{}/v1", base_url.trim_end_matches('/'));
        Ok(Self { http, base_url, timeout, around })
    }

    async fn send_until_clear(&self, call: &Call) -> Result<Bytes, GatewayError> {
        let started = self.around.clock.now();
        // A write without a key must not be sent twice.
        let changes = !matches!(call.request.method, StripeMethod::Get);
        let tries = if changes && call.idempotency_key.is_none() { 1 } else { TRIES };
        let mut doubt = None;
        for attempt in 1..=tries {
            let left = PATIENCE.saturating_sub(elapsed(started, self.around.clock.now()));
            let (error, wait) = match self.send_once(call, left).await {
                Try::Answered(reply) => match judge(&reply) {
                    Verdict::Good => return Ok(reply.body.into()),
                    Verdict::Final(error) => return Err(with_doubt(error, doubt)),
                    Verdict::Again(error) => (error, reply.retry_after),
                },
                Try::Failed(error) => (error, None),
            };
            if changes && matches!(error, GatewayError::Unclear(_)) {
                doubt = Some(error.clone());
            }
            let wait = wait.unwrap_or_default().max(self.back_off(attempt));
            let left = PATIENCE.saturating_sub(elapsed(started, self.around.clock.now()));
            if attempt == tries || wait >= left {
                warn!(attempt, path = %call.request.path, %error, "gave up asking the gateway");
                return Err(with_doubt(error, doubt));
            }
            info!(attempt, path = %call.request.path, %error, "asking the gateway again");
            self.around.pause.pause(wait).await;
        }
        Err(GatewayError::Busy { retry_after: None })
    }

    async fn send_once(&self, call: &Call, left: Duration) -> Try {
        let request = &call.request;
        let mut url = format!("{}{}", self.base_url, request.path);
        if let Some(query) = request.query.as_deref().filter(|query| !query.is_empty()) {
            url = format!("{url}?{query}");
        }
        let method = match request.method {
            StripeMethod::Get => reqwest::Method::GET,
            StripeMethod::Post => reqwest::Method::POST,
            StripeMethod::Delete => reqwest::Method::DELETE,
        };
        let mut http = self.http.request(method.clone(), url);
        if method == reqwest::Method::POST {
            // The gateway wants a form even where there is nothing to send.
            http = http
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(request.body.clone().unwrap_or_default());
        }
        if let Some(key) = &call.idempotency_key {
            http = http.header("Idempotency-Key", key);
        }
        let timeout = self.timeout.min(left.max(SHORTEST_TIMEOUT));
        match http.timeout(timeout).send().await {
            Ok(response) => read_reply(response).await,
            Err(error) => Try::Failed(broken(&error)),
        }
    }

    /// Half a second, doubled for each try, of which the second half is left to chance: many
    /// servers that failed together must not come back together.
    fn back_off(&self, attempt: u32) -> Duration {
        let whole = FIRST_WAIT_MS.saturating_mul(1 << attempt.saturating_sub(1).min(4));
        let mut bytes = [0; 2];
        self.around.chance.fill(&mut bytes);
        let share = u64::from(u16::from_le_bytes(bytes));
        Duration::from_millis(whole / 2 + whole / 2 * share / u64::from(u16::MAX))
    }
}

impl StripeClient for Transport {
    type Err = GatewayError;

    async fn execute(&self, request: CustomizedStripeRequest) -> Result<Bytes, GatewayError> {
        let (request, overrides) = request.into_pieces();
        let idempotency_key = match overrides.request_strategy {
            Some(RequestStrategy::Idempotent(key)) => Some(key.into_inner()),
            _ => None,
        };
        let call = Call { request, idempotency_key };
        failpoints::pass("before asking", || call.words());
        let answer = self.send_until_clear(&call).await;
        failpoints::pass("after asking", || call.words());
        answer
    }
}

enum Try {
    Answered(Reply),
    Failed(GatewayError),
}

async fn read_reply(mut response: reqwest::Response) -> Try {
    let headers = response.headers();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let request_id = text("request-id").map(str::to_owned);
    let should_retry = text("stripe-should-retry").and_then(|value| value.parse().ok());
    let retry_after =
        text(RETRY_AFTER.as_str()).and_then(|value| value.parse().ok()).map(Duration::from_secs);
    let status = response.status();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => break,
            Ok(Some(chunk)) if body.len() + chunk.len() <= LARGEST_ANSWER => {
                body.extend_from_slice(&chunk);
            }
            Ok(Some(_)) => {
                let doubt = Doubt::Unreadable { status: status.as_u16() };
                return Try::Failed(GatewayError::unclear(doubt, request_id));
            }
            Err(error) => return Try::Failed(broken(&error)),
        }
    }
    Try::Answered(Reply { status, request_id, should_retry, retry_after, body })
}

/// No connection means that nothing was sent; anything later may have been received.
fn broken(error: &reqwest::Error) -> GatewayError {
    if error.is_connect() || error.is_builder() {
        GatewayError::Busy { retry_after: None }
    } else if error.is_timeout() {
        GatewayError::unclear(Doubt::TimedOut, None)
    } else {
        GatewayError::unclear(Doubt::AnswerLost, None)
    }
}

/// An earlier try without a clear answer stays in doubt unless the last answer settles it.
fn with_doubt(error: GatewayError, doubt: Option<GatewayError>) -> GatewayError {
    match doubt {
        Some(doubt) if !error.settles_doubt() => doubt,
        _ => error,
    }
}

fn elapsed(from: Micros, to: Micros) -> Duration {
    Duration::from_micros(u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0))
}

fn headers_of_every_request(key: &Secret) -> Result<HeaderMap, TransportProblem> {
    let mut bearer = HeaderValue::from_str(&format!("Bearer {}", key.reveal()))
        .map_err(|_| TransportProblem("the key has characters that no key has".into()))?;
    bearer.set_sensitive(true);
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, bearer);
    headers.insert("stripe-version", HeaderValue::from_static(API_VERSION));
    Ok(headers)
}

/// For this machine's own addresses: the sandbox's webhooks.
pub fn plain_client() -> Result<reqwest::Client, TransportProblem> {
    let builder = client_for_this_machine().map_err(|e| TransportProblem(e.to_string()))?;
    builder.build().map_err(|e| TransportProblem(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_speak_the_version_that_the_request_builders_were_made_from() {
        assert_eq!(API_VERSION, stripe_shared::version::VERSION.as_str());
    }
}
