//! The sandbox: what stands in for Stripe when there is no key. It speaks Stripe's interface
//! over HTTP on this machine's loopback address, so that the same code runs as in earnest:
//! requests, keys, errors, signed webhooks.
//!
//! It never takes a card number, never runs beside a real key, and its objects bear names
//! (`pi_sbx_…`) that Stripe does not give. Its memory is in the portal's database.
//!
//! What it knows of Stripe is what we know: a misreading of ours is repeated here. Two things
//! keep it honest, the published types, which must decode all it says, and a second stand-in
//! written by others, which the same scenarios run against.

mod api;
mod browser;
mod cards;
mod deliver;
mod desk;
mod disputes;
mod intents;
mod lists;
mod params;
mod payer;
mod problem;
mod refunds;
mod render;
mod requests;
mod sessions;
mod store;

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use receivables::calendar::Micros;
use sqlx::AnyConnection;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

pub use api::Mishap;
pub use cards::{LATE_SECONDS, TestCard};
pub use intents::{Authentication, DEBIT_SECONDS};
pub use sessions::SQL as SESSION_SQL;
pub use store::SQL;

use super::settings::{GatewaySettings, SANDBOX_KEY};
use super::transport::{self, Surroundings, TransportProblem};
use crate::config::Secret;
use crate::db::{Command, Database, DbError};
use desk::Occasion;
use intents::Names;
use payer::{PayerStep, Step};
use refunds::{EndRefund, RefundEnd};
use store::Settling;

/// How often the sandbox looks at the clock when nobody asks it for anything.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const KEYS_FORGOTTEN_AFTER_SECONDS: i64 = 2 * 24 * 60 * 60;

#[derive(Debug, Error)]
pub enum SandboxProblem {
    #[error("the sandbox cannot listen on this machine: {0}")]
    CannotListen(#[from] std::io::Error),
    #[error(transparent)]
    CannotSend(#[from] TransportProblem),
}

/// The running sandbox, cheap to clone. It stops listening when the last clone is dropped.
#[derive(Clone)]
pub struct Sandbox {
    core: Arc<Core>,
    address: SocketAddr,
    _listening: Arc<Listening>,
}

pub(in crate::gateway::sandbox) struct Core {
    database: Database,
    around: Surroundings,
    secret_key: Secret,
    webhook_secret: Secret,
    webhook_url: String,
    http: reqwest::Client,
    wake: Notify,
    mishaps: Mutex<VecDeque<Mishap>>,
}

struct Listening(JoinHandle<()>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Sandbox {
    /// Starts to listen, with keys of its own made now. Webhooks go to `webhook_url`, the
    /// portal's own public route.
    pub async fn start(
        database: Database,
        around: Surroundings,
        webhook_url: String,
    ) -> Result<Self, SandboxProblem> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let draw = || hex::encode(seed(&around));
        let core = Arc::new(Core {
            secret_key: Secret::new(format!("{SANDBOX_KEY}_{}", draw())),
            webhook_secret: Secret::new(format!("whsec_{}", draw())),
            database,
            around,
            webhook_url,
            http: transport::plain_client()?,
            wake: Notify::new(),
            mishaps: Mutex::default(),
        });
        let app = api::router(Arc::clone(&core));
        let listening = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                tracing::error!(%error, "the sandbox stopped listening");
            }
        });
        Ok(Self { core, address, _listening: Arc::new(Listening(listening)) })
    }

    /// What [`Gateway::try_new`](super::Gateway::try_new) needs to ask this sandbox.
    pub fn gateway_settings(&self) -> GatewaySettings {
        GatewaySettings {
            secret_key: Some(self.core.secret_key.clone()),
            publishable_key: Some("pk_test_sandbox".into()),
            webhook_secrets: vec![self.core.webhook_secret.clone()],
            base_url: format!("http://{}/", self.address),
            ..GatewaySettings::default()
        }
    }

    /// The routes for the payer's browser, for the public router.
    pub fn router(&self) -> Router {
        browser::router(Arc::clone(&self.core))
    }

    /// Orders mishaps for the next requests, one each.
    pub fn order_mishaps(&self, mishaps: impl IntoIterator<Item = Mishap>) {
        self.core.mishaps().extend(mishaps);
    }

    /// Forgets the mishaps that no request has met yet.
    pub fn forget_mishaps(&self) {
        self.core.mishaps().clear();
    }

    /// Brings to an end what time has brought to an end, and delivers the webhooks that are due.
    pub async fn tick(&self) -> Result<(), DbError> {
        let now = self.core.around.clock.now();
        let under_way = {
            let mut connection = self.core.database.read().acquire().await?;
            store::settling(&mut connection, now.unix_seconds()).await?
        };
        for settling in under_way {
            self.core.settle(settling).await?;
        }
        deliver::deliver_due(&self.core).await
    }

    /// Ticks for ever: at once after every request, else twice a second.
    pub async fn keep_time(self) {
        let forget = ForgetAnswers(self.core.around.clock.now());
        if let Err(error) = self.core.database.write(forget).await {
            tracing::warn!(%error, "the sandbox could not forget old answers");
        }
        loop {
            if let Err(error) = self.tick().await {
                tracing::warn!(%error, "the sandbox could not go on; it will try again");
            }
            tokio::select! {
                () = self.core.wake.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }
}

impl Core {
    /// Brings one debit or refund to its end.
    async fn settle(&self, settling: Settling) -> Result<(), DbError> {
        let occasion = self.occasion(None);
        if settling.is_refund {
            let end = RefundEnd::Succeed;
            let command = EndRefund { occasion, refund_id: settling.id, end };
            self.database.write(command).await?;
        } else {
            let step = PayerStep { occasion, intent_id: settling.id, step: Step::Settle };
            self.database.write(step).await?;
        }
        Ok(())
    }

    fn occasion(&self, request_id: Option<String>) -> Occasion {
        Occasion { now: self.around.clock.now(), seed: seed(&self.around), request_id }
    }

    fn draw(&self, prefix: &str) -> String {
        Names::new(seed(&self.around)).draw(prefix)
    }

    fn wake(&self) {
        self.wake.notify_one();
    }

    fn next_mishap(&self) -> Option<Mishap> {
        self.mishaps().pop_front()
    }

    fn mishaps(&self) -> std::sync::MutexGuard<'_, VecDeque<Mishap>> {
        self.mishaps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seed(around: &Surroundings) -> [u8; 16] {
    let mut bytes = [0; 16];
    around.chance.fill(&mut bytes);
    bytes
}

struct ForgetAnswers(Micros);

impl Command for ForgetAnswers {
    type Reply = ();

    async fn apply<'c>(&'c self, tx: &'c mut AnyConnection) -> Result<(), DbError> {
        let kept_until = self.0.plus_seconds(-KEYS_FORGOTTEN_AFTER_SECONDS);
        store::forget_answers(tx, kept_until).await
    }
}
