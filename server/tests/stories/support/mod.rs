//! A portal for stories: the real rooms, a real database, the sandbox gateway over HTTP, and a
//! clock that moves only when it is told to.

mod at_the_gateway;
pub mod authenticator;
pub mod between;
pub mod browser;
pub mod databases;
pub mod every_text;
pub mod hostile_provider;
pub mod load;
pub mod people;
pub mod program;
pub mod stage;

#[macro_use]
pub mod proof;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use self::between::{Between, Choose};

use receivables::allocation::{Direction, Preview, preview};
use receivables::api::payments::PaymentRequest;
use receivables::calendar::{CivilDate, Micros};
use receivables::ids::{AccountId, BillId, CustomerId, PaymentId, PostingId};
use receivables::money::{Currency, MinorUnits};
use receivables::open_item::PartPayment;
use receivables::receipt::Receipt;
use server::accounts::{self, NewAccount, NewCustomer};
use server::bills::{self, NewBill};
use server::clock::{Chance, Clock};
use server::config;
use server::db::{Command, Database, DbError};
use server::gateway::sandbox::{Sandbox, TestCard};
use server::gateway::{Gateway, GatewaySettings, Pause, Surroundings};
use server::payments::{self, AccountView, PaymentRecord, StartOutcome, Starting};
use server::problem::Refusal;
use server::sign_in::{Caller, Reach, StaffMember, StaffRoles};
use server::start::{Injected, Started, start_with};
use server::state::Shared;
use server::{gateway_events, ledger, receipts};
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;

/// 22 November 2026, 12:00 UTC.
const NOON: i64 = 1_795_348_800_000_000;

/// A clock that stands still until it is moved.
pub struct StandingClock(AtomicI64);

impl Clock for StandingClock {
    fn now(&self) -> Micros {
        Micros(self.0.load(Ordering::SeqCst))
    }
}

impl StandingClock {
    pub fn pass_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

/// Chance that is the same in every run.
pub struct SeededChance {
    seed: u64,
    drawn: AtomicU64,
}

impl Chance for SeededChance {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let n = self.drawn.fetch_add(1, Ordering::SeqCst);
            let drawn = Sha256::digest(format!("{} {n}", self.seed));
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
    }
}

/// Waiting costs a story no time.
struct NoPause;

impl Pause for NoPause {
    fn pause(&self, _time: std::time::Duration) -> futures_util::future::BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Where a story takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    Sqlite,
    Postgres,
}

pub struct TestPortal {
    pub portal: Shared,
    pub sandbox: Sandbox,
    pub clock: Arc<StandingClock>,
    pub address: String,
    /// Where the way to the gateway was made bad.
    pub between: Option<Arc<Between>>,
    folder: std::path::PathBuf,
    http: reqwest::Client,
}

/// Where PostgreSQL listens, when the tests were given one.
pub fn postgres_url() -> Option<String> {
    std::env::var("PAYDOWN_TEST_POSTGRES").ok().filter(|url| !url.is_empty())
}

/// A fresh, empty database; none where there is no PostgreSQL to make one in.
pub async fn fresh_database(
    on: On,
    chance: Arc<dyn Chance>,
) -> Option<(Database, std::path::PathBuf)> {
    let (url, folder) = fresh_url(on).await?;
    Some((Database::open(&url, chance).await.unwrap(), folder))
}

/// The address of a database that is there for nobody else, and a folder beside it.
pub async fn fresh_url(on: On) -> Option<(String, std::path::PathBuf)> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).unwrap();
    let name = format!("paydown_test_{}", hex::encode(bytes));
    let folder = std::env::temp_dir().join(&name);
    let url = match on {
        On::Sqlite => format!("sqlite://{}/paydown.sqlite", folder.display()),
        On::Postgres => {
            let Some(server) = postgres_url() else {
                println!("PAYDOWN_TEST_POSTGRES is not set: this story ran on SQLite only");
                return None;
            };
            sqlx::any::install_default_drivers();
            let pool = sqlx::AnyPool::connect(&server).await.unwrap();
            let make = sqlx::AssertSqlSafe(format!("create database {name}"));
            sqlx::query(make).execute(&pool).await.unwrap();
            pool.close().await;
            let (server, options) = server.split_once('?').unwrap_or((&server, ""));
            let base = server.rsplit_once('/').map_or(server, |(base, _)| base);
            format!("{base}/{name}?{options}")
        }
    };
    std::fs::create_dir_all(&folder).unwrap();
    Some((url, folder))
}

impl TestPortal {
    pub async fn open(on: On) -> Option<Self> {
        Self::open_with(on, &[]).await
    }

    /// With settings that differ from the defaults.
    pub async fn open_with(on: On, flags: &[(&str, &str)]) -> Option<Self> {
        Self::build(on, flags, None).await
    }

    /// With somebody between the portal and the gateway.
    pub async fn open_behind(on: On, timeout: Duration, choose: Choose) -> Option<Self> {
        Self::build(on, &[], Some((timeout, choose))).await
    }

    async fn build(
        on: On,
        flags: &[(&str, &str)],
        behind: Option<(Duration, Choose)>,
    ) -> Option<Self> {
        let chance = Arc::new(SeededChance { seed: 7, drawn: AtomicU64::new(0) });
        let place = fresh_database(on, chance.clone()).await?;
        Some(Self::build_in(place, chance, flags, behind).await)
    }

    /// On a database that another program has used until now, at a moment after that.
    pub async fn open_on(place: (Database, std::path::PathBuf), at: Micros) -> Self {
        // Names that were drawn here before must not be drawn again.
        static OPENED: AtomicU64 = AtomicU64::new(1_000);
        let seed = OPENED.fetch_add(1, Ordering::SeqCst);
        let chance = Arc::new(SeededChance { seed, drawn: AtomicU64::new(0) });
        let portal = Self::build_in(place, chance, &[], None).await;
        portal.clock.pass_seconds((at.0 - NOON) / 1_000_000);
        portal
    }

    async fn build_in(
        (db, folder): (Database, std::path::PathBuf),
        chance: Arc<SeededChance>,
        flags: &[(&str, &str)],
        behind: Option<(Duration, Choose)>,
    ) -> Self {
        // Stories begin more payments than a payer does; how many may be begun has its own.
        let mut settings = vec![("limits.unfinished_payments_per_account", "1000000".to_owned())];
        settings.extend(flags.iter().map(|(name, value)| (*name, (*value).to_owned())));
        settings.push(("data_dir", folder.display().to_string()));
        let loaded = config::load(None, &settings).unwrap();
        let clock = Arc::new(StandingClock(AtomicI64::new(NOON)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let injected = Injected { clock: clock.clone(), chance, pause: Arc::new(NoPause) };
        let (zone, settings) = (loaded.zone.clone(), loaded.settings.clone());
        let Started { mut portal, sandbox } =
            start_with(settings, zone, db, injected.clone(), &address).await.unwrap();
        let sandbox = sandbox.unwrap();
        let mut between = None;
        if let Some((timeout, choose)) = behind {
            let settings = sandbox.gateway_settings();
            let start = Between::start(settings.base_url.clone(), clock.clone(), choose).await;
            let settings = GatewaySettings { base_url: start.1, timeout, ..settings };
            let Injected { clock, chance, pause } = injected;
            let gateway = Gateway::try_new(settings, Surroundings { clock, chance, pause });
            Arc::get_mut(&mut portal).unwrap().gateway = gateway.unwrap();
            between = Some(start.0);
        }
        let rooms = gateway_events::router().with_state(portal.clone()).merge(sandbox.router());
        tokio::spawn(async move { axum::serve(listener, rooms).await });
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().build().unwrap();
        Self { portal, sandbox, clock, address, between, folder, http }
    }

    /// At the gateway of another story, on a database that may hold something already. Its
    /// webhooks go there; here the gateway is asked.
    pub async fn open_at(
        bank: &Self,
        (db, folder): (Database, std::path::PathBuf),
        seed: u64,
    ) -> Self {
        let chance = Arc::new(SeededChance { seed, drawn: AtomicU64::new(0) });
        let gateway = bank.sandbox.gateway_settings();
        let settings = [
            ("data_dir", folder.display().to_string()),
            ("stripe.api_url", gateway.base_url.clone()),
            ("stripe.secret_key", gateway.secret_key.unwrap().reveal().to_owned()),
            ("stripe.publishable_key", gateway.publishable_key.unwrap()),
            ("stripe.webhook_secret", gateway.webhook_secrets[0].reveal().to_owned()),
        ];
        let loaded = config::load(None, &settings).unwrap();
        let clock = bank.clock.clone();
        let injected = Injected { clock: clock.clone(), chance, pause: Arc::new(NoPause) };
        let started = start_with(loaded.settings, loaded.zone, db, injected, "http://nowhere");
        let Started { portal, sandbox } = started.await.unwrap();
        assert!(sandbox.is_none(), "it has a gateway");
        let (address, http) = (bank.address.clone(), bank.http.clone());
        let (sandbox, between) = (bank.sandbox.clone(), None);
        Self { portal, sandbox, clock, address, between, folder, http }
    }

    /// Where this story takes place.
    pub fn on(&self) -> On {
        match self.portal.db.engine() {
            server::db::Engine::Sqlite => On::Sqlite,
            server::db::Engine::Postgres => On::Postgres,
        }
    }

    /// What the gateway's own list has is taken in, without any webhook.
    pub async fn news_is_fetched(&self) {
        gateway_events::fetch_missed(&self.portal).await.unwrap();
        gateway_events::apply_due(&self.portal).await.unwrap();
    }

    /// Every invariant of the book holds, and the story's database may go.
    pub async fn close(self) {
        self.the_book_is_exact().await;
        self.portal.db.close().await;
        let _ = std::fs::remove_dir_all(&self.folder);
    }

    pub async fn the_book_is_exact(&self) {
        for finding in ledger::check(self.portal.db.read()).await.unwrap() {
            assert!(finding.broken.is_empty(), "{}: {:?}", finding.holds, finding.broken);
        }
    }

    /// An account with bills of these totals, by due date.
    pub async fn account(&self, bills: &[(&str, i64)]) -> TestAccount {
        self.account_in(Currency::USD, bills).await
    }

    pub async fn account_in(&self, currency: Currency, bills: &[(&str, i64)]) -> TestAccount {
        let id = |parts: (u64, [u8; 10])| AccountId::from_parts(parts.0, &parts.1);
        let account_id = id(self.portal.id_parts());
        let (ms, chance) = self.portal.id_parts();
        let customer_id = CustomerId::from_parts(ms, &chance);
        let number = account_id.to_string()[28..].to_owned();
        let account = NewAccount {
            id: account_id,
            name: format!("Account {number}"),
            currency,
            customers: vec![NewCustomer {
                id: customer_id,
                email: format!("{number}@customers.example"),
                name: "Ada".into(),
            }],
            number,
        };
        let now = self.portal.now();
        self.portal.db.write(OpenAccount { account, now }).await.unwrap();
        let mut bill_ids = Vec::new();
        for (due_on, total) in bills {
            bill_ids.push(self.bill(account_id, due_on, *total).await);
        }
        TestAccount { id: account_id, customer_id, bills: bill_ids, currency }
    }

    /// One more bill, due on a day.
    pub async fn bill(&self, account_id: AccountId, due_on: &str, total: i64) -> BillId {
        let (ms, chance) = self.portal.id_parts();
        let (posting_ms, posting_chance) = self.portal.id_parts();
        let id = BillId::from_parts(ms, &chance);
        let due_on = CivilDate::parse(due_on).unwrap();
        let bill = NewBill {
            id,
            posting_id: PostingId::from_parts(posting_ms, &posting_chance),
            number: format!("B-{}", &id.to_string()[29..]),
            period: None,
            issued_on: due_on.plus_days(-30),
            due_on: Some(due_on),
            total: MinorUnits::new(total),
            lines: Vec::new(),
            hold_reason: None,
            part_payment: PartPayment::Any,
        };
        let (now, today) = (self.portal.now(), self.portal.today());
        let chance = self.portal.chance.clone();
        let command = IssueBill { account_id, bill, now, today, chance };
        self.portal.db.write(command).await.unwrap();
        id
    }

    pub async fn hold(&self, bill_id: BillId, reason: &str) {
        let command = HoldBill { bill_id, reason: reason.into() };
        self.portal.db.write(command).await.unwrap();
    }

    pub async fn release(&self, bill_id: BillId) {
        self.portal.db.write(ReleaseBill { bill_id }).await.unwrap();
    }

    pub async fn view(&self, account: &TestAccount) -> AccountView {
        let pool = self.portal.db.read();
        let row =
            accounts::find_within(pool, account.id, Reach::Own(account.customer_id)).await.unwrap();
        payments::view_of(&self.portal, &row.unwrap()).await.unwrap()
    }

    /// What is left on each of the account's bills, in the order they were made.
    pub async fn left(&self, account: &TestAccount) -> Vec<i64> {
        let view = self.view(account).await;
        let open = |bill: &BillId| view.items.iter().find(|item| item.bill_id == *bill);
        account.bills.iter().map(|bill| open(bill).map_or(0, |item| item.open.get())).collect()
    }

    pub async fn preview(&self, account: &TestAccount, amount: i64) -> Preview {
        let view = self.view(account).await;
        preview(&view.snapshot(), MinorUnits::new(amount), &Direction::default()).unwrap()
    }

    /// What a browser would send now for this amount.
    pub async fn wish(&self, account: &TestAccount, amount: i64) -> Starting {
        self.wish_for(account, &self.preview(account, amount).await)
    }

    /// As [`Self::wish`], where the rules let a payer pay this amount now.
    pub async fn wish_if_allowed(&self, account: &TestAccount, amount: i64) -> Option<Starting> {
        let view = self.view(account).await;
        let amount = MinorUnits::new(amount);
        let allowed = preview(&view.snapshot(), amount, &Direction::default()).ok()?;
        Some(self.wish_for(account, &allowed))
    }

    /// What a browser would send that shows this preview.
    pub fn wish_for(&self, account: &TestAccount, preview: &Preview) -> Starting {
        let (ms, chance) = self.portal.id_parts();
        let id = PaymentId::from_parts(ms, &chance);
        Starting {
            account_id: account.id,
            customer_id: account.customer_id,
            session_hash: "a session".into(),
            idempotency_key: id.to_string(),
            request: PaymentRequest {
                id,
                amount: preview.amount,
                currency: account.currency,
                direction: Direction::default(),
                fingerprint: preview.fingerprint.clone(),
                use_credit: false,
            },
        }
    }

    pub async fn start(&self, wish: Starting) -> Result<StartOutcome, Refusal> {
        payments::start(&self.portal, wish).await
    }

    /// Starts a payment of an amount as the account stands.
    pub async fn started(&self, account: &TestAccount, amount: i64) -> StartOutcome {
        let wish = self.wish(account, amount).await;
        self.start(wish).await.unwrap()
    }

    /// The payer chooses a test card; what the sandbox answers is not believed by anyone.
    pub async fn choose(&self, started: &StartOutcome, card: TestCard) {
        let intent = started.intent.as_ref().unwrap();
        let secret = intent.client_secret.as_ref().unwrap().reveal();
        self.confirm(&intent.gateway_ref, secret, card).await;
    }

    /// The same for an intent that only the gateway knows of.
    pub async fn confirm(&self, gateway_ref: &str, secret: &str, card: TestCard) {
        let body = format!(r#"{{"client_secret":"{secret}","card":"{}"}}"#, card.code());
        let url = format!("{}/sandbox/intents/{gateway_ref}/confirm", self.address);
        let request = self.http.post(url).header("content-type", "application/json").body(body);
        // With the card whose answer is lost there is none.
        let _ = request.send().await;
    }

    /// Somebody opens a payment link with this reference and pays; the gateway's names of the
    /// session and the intent.
    pub async fn pay_by_link(
        &self,
        money: (i64, &str),
        reference: Option<&str>,
        card: TestCard,
    ) -> (String, String) {
        let body = serde_json::json!({
            "amount": money.0, "currency": money.1, "client_reference_id": reference,
            "card": card.code(),
        });
        let request = self.http.post(format!("{}/sandbox/checkout", self.address));
        let request = request.header("content-type", "application/json").body(body.to_string());
        let answer = request.send().await.unwrap().bytes().await.unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        (text("session"), text("intent"))
    }

    /// Sends bytes to our own webhook; the status of the answer.
    pub async fn post_webhook(&self, event: &str, signature: &str) -> u16 {
        let request = self.http.post(format!("{}/webhooks/stripe", self.address));
        let request = request.header("content-type", "application/json");
        let request = request.header("stripe-signature", signature).body(event.to_owned());
        request.send().await.unwrap().status().as_u16()
    }

    /// Time passes at the gateway, its webhooks are delivered, and what came in is applied.
    pub async fn news_arrives(&self) {
        self.sandbox.tick().await.unwrap();
        gateway_events::apply_due(&self.portal).await.unwrap();
    }

    pub async fn payment(&self, id: PaymentId) -> PaymentRecord {
        payments::find(self.portal.db.read(), id).await.unwrap().unwrap()
    }

    pub async fn receipt(&self, account: &TestAccount, id: PaymentId) -> Option<Receipt> {
        let pool = self.portal.db.read();
        receipts::find_within(pool, id, Reach::Own(account.customer_id)).await.unwrap()
    }

    /// How many intents the gateway was made to make.
    pub async fn intents(&self) -> i64 {
        let query = "select count(*) from sandbox_object where kind = 'intent'";
        sqlx::query_scalar(query).fetch_one(self.portal.db.read()).await.unwrap()
    }

    /// What waits for a person: kind and what it is about, the oldest first.
    pub async fn work(&self) -> Vec<(String, String)> {
        let query = "select kind, thing_id from work_item where done_at is null \
                     order by opened_at, id";
        sqlx::query_as(query).fetch_all(self.portal.db.read()).await.unwrap()
    }

    pub async fn count(&self, table: &'static str) -> i64 {
        let query = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        sqlx::query_scalar(query).fetch_one(self.portal.db.read()).await.unwrap()
    }
}

/// A member of staff who may do what operators do from day to day.
pub fn staff(name: &str) -> Caller {
    let roles = StaffRoles::parse("clerk,approver").unwrap();
    Caller::Staff(StaffMember { name: name.to_owned(), roles, authenticated_at: Micros(NOON) })
}

#[derive(Clone, Debug)]
pub struct TestAccount {
    pub id: AccountId,
    pub customer_id: CustomerId,
    pub bills: Vec<BillId>,
    pub currency: Currency,
}

struct OpenAccount {
    account: NewAccount,
    now: Micros,
}

impl Command for OpenAccount {
    type Reply = ();
    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        accounts::open_account(tx, &self.account, self.now).await?;
        Ok(())
    }
}

struct IssueBill {
    account_id: AccountId,
    bill: NewBill,
    now: Micros,
    today: CivilDate,
    chance: Arc<dyn Chance>,
}

impl Command for IssueBill {
    type Reply = ();
    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        bills::issue_bill(tx, self.account_id, &self.bill, self.now).await?.unwrap();
        let (today, chance) = (self.today, self.chance.as_ref());
        let occasion = payments::Occasion { today, now: self.now, chance };
        payments::apply_credit(tx, self.account_id, &occasion).await?;
        Ok(())
    }
}

struct ReleaseBill {
    bill_id: BillId,
}

impl Command for ReleaseBill {
    type Reply = ();
    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        bills::release_hold(tx, self.bill_id).await?.unwrap();
        Ok(())
    }
}

struct HoldBill {
    bill_id: BillId,
    reason: String,
}

impl Command for HoldBill {
    type Reply = ();
    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        bills::put_on_hold(tx, self.bill_id, &self.reason).await?.unwrap();
        Ok(())
    }
}

/// Tells each story on both databases.
macro_rules! stories {
    ($(async fn $name:ident($portal:ident: TestPortal) $story:block)*) => {
        $(mod $name {
            use super::*;

            async fn story($portal: &TestPortal) $story

            #[tokio::test]
            async fn on_sqlite() {
                let portal = TestPortal::open(On::Sqlite).await.unwrap();
                story(&portal).await;
                portal.close().await;
            }

            #[tokio::test]
            async fn on_postgres() {
                let Some(portal) = TestPortal::open(On::Postgres).await else { return };
                story(&portal).await;
                portal.close().await;
            }
        })*
    };
}
