//! What stands between the portal and the sandbox when a proof wants the way there to be bad: it
//! passes requests on, writes down each, and does to the answers what it is told to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::{Request, Response, StatusCode, header};
use receivables::calendar::Micros;
use server::clock::Clock;
use tokio::sync::Semaphore;

use super::StandingClock;

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    Pass,
    /// It has its effect, and then …
    ActThenReset,
    ActThenFail,
    /// … the answer waits until it is let go.
    ActThenWait,
    /// It has no effect.
    Crowd,
    KeyInUse,
}

#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub key: Option<String>,
    /// By the story's clock.
    pub at: Micros,
}

impl Asked {
    pub fn is_create(&self) -> bool {
        self.method == "POST" && self.path == "/v1/payment_intents"
    }
}

/// Chooses the course of a request; the number says how often its key came before.
pub type Choose = Box<dyn Fn(&Asked, usize) -> Course + Send + Sync>;

pub struct Between {
    target: String,
    http: reqwest::Client,
    clock: Arc<StandingClock>,
    choose: Choose,
    asked: Mutex<Vec<Asked>>,
    keys: Mutex<HashMap<String, usize>>,
    held: Semaphore,
}

impl Between {
    /// Starts to listen; its address stands in for the target's.
    pub async fn start(
        target: String,
        clock: Arc<StandingClock>,
        choose: Choose,
    ) -> (Arc<Self>, String) {
        let between = Arc::new(Self {
            target: target.trim_end_matches('/').to_owned(),
            http: server::gateway::plain_client().unwrap(),
            clock,
            choose,
            asked: Mutex::default(),
            keys: Mutex::default(),
            held: Semaphore::new(0),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let router = Router::new().fallback(pass_on).with_state(between.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (between, address)
    }

    /// Everything that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Lets this many waiting answers go.
    pub fn let_go(&self, answers: usize) {
        self.held.add_permits(answers);
    }

    fn course(&self, asked: &Asked) -> Course {
        let before = asked.key.as_ref().map_or(0, |key| {
            let mut keys = self.keys.lock().unwrap();
            let count = keys.entry(key.clone()).or_default();
            *count += 1;
            *count - 1
        });
        self.asked.lock().unwrap().push(asked.clone());
        (self.choose)(asked, before)
    }
}

async fn pass_on(State(between): State<Arc<Between>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let key = parts.headers.get("idempotency-key").map(|key| key.to_str().unwrap().to_owned());
    let path = parts.uri.path().to_owned();
    let at = between.clock.now();
    let asked = Asked { method: parts.method.to_string(), path, key, at };
    let course = between.course(&asked);
    match course {
        Course::Crowd => return problem(StatusCode::TOO_MANY_REQUESTS, "rate_limit"),
        Course::KeyInUse => return problem(StatusCode::CONFLICT, "idempotency_key_in_use"),
        Course::Pass | Course::ActThenReset | Course::ActThenFail | Course::ActThenWait => {}
    }
    let url = format!("{}{}", between.target, parts.uri);
    let mut onwards = between.http.request(parts.method, url);
    for (name, value) in &parts.headers {
        if *name != header::HOST && *name != header::CONTENT_LENGTH {
            onwards = onwards.header(name, value);
        }
    }
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let answer = onwards.body(body).send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.unwrap();
    match course {
        Course::ActThenFail => return problem(StatusCode::INTERNAL_SERVER_ERROR, "api_error"),
        Course::ActThenReset => return broken_off(),
        Course::ActThenWait => between.held.acquire().await.unwrap().forget(),
        _ => {}
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    for name in ["request-id", "content-type"] {
        if let Some(value) = headers.get(name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

fn problem(status: StatusCode, code: &str) -> Response<Body> {
    let body = format!(r#"{{"error":{{"type":"invalid_request_error","code":"{code}"}}}}"#);
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
}

/// An answer whose connection breaks before its body is there.
fn broken_off() -> Response<Body> {
    let broken = futures_util::stream::once(async {
        Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    });
    Response::new(Body::from_stream(broken))
}
