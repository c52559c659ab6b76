//! The gateway's payment intent, read narrowly: only what we act on, so that a field we never
//! look at can neither fail nor mislead us.

use std::collections::HashMap;

use miniserde::Deserialize;
use miniserde::json::{Number, Value};
use receivables::calendar::Micros;
use receivables::ids::{AccountId, PaymentId};
use receivables::money::{Currency, MinorUnits};
use receivables::tender::Tender;

use crate::config::Secret;

/// One collection of money at the gateway, as the gateway sees it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    pub gateway_ref: String,
    pub status: IntentStatus,
    pub amount: MinorUnits,
    pub amount_received: MinorUnits,
    pub currency: Currency,
    /// Lets the payer's browser confirm this one intent. Only for the session that started it.
    pub client_secret: Option<Secret>,
    /// Our own payment, from the note we left on the intent; absent on an intent that is not ours.
    pub payment_id: Option<PaymentId>,
    /// The account of that payment, from the same note.
    pub account_id: Option<AccountId>,
    pub livemode: bool,
    pub created: Micros,
    pub last_decline: Option<Decline>,
    /// Known once money moved and the intent was retrieved.
    pub method: Option<MethodSummary>,
    /// When the charge was made; known as the method is.
    pub charged_at: Option<Micros>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntentStatus {
    /// The payer has still to do something: choose, try again, prove who they are.
    AwaitingPayer,
    Processing,
    AwaitingCapture,
    Succeeded,
    Cancelled,
}

/// Why the payer's bank or card said no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decline {
    pub code: String,
    pub decline_code: Option<String>,
    pub message: String,
}

/// What the payer paid with, as far as a receipt may show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodSummary {
    pub kind: Tender,
    pub brand: Option<String>,
    pub last4: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct IntentAnswer {
    id: String,
    status: StatusAnswer,
    amount: i64,
    amount_received: Option<i64>,
    currency: String,
    client_secret: Option<String>,
    metadata: Option<HashMap<String, String>>,
    livemode: bool,
    created: i64,
    last_payment_error: Option<DeclineAnswer>,
    latest_charge: Option<Value>,
}

#[derive(Deserialize)]
enum StatusAnswer {
    #[serde(rename = "requires_payment_method")]
    PaymentMethod,
    #[serde(rename = "requires_confirmation")]
    Confirmation,
    #[serde(rename = "requires_action")]
    Action,
    #[serde(rename = "processing")]
    Processing,
    #[serde(rename = "requires_capture")]
    Capture,
    #[serde(rename = "succeeded")]
    Succeeded,
    #[serde(rename = "canceled")]
    Cancelled,
}

#[derive(Deserialize)]
struct DeclineAnswer {
    code: Option<String>,
    decline_code: Option<String>,
    message: Option<String>,
}

/// The answer was read, but says something that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotAnIntent;

impl TryFrom<IntentAnswer> for Intent {
    type Error = NotAnIntent;

    fn try_from(answer: IntentAnswer) -> Result<Self, NotAnIntent> {
        let currency = Currency::parse(&answer.currency.to_ascii_uppercase());
        let received = answer.amount_received.unwrap_or(0);
        if answer.amount < 0 || received < 0 || !is_object_ref(&answer.id) {
            return Err(NotAnIntent);
        }
        let note = |name| answer.metadata.as_ref().and_then(|notes| notes.get(name));
        let payment_id = note(PAYMENT_NOTE).and_then(|text| PaymentId::parse(text).ok());
        let account_id = note(ACCOUNT_NOTE).and_then(|text| AccountId::parse(text).ok());
        Ok(Self {
            gateway_ref: answer.id,
            status: answer.status.into(),
            amount: MinorUnits::new(answer.amount),
            amount_received: MinorUnits::new(received),
            currency: currency.map_err(|_| NotAnIntent)?,
            client_secret: answer.client_secret.map(Secret::new),
            payment_id,
            account_id,
            livemode: answer.livemode,
            created: Micros(0).plus_seconds(answer.created),
            last_decline: answer.last_payment_error.map(Into::into),
            method: answer.latest_charge.as_ref().and_then(method_of_charge),
            charged_at: answer.latest_charge.as_ref().and_then(time_of_charge),
        })
    }
}

/// The notes we leave on an intent: enough to find our way back, never who or what for.
pub(super) const PAYMENT_NOTE: &str = "payment";
pub(super) const ACCOUNT_NOTE: &str = "account";
pub(super) const PREVIEW_NOTE: &str = "preview";

impl From<StatusAnswer> for IntentStatus {
    fn from(answer: StatusAnswer) -> Self {
        match answer {
            StatusAnswer::PaymentMethod | StatusAnswer::Confirmation | StatusAnswer::Action => {
                Self::AwaitingPayer
            }
            StatusAnswer::Processing => Self::Processing,
            StatusAnswer::Capture => Self::AwaitingCapture,
            StatusAnswer::Succeeded => Self::Succeeded,
            StatusAnswer::Cancelled => Self::Cancelled,
        }
    }
}

impl From<DeclineAnswer> for Decline {
    fn from(answer: DeclineAnswer) -> Self {
        Self {
            code: answer.code.unwrap_or_else(|| "declined".into()),
            decline_code: answer.decline_code,
            message: answer.message.unwrap_or_default(),
        }
    }
}

/// Whether a text can name one of the gateway's objects. Names come from outside and become
/// part of a path, where `/`, `?` or `..` would name something else.
pub(super) fn is_object_ref(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=255).contains(&text.len()) && text.bytes().all(allowed)
}

/// The charge is an object only where the request asked for it, else its name.
fn method_of_charge(charge: &Value) -> Option<MethodSummary> {
    let details = field(charge, "payment_method_details")?;
    let name = text(details, "type")?;
    let method = field(details, &name);
    let part = |key: &str| method.and_then(|method| text(method, key));
    let last4 = part("last4");
    match name.as_str() {
        "card" => Some(MethodSummary { kind: Tender::Card, brand: part("brand"), last4 }),
        "us_bank_account" | "sepa_debit" | "bacs_debit" | "acss_debit" | "au_becs_debit" => {
            Some(MethodSummary { kind: Tender::BankDebit, brand: part("bank_name"), last4 })
        }
        // A wallet or a scheme of its own: online, and not known to be a bank account.
        _ => Some(MethodSummary { kind: Tender::Card, brand: Some(name), last4 }),
    }
}

fn time_of_charge(charge: &Value) -> Option<Micros> {
    match field(charge, "created") {
        Some(Value::Number(Number::U64(seconds))) => {
            Some(Micros(0).plus_seconds(i64::try_from(*seconds).ok()?))
        }
        _ => None,
    }
}

fn field<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match value {
        Value::Object(object) => object.get(key),
        _ => None,
    }
}

fn text(value: &Value, key: &str) -> Option<String> {
    match field(value, key) {
        Some(Value::String(text)) => Some(text.clone()),
        _ => None,
    }
}
