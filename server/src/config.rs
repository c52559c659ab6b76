//! Configuration: defaults that run with no file at all → a TOML file → environment → flags.
//! `paydown config show` prints each value with where it came from, secrets hidden.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use config::{Config, Environment, File, FileFormat, Value, ValueKind};
use jiff::tz::TimeZone;
use receivables::allocation::{AllocationOrder, Overpayment, PaymentRules};
use receivables::api::portal::Biller;
use receivables::calendar::{CivilDate, Micros};
use receivables::money::{Currency, MinorUnits, Money};
use serde::Deserialize;
use thiserror::Error;

use crate::gateway::{askable, smallest_charge};
use crate::sign_in::EmailAddress;
use crate::staff_sign_in::{StaffSignInSettings, wrong_setting};
use crate::web::{ForwardedBy, TrustedProxies};

/// Every setting with its default. The comments are what `docs/OPERATING.md` says of them.
const DEFAULTS: &str = include_str!("config.default.toml");

#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("{0}")]
    Unreadable(#[from] config::ConfigError),
    #[error("time_zone {0:?} is not a name of the IANA time zone database")]
    UnknownTimeZone(String),
    #[error("{setting} must be {expected}")]
    Wrong { setting: &'static str, expected: &'static str },
}

/// A value that is never printed.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself; for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "(none)" } else { "(hidden)" })
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub listen: String,
    /// Where `/metrics` is served; empty: nowhere.
    pub metrics_listen: String,
    pub public_url: String,
    /// How many connections may be open at once.
    pub connections: usize,
    /// The proxies whose word on who is asking is believed.
    pub trusted_proxies: TrustedProxies,
    pub forwarded_by: ForwardedBy,
    pub database_url: Secret,
    pub data_dir: PathBuf,
    /// Demo data may be loaded and mails read at `/mailbox`. Only in the sandbox.
    pub demo: bool,
    pub time_zone: String,
    pub biller: Biller,
    pub payments: PaymentSettings,
    pub book: BookSettings,
    pub stripe: StripeSettings,
    pub mail: MailSettings,
    pub backend: BackendSettings,
    pub watched: WatchSettings,
    pub sign_in: SignInSettings,
    pub staff: StaffSettings,
    pub limits: LimitSettings,
    pub staff_sign_in: StaffSignInSettings,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentSettings {
    pub order: AllocationOrder,
    pub overpayment: Overpayment,
    pub directions: bool,
    pub smallest_payment: MinorUnits,
    /// Where they differ from what the gateway is known to take.
    pub gateway_minimums: GatewayMinimums,
    pub largest_payment: MinorUnits,
    pub expires_after_minutes: i64,
    pub due_soon_days: i32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookSettings {
    /// How often the running server asks every invariant of the book.
    pub check_every_minutes: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StripeSettings {
    pub secret_key: Secret,
    pub publishable_key: String,
    pub webhook_secret: Secret,
    /// The one before, while secrets are being changed.
    pub webhook_secret_before: Secret,
    pub api_url: String,
    pub timeout_seconds: u64,
    /// Refuse to start without a key.
    pub required: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// `smtp://user:password@host:port`, `smtps://…`; empty: mails become files.
    pub smtp_url: Secret,
    pub from: String,
}

/// The biller's own system.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackendSettings {
    /// Told of each payment by POST; empty: nobody is told.
    pub write_back_url: String,
}

/// A table that others write payments into.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchSettings {
    /// Its path; empty: none is watched.
    pub path: String,
    /// Its column map, as for `paydown import`.
    pub map: String,
    pub every_seconds: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInSettings {
    pub code_minutes: i64,
    pub idle_minutes: i64,
    pub absolute_minutes: i64,
    /// How long a device is remembered that its customer asked to be.
    pub remembered_days: i64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaffSettings {
    /// The largest sum a clerk may refund or give as credit; above it, an approver does.
    pub clerks_limit: MinorUnits,
}

/// How often strangers and callers may ask.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// Within an hour, from one address; sign-ins of each kind.
    pub codes_per_address: i64,
    pub sign_ins_per_address: i64,
    /// Within a day.
    pub payments_per_address: i64,
    pub unfinished_payments_per_account: i64,
}

/// The gateway's smallest charges by currency, as the biller knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, i64>")]
pub struct GatewayMinimums(BTreeMap<Currency, MinorUnits>);

impl TryFrom<BTreeMap<String, i64>> for GatewayMinimums {
    type Error = String;

    fn try_from(settings: BTreeMap<String, i64>) -> Result<Self, String> {
        let minimum = |(code, amount): (String, i64)| {
            // A variable's name comes in small letters.
            let currency = Currency::parse(&code.to_uppercase()).map_err(|_| {
                format!("payments.gateway_minimums.{code} is not a currency of ISO 4217")
            })?;
            let amount = MinorUnits::new(amount);
            let can_be_paid = askable(Money::new(amount, currency)).is_ok();
            (amount.is_positive() && can_be_paid).then_some((currency, amount)).ok_or_else(|| {
                format!("payments.gateway_minimums.{code} must be an amount the gateway takes")
            })
        };
        settings.into_iter().map(minimum).collect::<Result<_, _>>().map(Self)
    }
}

impl GatewayMinimums {
    pub fn of(&self, currency: Currency) -> MinorUnits {
        self.0.get(&currency).copied().unwrap_or_else(|| smallest_charge(currency))
    }
}

impl Settings {
    pub fn payment_rules(&self, currency: Currency) -> PaymentRules {
        let payments = &self.payments;
        PaymentRules {
            order: payments.order,
            overpayment: payments.overpayment,
            directions: payments.directions,
            smallest_payment: payments.smallest_payment,
            gateway_minimum: payments.gateway_minimums.of(currency),
            largest_payment: payments.largest_payment,
        }
    }
}

/// The settings as loaded, with the origin of each.
pub struct Loaded {
    pub settings: Settings,
    pub zone: Zone,
    values: Value,
}

/// The biller's time zone: it alone decides what day it is.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

impl Zone {
    pub fn parse(name: &str) -> Result<Self, ConfigError> {
        TimeZone::get(name).map(Self).map_err(|_| ConfigError::UnknownTimeZone(name.to_owned()))
    }

    pub fn day(&self, at: Micros) -> CivilDate {
        crate::clock::day_in(&self.0, at)
    }

    /// The instant at which this day begins.
    pub fn begins(&self, day: CivilDate) -> Micros {
        let midnight = day.jiff().at(0, 0, 0, 0);
        let at = self.0.to_timestamp(midnight).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        Micros(at.as_microsecond())
    }

    /// An instant that lies within this day: its noon. For what happened on a day and no more
    /// is known.
    pub fn noon(&self, day: CivilDate) -> Micros {
        let noon = day.jiff().at(12, 0, 0, 0);
        let at = self.0.to_timestamp(noon).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        Micros(at.as_microsecond())
    }
}

/// Loads the layers. `flags` are `(setting, value)` pairs from the command line.
pub fn load(file: Option<&PathBuf>, flags: &[(&str, String)]) -> Result<Loaded, ConfigError> {
    let mut layers = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
    layers = match file {
        Some(path) => layers.add_source(File::from(path.as_path())),
        None => layers.add_source(File::with_name("paydown").required(false)),
    };
    // PAYDOWN_STRIPE__SECRET_KEY sets stripe.secret_key.
    let environment = Environment::with_prefix("PAYDOWN")
        .prefix_separator("_")
        .separator("__")
        .try_parsing(true)
        .ignore_empty(true)
        .source(Some(environment_settings()));
    layers = layers.add_source(environment);
    for (setting, value) in flags {
        layers = layers.set_override(*setting, value.as_str())?;
    }
    let config = layers.build()?;
    let values = config.cache.clone();
    let settings: Settings = config.try_deserialize()?;
    let zone = Zone::parse(&settings.time_zone)?;
    check(&settings)?;
    Ok(Loaded { settings, zone, values })
}

/// The environment, less what the tests and tools of the project say to each other.
fn environment_settings() -> std::collections::HashMap<String, String> {
    let of_tests = ["PAYDOWN_TEST_", "PAYDOWN_PROOF", "PAYDOWN_SEED"];
    let is_setting = |name: &str| !of_tests.iter().any(|start| name.starts_with(start));
    std::env::vars().filter(|(name, _)| is_setting(name)).collect()
}

fn check(settings: &Settings) -> Result<(), ConfigError> {
    let wrong = |setting, expected| Err(ConfigError::Wrong { setting, expected });
    let payments = &settings.payments;
    if payments.largest_payment < payments.smallest_payment {
        return wrong("payments.largest_payment", "at least payments.smallest_payment");
    }
    if !(1..=1_440).contains(&payments.expires_after_minutes) {
        return wrong("payments.expires_after_minutes", "between 1 and 1440");
    }
    if !(1..=1_440).contains(&settings.book.check_every_minutes) {
        return wrong("book.check_every_minutes", "between 1 and 1440");
    }
    let limits = &settings.limits;
    let allowed = [
        limits.codes_per_address,
        limits.sign_ins_per_address,
        limits.payments_per_address,
        limits.unfinished_payments_per_account,
    ];
    if !allowed.iter().all(|allowed| (1..=1_000_000_000).contains(allowed)) {
        return wrong("each of limits", "between 1 and 1000000000");
    }
    if !(16..=100_000).contains(&settings.connections) {
        return wrong("connections", "between 16 and 100000");
    }
    if !settings.stripe.secret_key.is_empty() && settings.stripe.webhook_secret.is_empty() {
        return wrong("stripe.webhook_secret", "set when stripe.secret_key is");
    }
    if settings.stripe.required && settings.stripe.secret_key.is_empty() {
        return wrong("stripe.secret_key", "set, because stripe.required is true");
    }
    if !(1..=25).contains(&settings.watched.every_seconds) {
        return wrong("watched.every_seconds", "between 1 and 25");
    }
    if !settings.watched.path.is_empty() && settings.watched.map.is_empty() {
        return wrong("watched.map", "set when watched.path is");
    }
    if settings.staff.clerks_limit < MinorUnits::new(0) {
        return wrong("staff.clerks_limit", "zero or more");
    }
    if let Some((setting, expected)) = wrong_setting(&settings.staff_sign_in) {
        return wrong(setting, expected);
    }
    let email = &settings.biller.email;
    if !email.is_empty() && EmailAddress::parse(email).is_err() {
        return wrong("biller.email", "an e-mail address, or nothing");
    }
    let url = &settings.public_url;
    if !(url.starts_with("http://") || url.starts_with("https://")) || url.ends_with('/') {
        return wrong("public_url", "an http(s) address without a slash at its end");
    }
    Ok(())
}

impl Loaded {
    /// `setting = value   # origin`, a line each, in order of name.
    pub fn show(&self) -> String {
        let mut lines = Vec::new();
        collect(&self.values, "", &mut lines);
        lines.sort();
        lines.join("\n")
    }
}

fn collect(value: &Value, path: &str, lines: &mut Vec<String>) {
    if let ValueKind::Table(table) = &value.kind {
        for (name, inner) in table {
            let dot = if path.is_empty() { "" } else { "." };
            collect(inner, &format!("{path}{dot}{name}"), lines);
        }
        return;
    }
    let hidden = ["secret", "smtp_url", "database_url"].iter().any(|word| path.contains(word));
    let text = value.to_string();
    let shown = match (hidden, text.is_empty()) {
        (true, false) if !text.starts_with("sqlite:") => "(hidden)".to_owned(),
        _ => format!("{text:?}"),
    };
    let origin = match value.origin() {
        None if value_is_default(path, value) => "default",
        None => "flag or built-in default",
        Some(origin) => origin,
    };
    lines.push(format!("{path} = {shown}   # {origin}"));
}

fn value_is_default(path: &str, value: &Value) -> bool {
    let defaults = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml)).build();
    defaults
        .ok()
        .and_then(|defaults| defaults.get_string(path).ok())
        .is_some_and(|default| default == value.to_string())
}
