//! Demo data: a handful of customers whose situations show every state on the pages.
//!
//! Everything is relative to today, so that what is overdue is overdue on any day. It never
//! goes into a database that takes real money. An account that is there already is left as it
//! is, so loading twice changes nothing.

mod households;
mod tariff;

use std::fmt;
use std::sync::Arc;

use receivables::api::portal::GatewayMode;
use receivables::calendar::{CivilDate, Micros};
use receivables::ids::{AccountId, CustomerId, PaymentId, PostingId};
use sqlx::AnyConnection;
use thiserror::Error;

use crate::accounts::{NewAccount, NewCustomer, OpenedAccount, open_account};
use crate::bills::{Cancellation, HoldRefusal, IssueRefusal, cancel_bill, issue_bills};
use crate::clock::{Chance, Clock, ten_bytes, unix_ms};
use crate::config::{Settings, Zone};
use crate::db::{Command, Database, DbError};
use crate::external_payments::{ExternalPayment, Recording, record_external_payment};
use crate::installation;
use households::{Event, Household};

#[derive(Debug, Error)]
pub enum DemoError {
    #[error("demo data goes only into a sandbox: here a gateway key is set, or money was taken")]
    NotASandbox,
    #[error("the demo data does not follow its own rules: {0}")]
    Wrong(String),
    #[error(transparent)]
    Database(#[from] DbError),
}

/// What was loaded, as `paydown demo` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoLoaded {
    pub accounts: usize,
    pub known_before: usize,
    /// Whom one can sign in as, and what they show.
    pub people: Vec<(&'static str, &'static str)>,
}

impl fmt::Display for DemoLoaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accounts, known_before, people } = self;
        writeln!(f, "Demo data: {accounts} accounts loaded, {known_before} there before.")?;
        writeln!(f, "Sign in as:")?;
        for (email, situation) in people {
            writeln!(f, "  {email:<24} {situation}")?;
        }
        Ok(())
    }
}

/// Loads the demo data. Refuses where real money is taken.
pub async fn run(
    db: &Database,
    settings: &Settings,
    zone: &Zone,
    clock: &dyn Clock,
    chance: Arc<dyn Chance>,
) -> Result<DemoLoaded, DemoError> {
    if !settings.stripe.secret_key.is_empty() {
        return Err(DemoError::NotASandbox);
    }
    // Stamped before anything is loaded: a live key will not open this database afterwards.
    installation::stamp(db, GatewayMode::Sandbox).await?.map_err(|_| DemoError::NotASandbox)?;
    let now = clock.now();
    let today = zone.day(now);
    let ids = Ids { unix_ms: unix_ms(now), chance };
    let households = households::all(today, &ids);
    let mut loaded = DemoLoaded { accounts: 0, known_before: 0, people: Vec::new() };
    for household in households {
        if !loaded.people.contains(&household.person()) {
            loaded.people.push(household.person());
        }
        let (ids, settings, zone) = (ids.clone(), settings.clone(), zone.clone());
        match db.write(Load { household, ids, settings, zone, today, now }).await?? {
            OpenedAccount::Opened => loaded.accounts += 1,
            OpenedAccount::NumberIsKnown => loaded.known_before += 1,
        }
    }
    Ok(loaded)
}

/// Makes ids: the time first, then chance.
#[derive(Clone)]
struct Ids {
    unix_ms: u64,
    chance: Arc<dyn Chance>,
}

impl Ids {
    fn next<T>(&self, from_parts: fn(u64, &[u8; 10]) -> T) -> T {
        from_parts(self.unix_ms, &ten_bytes(self.chance.as_ref()))
    }
}

struct Load {
    household: Household,
    ids: Ids,
    settings: Settings,
    zone: Zone,
    today: CivilDate,
    now: Micros,
}

impl Command for Load {
    type Reply = Result<OpenedAccount, DemoError>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Self::Reply, DbError> {
        let household = &self.household;
        let account = NewAccount {
            id: self.ids.next(AccountId::from_parts),
            number: household.account_number.to_owned(),
            name: household.account_name.to_owned(),
            currency: household.currency,
            customers: vec![NewCustomer {
                id: self.ids.next(CustomerId::from_parts),
                email: household.email.to_owned(),
                name: household.customer_name.to_owned(),
            }],
        };
        let opened = open_account(tx, &account, self.now).await?;
        if opened == OpenedAccount::NumberIsKnown {
            return Ok(Ok(opened));
        }
        for event in &household.story {
            if let Err(refusal) = self.tell(tx, account.id, event).await? {
                return Ok(Err(DemoError::Wrong(refusal)));
            }
        }
        Ok(Ok(opened))
    }
}

impl Load {
    /// Lets one thing happen to the account. A refusal is a fault of the demo data.
    async fn tell(
        &self,
        tx: &mut AnyConnection,
        account_id: AccountId,
        event: &Event,
    ) -> Result<Result<(), String>, DbError> {
        let issue_words = |refusal: IssueRefusal| refusal.to_string();
        let hold_words = |refusal: HoldRefusal| refusal.to_string();
        match event {
            Event::Issue(bills) => {
                Ok(issue_bills(tx, account_id, bills, self.now).await?.map_err(issue_words))
            }
            Event::Cancel { bill_id, reason } => {
                let cancellation = Cancellation {
                    bill_id: *bill_id,
                    posting_id: self.ids.next(PostingId::from_parts),
                    reason,
                    effective_on: self.today,
                    recorded_at: self.now,
                };
                Ok(cancel_bill(tx, cancellation).await?.map_err(hold_words))
            }
            Event::Pay { amount, on, tender } => {
                let payment = ExternalPayment {
                    id: self.ids.next(PaymentId::from_parts),
                    account_id,
                    amount: *amount,
                    tender: *tender,
                    received_on: *on,
                    received_at: self.zone.noon(*on),
                    source: "office",
                    source_ref: format!("{}/{on}", self.household.account_number),
                };
                let recording = Recording {
                    rules: self.settings.payment_rules(self.household.currency),
                    biller_name: &self.settings.biller.name,
                    demo: true,
                    now: self.now,
                };
                let chance = self.ids.chance.as_ref();
                let recorded = record_external_payment(tx, &payment, recording, chance).await?;
                Ok(recorded.map_err(|refusal| refusal.to_string()))
            }
        }
    }
}
