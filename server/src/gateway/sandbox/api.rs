//! The sandbox's side of Stripe's interface: one loopback address, one secret key.
//!
//! A test, or a person who wants to see how the portal takes it, can order [`Mishap`]s for the
//! next requests.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Form, FromRequest, OriginalUri, Query, State};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};

use super::Core;
use super::cards::TestCard;
use super::disputes::SandboxDispute;
use super::intents::{SandboxCharge, SandboxIntent, SandboxRefund};
use super::params::{Params, checked_amount};
use super::problem::Problem;
use super::requests::{Answer, Ask, KeyUse, Request as Change};
use super::{lists, render, sessions, store};
use crate::db::DbError;
use crate::gateway::transport::API_VERSION;

/// How the next request goes wrong. Those that act do what was asked first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    ActThenHangUp,
    ActThenFail,
    ActThenTruncate,
    Crowd {
        retry_after_seconds: u32,
    },
    KeyInUse,
    /// As if our secret key had been taken back.
    KeyTakenBack,
    Fail,
    Html502,
}

pub(super) fn router(core: Arc<Core>) -> Router {
    Router::new().fallback(answer).with_state(core)
}

struct Asked {
    method: Method,
    path: String,
    params: Params,
    key: Option<String>,
    request_id: String,
}

async fn answer(
    State(core): State<Arc<Core>>,
    OriginalUri(uri): OriginalUri,
    request: Request<Body>,
) -> Response<Body> {
    let request_id = core.draw("req");
    let headers = request.headers().clone();
    let mishap = core.next_mishap();
    if let Some(response) = mishap.and_then(before_acting) {
        return response;
    }
    let answer = match read(&core, &uri, request, request_id.clone()).await {
        Ok(asked) => act(&core, asked).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the sandbox could not answer");
            Problem::broken().into()
        }),
        Err(problem) => problem.into(),
    };
    core.wake();
    match mishap {
        Some(Mishap::ActThenHangUp) => cut_off(StatusCode::OK),
        Some(Mishap::ActThenFail) => respond(Problem::broken().into(), &request_id, &headers),
        Some(Mishap::ActThenTruncate) => {
            let half = answer.body.len() / 2;
            let body = answer.body.chars().take(half).collect();
            respond(Answer { body, ..answer }, &request_id, &headers)
        }
        _ => respond(answer, &request_id, &headers),
    }
}

fn before_acting(mishap: Mishap) -> Option<Response<Body>> {
    let problem = match mishap {
        Mishap::ActThenHangUp | Mishap::ActThenFail | Mishap::ActThenTruncate => return None,
        Mishap::Crowd { retry_after_seconds } => {
            let mut response = respond(Problem::crowd().into(), "req_sbx_crowd", &HeaderMap::new());
            let seconds = HeaderValue::from(retry_after_seconds);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
            return Some(response);
        }
        Mishap::Html502 => {
            let mut response = Response::new(Body::from("<html><h1>502 Bad Gateway</h1></html>"));
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            return Some(response);
        }
        Mishap::KeyInUse => Problem::key_in_use(),
        Mishap::KeyTakenBack => Problem::unauthorized(),
        Mishap::Fail => Problem::broken(),
    };
    Some(respond(problem.into(), "req_sbx_mishap", &HeaderMap::new()))
}

/// An answer whose connection breaks before its body is there.
pub(super) fn cut_off(status: StatusCode) -> Response<Body> {
    let broken = futures_util::stream::once(async {
        Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    });
    let mut response = Response::new(Body::from_stream(broken));
    *response.status_mut() = status;
    response
}

fn respond(answer: Answer, request_id: &str, asked: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(request_id) = HeaderValue::from_str(request_id) {
        headers.insert("request-id", request_id);
    }
    let version = asked.get("stripe-version").cloned();
    let version = version.unwrap_or(HeaderValue::from_static(API_VERSION));
    headers.insert("stripe-version", version);
    if let Some(key) = asked.get("idempotency-key") {
        headers.insert("idempotency-key", key.clone());
    }
    if answer.replayed {
        headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    response
}

async fn read(
    core: &Core,
    uri: &Uri,
    request: Request<Body>,
    request_id: String,
) -> Result<Asked, Problem> {
    let headers = request.headers().clone();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text("authorization").and_then(|value| value.strip_prefix("Bearer "));
    if bearer != Some(core.secret_key.reveal()) {
        return Err(Problem::unauthorized());
    }
    let key = text("idempotency-key").map(str::to_owned);
    let method = request.method().clone();
    let unreadable = |_| Problem::invalid(None, "", "The parameters could not be read.");
    let pairs: Vec<(String, String)> = if method == Method::POST {
        let form = Form::from_request(request, &()).await;
        form.map(|Form(pairs)| pairs).map_err(|e| unreadable(e.to_string()))?
    } else {
        let query = Query::try_from_uri(uri);
        query.map(|Query(pairs)| pairs).map_err(|e| unreadable(e.to_string()))?
    };
    let params = Params::new(pairs);
    Ok(Asked { method, path: uri.path().to_owned(), params, key, request_id })
}

async fn act(core: &Core, asked: Asked) -> Result<Answer, DbError> {
    let path = asked.path.clone();
    let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
    if asked.method == Method::POST {
        return change(core, asked, &parts).await;
    }
    let mut connection = core.database.read().acquire().await?;
    let found = match parts.as_slice() {
        ["payment_intents"] => lists::intents(&mut connection, asked.params).await?,
        ["refunds"] => lists::refunds(&mut connection, asked.params).await?,
        ["events"] => lists::events(&mut connection, asked.params).await?,
        ["checkout", "sessions"] => sessions::list(&mut connection, asked.params).await?,
        ["checkout", "sessions", id] => sessions::one(&mut connection, id).await?,
        ["payment_intents", id] => one_intent(&mut connection, id, asked.params).await?,
        ["charges", id] => store::load::<SandboxCharge>(&mut connection, id)
            .await?
            .map(|charge| render::charge(&charge))
            .ok_or_else(|| Problem::no_such("charge", id, "id")),
        ["refunds", id] => store::load::<SandboxRefund>(&mut connection, id)
            .await?
            .map(|refund| render::refund(&refund))
            .ok_or_else(|| Problem::no_such("refund", id, "id")),
        ["disputes", id] => store::load::<SandboxDispute>(&mut connection, id)
            .await?
            .map(|dispute| dispute.rendered())
            .ok_or_else(|| Problem::no_such("dispute", id, "id")),
        ["events", id] => store::load_event(&mut connection, id)
            .await?
            .ok_or_else(|| Problem::no_such("event", id, "id")),
        _ => Err(Problem::unknown_url(asked.method.as_str(), &path)),
    };
    Ok(found.map_or_else(Answer::from, Answer::from))
}

async fn one_intent(
    connection: &mut sqlx::AnyConnection,
    id: &str,
    mut params: Params,
) -> Result<Result<serde_json::Value, Problem>, DbError> {
    let expand = match params.take_expansion().and_then(|expand| params.finish().map(|()| expand)) {
        Ok(expand) => expand,
        Err(problem) => return Ok(Err(problem)),
    };
    let Some(intent) = store::load::<SandboxIntent>(connection, id).await? else {
        return Ok(Err(Problem::no_such("payment_intent", id, "intent")));
    };
    let charge = match intent.latest_charge.as_ref().filter(|_| expand) {
        Some(charge_id) => store::load::<SandboxCharge>(connection, charge_id).await?,
        None => None,
    };
    Ok(Ok(render::intent(&intent, charge.as_ref())))
}

async fn change(core: &Core, asked: Asked, parts: &[&str]) -> Result<Answer, DbError> {
    let fingerprint = asked.params.fingerprint(&asked.path);
    let key = match asked.key {
        Some(key) if key.is_empty() || key.len() > 255 => {
            let message = "The idempotency key must have 1 to 255 characters.";
            return Ok(Problem::invalid(None, "", message).into());
        }
        key => key.map(|key| KeyUse { key, fingerprint }),
    };
    let ask = match what_is_asked(parts, asked.params) {
        Ok(Some(ask)) => ask,
        Ok(None) => return Ok(Problem::unknown_url("POST", &asked.path).into()),
        Err(problem) => return Ok(problem.into()),
    };
    let occasion = core.occasion(Some(asked.request_id));
    core.database.write(Change { occasion, ask, key }).await
}

fn what_is_asked(parts: &[&str], mut params: Params) -> Result<Option<Ask>, Problem> {
    let ask = match parts {
        ["payment_intents"] => {
            let (amount, currency) =
                checked_amount(params.take_integer("amount")?, params.take("currency"))?;
            params.take_map("automatic_payment_methods");
            let (description, metadata) = (params.take("description"), params.take_notes()?);
            Ask::Create { amount, currency, description, metadata }
        }
        ["payment_intents", id, "confirm"] => {
            let method =
                params.take("payment_method").ok_or_else(|| Problem::missing("payment_method"))?;
            params.take("return_url");
            let card = TestCard::from_method(&method)
                .ok_or_else(|| Problem::no_such("PaymentMethod", &method, "payment_method"))?;
            Ask::Confirm { intent_id: (*id).to_owned(), card }
        }
        ["payment_intents", id, "cancel"] => {
            let reason = params.take("cancellation_reason");
            Ask::Cancel { intent_id: (*id).to_owned(), reason }
        }
        ["refunds"] => Ask::Refund {
            intent_id: params.take("payment_intent"),
            charge_id: params.take("charge"),
            amount: params.take_integer("amount")?,
            reason: params.take("reason"),
            metadata: params.take_notes()?,
        },
        _ => return Ok(None),
    };
    params.finish()?;
    Ok(Some(ask))
}
