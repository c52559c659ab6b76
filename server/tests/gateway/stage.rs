//! A sandbox on a real database, a gateway that asks it, and a public address that takes its
//! webhooks and its payers.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use server::clock::Clock;
use server::db::Database;
use server::gateway::sandbox::{Sandbox, TestCard};
use server::gateway::{EventHint, Gateway, Intent, SignatureProblem};
use tokio::net::TcpListener;

use crate::support::World;

/// A webhook as it arrived.
#[derive(Clone)]
pub struct Arrived {
    pub raw: Bytes,
    pub signature: String,
}

/// The portal's public side, as far as the gateway sees it.
#[derive(Clone)]
pub struct Public {
    pub url: String,
    pub arrived: Arc<Mutex<Vec<Arrived>>>,
    pub status: Arc<AtomicU16>,
}

impl Public {
    pub async fn listen() -> (TcpListener, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let public = Self { url, arrived: Arc::default(), status: Arc::new(AtomicU16::new(200)) };
        (listener, public)
    }

    pub fn webhook_url(&self) -> String {
        format!("{}/webhooks/stripe", self.url)
    }

    pub fn serve(&self, listener: TcpListener, more: Router) {
        let routes = Router::new().route("/webhooks/stripe", post(take_webhook));
        let app = routes.with_state(self.clone()).merge(more);
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    }

    pub fn arrivals(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }
}

async fn take_webhook(State(public): State<Public>, headers: HeaderMap, raw: Bytes) -> StatusCode {
    let signature = headers["stripe-signature"].to_str().unwrap().to_owned();
    public.arrived.lock().unwrap().push(Arrived { raw, signature });
    StatusCode::from_u16(public.status.load(Ordering::SeqCst)).unwrap()
}

pub struct Stage {
    pub world: World,
    pub database: Database,
    pub sandbox: Sandbox,
    pub gateway: Gateway,
    pub public: Public,
    pub http: reqwest::Client,
    _folder: Option<Folder>,
}

/// A folder that goes when the test goes.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

static DATABASES: AtomicU32 = AtomicU32::new(0);

/// One stage on each database: always SQLite, and PostgreSQL where the tests are given one.
pub async fn stages() -> Vec<Stage> {
    let mut stages = vec![stage().await];
    match std::env::var("PAYDOWN_TEST_POSTGRES") {
        Ok(url) => stages.push(postgres_stage(&url).await),
        Err(_) => println!("PostgreSQL not running: the sandbox was tested on SQLite only"),
    }
    stages
}

pub async fn stage() -> Stage {
    let count = DATABASES.fetch_add(1, Ordering::SeqCst);
    let name = format!("paydown_gateway_{}_{count}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let url = format!("sqlite:{}/test.db", folder.display());
    stage_on(&url, Some(Folder(folder))).await
}

async fn postgres_stage(url: &str) -> Stage {
    let count = DATABASES.fetch_add(1, Ordering::SeqCst);
    let name = format!("gateway_{}_{count}", std::process::id());
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(url).await.unwrap();
    let make = sqlx::AssertSqlSafe(format!("create database {name}"));
    sqlx::query(make).execute(&pool).await.unwrap();
    pool.close().await;
    let (server, _) = url.rsplit_once('/').unwrap();
    stage_on(&format!("{server}/{name}"), None).await
}

async fn stage_on(url: &str, folder: Option<Folder>) -> Stage {
    let world = World::new();
    let database = Database::open(url, world.chance.clone()).await.unwrap();
    let (listener, public) = Public::listen().await;
    let around = world.surroundings();
    let sandbox = Sandbox::start(database.clone(), around, public.webhook_url()).await.unwrap();
    public.serve(listener, sandbox.router());
    let gateway = Gateway::try_new(sandbox.gateway_settings(), world.surroundings()).unwrap();
    let http = server::gateway::plain_client().unwrap();
    Stage { world, database, sandbox, gateway, public, http, _folder: folder }
}

impl Stage {
    /// The same database with a new process: new keys, new address.
    pub async fn restart(&mut self) {
        let around = self.world.surroundings();
        let url = self.public.webhook_url();
        self.sandbox = Sandbox::start(self.database.clone(), around, url).await.unwrap();
        let settings = self.sandbox.gateway_settings();
        self.gateway = Gateway::try_new(settings, self.world.surroundings()).unwrap();
        let (listener, public) = Public::listen().await;
        public.serve(listener, self.sandbox.router());
        self.public.url = public.url;
    }

    pub async fn new_intent(&self) -> Intent {
        let request = self.world.request(6234, receivables::money::Currency::USD);
        self.gateway.create_intent(&request).await.unwrap()
    }

    /// The payer's browser; `None` when the connection broke.
    pub async fn post(&self, path: &str, body: Value) -> Option<(u16, Value)> {
        let request = self.http.post(format!("{}{path}", self.public.url));
        let request = request.header("content-type", "application/json").body(body.to_string());
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await.ok()?;
        Some((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }

    pub async fn confirm(&self, intent: &Intent, card: TestCard) -> Option<(u16, Value)> {
        let path = format!("/sandbox/intents/{}/confirm", intent.gateway_ref);
        let secret = intent.client_secret.as_ref().unwrap().reveal();
        self.post(&path, json!({ "client_secret": secret, "card": card.code() })).await
    }

    pub async fn authenticate(&self, intent: &Intent, outcome: &str) -> Option<(u16, Value)> {
        let path = format!("/sandbox/intents/{}/authenticate", intent.gateway_ref);
        let secret = intent.client_secret.as_ref().unwrap().reveal();
        self.post(&path, json!({ "client_secret": secret, "outcome": outcome })).await
    }

    /// What the server side of Stripe says, raw.
    pub async fn raw(&self, method: &str, path: &str, form: &str) -> (u16, Value) {
        let settings = self.sandbox.gateway_settings();
        let url = format!("{}v1/{path}", settings.base_url);
        let key = settings.secret_key.unwrap();
        let request = match method {
            "GET" => self.http.get(url),
            _ => self
                .http
                .post(url)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form.to_owned()),
        };
        let response = request.bearer_auth(key.reveal()).send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
    }

    pub fn hints(&self) -> Vec<EventHint> {
        self.verified().into_iter().map(Result::unwrap).collect()
    }

    pub fn verified(&self) -> Vec<Result<EventHint, SignatureProblem>> {
        let now = self.world.clock.now();
        let verify = |arrived: &Arrived| {
            self.gateway.verify_webhook(&arrived.raw, Some(&arrived.signature), now)
        };
        self.public.arrivals().iter().map(verify).collect()
    }
}
