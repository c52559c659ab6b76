//! Bringing a portal up: settings → database → gateway (or the sandbox) → stamp → portal.

use std::sync::Arc;

use sqlx::{AnyConnection, Row};
use thiserror::Error;

use receivables::api::portal::GatewayMode;

use crate::clock::{Chance, Clock, SystemChance, SystemClock};
use crate::config::{Loaded, Settings, Zone};
use crate::db::{Command, Database, DbError};
use crate::gateway::sandbox::{Sandbox, SandboxProblem};
use crate::gateway::{Gateway, GatewaySettings, Pause, RealPause, SettingsProblem, Surroundings};
use crate::outbox::{SenderProblem, Senders};
use crate::state::{Portal, Shared, Work};

#[derive(Debug, Error)]
pub enum StartError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("the gateway's settings: {0}")]
    Gateway(#[from] SettingsProblem),
    #[error(transparent)]
    Sandbox(#[from] SandboxProblem),
    #[error(transparent)]
    Sender(#[from] SenderProblem),
    #[error(
        "this database holds {stamped} money and the configuration says {wanted}: use the \
         database that belongs to the key, or the key that belongs to the database"
    )]
    AnotherMode { stamped: String, wanted: &'static str },
}

/// A portal and, without a key, the sandbox that stands in for the gateway.
pub struct Started {
    pub portal: Shared,
    pub sandbox: Option<Sandbox>,
}

/// What is injected: the machine's own outside tests.
#[derive(Clone)]
pub struct Injected {
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
    pub pause: Arc<dyn Pause>,
}

impl Injected {
    pub fn from_the_machine() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            chance: Arc::new(SystemChance),
            pause: Arc::new(RealPause),
        }
    }
}

/// Opens the database and the gateway. `own_address` is where our own webhook route is reached
/// from this machine.
pub async fn start(
    loaded: Loaded,
    injected: Injected,
    own_address: &str,
) -> Result<Started, StartError> {
    let Loaded { settings, zone, .. } = loaded;
    let db = Database::open(settings.database_url.reveal(), injected.chance.clone()).await?;
    start_with(settings, zone, db, injected, own_address).await
}

/// As [`start`], with an open database.
pub async fn start_with(
    settings: Settings,
    zone: Zone,
    db: Database,
    injected: Injected,
    own_address: &str,
) -> Result<Started, StartError> {
    let gateway_settings = GatewaySettings::from(&settings.stripe);
    stamp(&db, gateway_settings.mode()?).await?;
    let Injected { clock, chance, pause } = injected;
    let around = Surroundings { clock: clock.clone(), chance: chance.clone(), pause };
    let (gateway_settings, sandbox) = if gateway_settings.secret_key.is_some() {
        (gateway_settings, None)
    } else {
        let webhooks = format!("{own_address}/webhooks/stripe");
        let sandbox = Sandbox::start(db.clone(), around.clone(), webhooks).await?;
        (sandbox.gateway_settings(), Some(sandbox))
    };
    let gateway = Gateway::try_new(gateway_settings, around)?;
    let senders = Senders::of(&settings)?;
    let work = Work::default();
    let portal = Arc::new(Portal { settings, zone, db, gateway, clock, chance, senders, work });
    Ok(Started { portal, sandbox })
}

const FIND_STAMP: &str = "select value from installation where name = 'gateway_mode'";
const WRITE_STAMP: &str = "
insert into installation (name, value) values ('gateway_mode', $1) on conflict (name) do nothing";

/// Every SQL text of this file, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] = &[&[FIND_STAMP, WRITE_STAMP]];

/// Stamps a new database with the mode, and refuses one that holds another kind of money.
async fn stamp(db: &Database, mode: GatewayMode) -> Result<(), StartError> {
    let wanted = match mode {
        GatewayMode::Sandbox => "sandbox",
        GatewayMode::Test => "test",
        GatewayMode::Live => "live",
    };
    let stamped = db.write(Stamp(wanted)).await?;
    if stamped == wanted {
        return Ok(());
    }
    Err(StartError::AnotherMode { stamped, wanted })
}

struct Stamp(&'static str);

impl Command for Stamp {
    type Reply = String;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<String, DbError> {
        sqlx::query(WRITE_STAMP).bind(self.0).execute(&mut *tx).await?;
        Ok(sqlx::query(FIND_STAMP).fetch_one(tx).await?.try_get(0)?)
    }
}
