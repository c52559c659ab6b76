//! The sandbox's checkout sessions: what a payment link leads to. A payer opens it, pays on
//! "the gateway's own page", and the portal hears of it only by webhook.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::{AnyConnection, Row};

use super::cards::TestCard;
use super::desk::{Desk, Occasion};
use super::intents::{Happened, SandboxIntent, Status};
use super::params::{Params, checked_amount};
use super::problem::Problem;
use super::{render, store};
use crate::db::{Command, DbError, expect_rows};

const PUT: &str = "insert into sandbox_session (id, intent_id, sequence, created_seconds, document) \
     values ($1, $2, $3, $4, $5) \
     on conflict (id) do update set intent_id = excluded.intent_id, document = excluded.document";
const LOAD: &str = "select document from sandbox_session where id = $1";
const OF_INTENT: &str =
    "select document from sandbox_session where intent_id = $1 order by sequence desc";

pub const SQL: &[&str] = &[PUT, LOAD, OF_INTENT];

const LONGEST_REFERENCE: usize = 200;
const OPEN_FOR_SECONDS: i64 = 24 * 60 * 60;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SandboxSession {
    pub id: String,
    reference: Option<String>,
    amount: i64,
    currency: String,
    created: i64,
    pub intent_id: String,
    is_complete: bool,
    is_paid: bool,
}

/// Somebody opens a payment link and pays on its page.
pub(super) struct PayByLink {
    pub occasion: Occasion,
    pub amount: i64,
    pub currency: String,
    pub reference: Option<String>,
    pub card: TestCard,
}

impl Command for PayByLink {
    type Reply = Result<(SandboxSession, SandboxIntent), Problem>;

    async fn apply<'c>(&'c self, tx: &'c mut AnyConnection) -> Result<Self::Reply, DbError> {
        let asked = checked_amount(Some(self.amount), Some(self.currency.clone()));
        let (amount, currency) = match asked {
            Ok(asked) => asked,
            Err(problem) => return Ok(Err(problem)),
        };
        let mut desk = Desk::open(tx, &self.occasion, None).await?;
        let now = desk.now.unix_seconds();
        let mut intent = SandboxIntent::new(amount, currency.clone(), &mut desk.names, desk.now);
        let made = Happened { intent_event: Some("payment_intent.created"), ..Happened::default() };
        desk.record(&intent, &made).await?;
        let session = SandboxSession {
            id: desk.names.draw("cs"),
            // What is not fit to be a reference is dropped without a word, as in earnest.
            reference: self.reference.clone().filter(|text| is_reference(text)),
            amount,
            currency,
            created: now,
            intent_id: intent.id.clone(),
            is_complete: false,
            is_paid: false,
        };
        put(desk.tx, &session, now).await?;
        if let Ok(happened) = intent.confirm(self.card, &mut desk.names, now) {
            desk.record(&intent, &happened).await?;
            follow(&mut desk, &intent).await?;
        }
        Ok(Ok((session, intent)))
    }
}

fn is_reference(text: &str) -> bool {
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=LONGEST_REFERENCE).contains(&text.len()) && text.bytes().all(fit)
}

/// Brings an intent's session, if it has one, to where the intent is, and announces it.
pub(super) async fn follow(desk: &mut Desk<'_>, intent: &SandboxIntent) -> Result<(), DbError> {
    let Some(mut session) = of_intent(desk.tx, &intent.id).await? else { return Ok(()) };
    let event = match (intent.status, session.is_complete, session.is_paid) {
        (Status::Succeeded, false, _) | (Status::Processing, false, _) => {
            "checkout.session.completed"
        }
        (Status::Succeeded, true, false) => "checkout.session.async_payment_succeeded",
        (Status::RequiresPaymentMethod, true, false) => "checkout.session.async_payment_failed",
        _ => return Ok(()),
    };
    session.is_complete = true;
    session.is_paid = intent.status == Status::Succeeded;
    put(desk.tx, &session, desk.now.unix_seconds()).await?;
    let post = intent.card.map_or(super::cards::Post::PROMPT, TestCard::post);
    desk.announce(event, rendered(&session), post).await
}

async fn put(
    tx: &mut AnyConnection,
    session: &SandboxSession,
    now_seconds: i64,
) -> Result<(), DbError> {
    let sequence = store::next_sequence(tx).await?;
    let document = serde_json::to_string(session)
        .map_err(|_| DbError::inconsistent("sandbox_session", "document", &session.id))?;
    let written = sqlx::query(PUT)
        .bind(&session.id)
        .bind(&session.intent_id)
        .bind(sequence)
        .bind(now_seconds)
        .bind(document)
        .execute(tx)
        .await?;
    expect_rows(&written, 1, "sandbox session")
}

fn read(document: &str) -> Result<SandboxSession, DbError> {
    serde_json::from_str(document)
        .map_err(|_| DbError::inconsistent("sandbox_session", "document", ""))
}

async fn of_intent(
    connection: &mut AnyConnection,
    intent_id: &str,
) -> Result<Option<SandboxSession>, DbError> {
    let row = sqlx::query(OF_INTENT).bind(intent_id).fetch_optional(connection).await?;
    row.map(|row| read(row.try_get(0)?)).transpose()
}

type Found = Result<Result<Value, Problem>, DbError>;

/// `GET /v1/checkout/sessions/{id}`
pub(super) async fn one(connection: &mut AnyConnection, id: &str) -> Found {
    let row = sqlx::query(LOAD).bind(id).fetch_optional(connection).await?;
    let Some(row) = row else {
        return Ok(Err(Problem::no_such("checkout.session", id, "session")));
    };
    Ok(Ok(rendered(&read(row.try_get(0)?)?)))
}

/// `GET /v1/checkout/sessions?payment_intent=…`, the one list we ask for.
pub(super) async fn list(connection: &mut AnyConnection, mut params: Params) -> Found {
    let Some(intent_id) = params.take("payment_intent") else {
        return Ok(Err(Problem::missing("payment_intent")));
    };
    if let Err(problem) = params.take_integer("limit").and_then(|_| params.finish()) {
        return Ok(Err(problem));
    }
    let found = of_intent(connection, &intent_id).await?;
    let data = found.iter().map(rendered).collect();
    Ok(Ok(render::list("/v1/checkout/sessions", data, false)))
}

fn rendered(session: &SandboxSession) -> Value {
    json!({
        "id": session.id,
        "object": "checkout.session",
        "adaptive_pricing": null,
        "after_expiration": null,
        "allow_promotion_codes": null,
        "amount_subtotal": session.amount,
        "amount_total": session.amount,
        "automatic_tax": { "enabled": false, "liability": null, "provider": null, "status": null },
        "billing_address_collection": "auto",
        "cancel_url": null,
        "client_reference_id": session.reference,
        "client_secret": null,
        "collected_information": null,
        "consent": null,
        "consent_collection": null,
        "created": session.created,
        "currency": session.currency,
        "currency_conversion": null,
        "custom_fields": [],
        "custom_text": {
            "after_submit": null, "shipping_address": null, "submit": null,
            "terms_of_service_acceptance": null,
        },
        "customer": null,
        "customer_creation": "if_required",
        "customer_details": null,
        "customer_email": null,
        "discounts": null,
        "expires_at": session.created.saturating_add(OPEN_FOR_SECONDS),
        "invoice": null,
        "invoice_creation": null,
        "livemode": false,
        "locale": "auto",
        "metadata": {},
        "mode": "payment",
        "payment_intent": session.intent_id,
        "payment_link": null,
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": null,
        "payment_method_options": {},
        "payment_method_types": ["card", "us_bank_account"],
        "payment_status": if session.is_paid { "paid" } else { "unpaid" },
        "permissions": null,
        "phone_number_collection": { "enabled": false },
        "recovered_from": null,
        "saved_payment_method_options": null,
        "setup_intent": null,
        "shipping_address_collection": null,
        "shipping_cost": null,
        "shipping_options": [],
        "status": if session.is_complete { "complete" } else { "open" },
        "submit_type": "auto",
        "subscription": null,
        "success_url": "https://example.com/thanks",
        "total_details": { "amount_discount": 0, "amount_shipping": 0, "amount_tax": 0 },
        "ui_mode": "hosted_page",
        "url": null,
    })
}
