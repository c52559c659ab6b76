//! What every room shares: the settings, the database, the gateway, the injected clock and
//! chance.

use std::sync::Arc;

use receivables::api::portal::GatewayMode;
use receivables::calendar::{CivilDate, Micros};
use receivables::ids::{OutboxId, WorkItemId};
use tokio::sync::Notify;

use crate::clock::{Chance, Clock, ten_bytes, unix_ms};
use crate::config::{Settings, Zone};
use crate::db::Database;
use crate::gateway::Gateway;
use crate::imports::{Imports, Watch};
use crate::ledger::BookWatch;
use crate::outbox::Senders;
use crate::passkeys::Passkeys;
use crate::staff_sign_in::IdentityProvider;

/// The running portal. Handlers take it as `State<Shared>`.
pub struct Portal {
    pub settings: Settings,
    pub zone: Zone,
    pub db: Database,
    pub gateway: Gateway,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
    pub senders: Senders,
    /// None: staff cannot sign in by browser.
    pub identity_provider: Option<IdentityProvider>,
    pub passkeys: Passkeys,
    pub book: BookWatch,
    pub work: Work,
    pub watched: Watch,
    pub imports: Imports,
}

pub type Shared = Arc<Portal>;

/// Wakes the background work, so that nobody waits for its next round.
#[derive(Default)]
pub struct Work {
    pub events: Notify,
    pub outbox: Notify,
    pub imports: Notify,
}

impl Portal {
    pub fn now(&self) -> Micros {
        self.clock.now()
    }

    /// Today in the biller's time zone.
    pub fn today(&self) -> CivilDate {
        self.zone.day(self.now())
    }

    /// The two parts of a new id, for `SomeId::from_parts(ms, &chance)`.
    pub fn id_parts(&self) -> (u64, [u8; 10]) {
        (unix_ms(self.now()), ten_bytes(self.chance.as_ref()))
    }

    /// The id of a work item, should one have to be opened.
    pub fn work_item_id(&self) -> WorkItemId {
        let (ms, chance) = self.id_parts();
        WorkItemId::from_parts(ms, &chance)
    }

    /// The id of something to send. Drawn before the transaction, so that a repeat of it is the same.
    pub fn outbox_id(&self) -> OutboxId {
        let (ms, chance) = self.id_parts();
        OutboxId::from_parts(ms, &chance)
    }

    /// No real money moves here.
    pub fn is_demo(&self) -> bool {
        self.gateway.mode() == GatewayMode::Sandbox
    }
}
