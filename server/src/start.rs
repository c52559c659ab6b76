//! Bringing a portal up: settings → database → gateway (or the sandbox) → stamp → book → portal.

use std::sync::Arc;

use thiserror::Error;

use crate::clock::{Chance, Clock, SystemChance, SystemClock};
use crate::config::{Loaded, Settings, Zone};
use crate::db::{Database, DbError};
use crate::gateway::sandbox::{Sandbox, SandboxProblem};
use crate::gateway::{Gateway, GatewaySettings, Pause, RealPause, SettingsProblem, Surroundings};
use crate::imports::{Imports, Watch};
use crate::installation::{self, AnotherMode};
use crate::ledger::BookWatch;
use crate::outbox::{SenderProblem, Senders};
use crate::passkeys::Passkeys;
use crate::staff_sign_in::{IdentityProvider, ProviderSetUpProblem};
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
    #[error(transparent)]
    IdentityProvider(#[from] ProviderSetUpProblem),
    #[error(transparent)]
    AnotherMode(AnotherMode),
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
    let stamped = installation::stamp(&db, gateway_settings.mode()?).await?;
    stamped.map_err(StartError::AnotherMode)?;
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
    let identity_provider = IdentityProvider::of(&settings.staff_sign_in, &settings.public_url)?;
    let passkeys = Passkeys::at(&settings.public_url, &settings.biller.name);
    // A broken book must not take a payment only because the server was started again.
    let book = BookWatch::default();
    book.look(db.read(), clock.now()).await?;
    let work = Work::default();
    let portal = Portal {
        settings,
        zone,
        db,
        gateway,
        clock,
        chance,
        senders,
        identity_provider,
        passkeys,
        book,
        work,
        watched: Watch::default(),
        imports: Imports::default(),
    };
    let portal = Arc::new(portal);
    Ok(Started { portal, sandbox })
}
