//! What the secret key may ask for: make, confirm and cancel intents, make refunds. Each with an
//! idempotency key that is answered once and then repeated.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::AnyConnection;

use super::cards::TestCard;
use super::desk::{Desk, Occasion};
use super::intents::{Happened, SandboxIntent};
use super::problem::Problem;
use super::store::KeptAnswer;
use super::{render, store};
use crate::db::{Command, DbError};

/// How long an answer is repeated: Stripe keeps keys for at least a day.
const KEY_KEPT_SECONDS: i64 = 24 * 60 * 60;

#[derive(Clone)]
pub(super) enum Ask {
    Create {
        amount: i64,
        currency: String,
        description: Option<String>,
        metadata: BTreeMap<String, String>,
    },
    Confirm {
        intent_id: String,
        card: TestCard,
    },
    Cancel {
        intent_id: String,
        reason: Option<String>,
    },
    Refund {
        intent_id: Option<String>,
        charge_id: Option<String>,
        amount: Option<i64>,
        reason: Option<String>,
        metadata: BTreeMap<String, String>,
    },
}

#[derive(Clone)]
pub(super) struct KeyUse {
    pub key: String,
    pub fingerprint: String,
}

pub(super) struct Answer {
    pub status: u16,
    pub body: String,
    pub replayed: bool,
}

impl Answer {
    fn new(status: u16, body: &Value) -> Self {
        Self { status, body: body.to_string(), replayed: false }
    }
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        Self::new(problem.status(), &problem.body())
    }
}

impl From<Value> for Answer {
    fn from(value: Value) -> Self {
        Self::new(200, &value)
    }
}

/// One request that changes something.
pub(super) struct Request {
    pub occasion: Occasion,
    pub ask: Ask,
    pub key: Option<KeyUse>,
}

impl Command for Request {
    type Reply = Answer;

    async fn apply<'c>(&'c self, tx: &'c mut AnyConnection) -> Result<Answer, DbError> {
        let key = self.key.as_ref();
        let mut desk = Desk::open(tx, &self.occasion, key.map(|used| used.key.as_str())).await?;
        let kept_since = desk.now.plus_seconds(-KEY_KEPT_SECONDS);
        if let Some(used) = key
            && let Some(kept) = store::find_answer(desk.tx, &used.key, kept_since).await?
        {
            return Ok(repeat(used, kept));
        }
        let answer: Answer = match desk.carry_out(&self.ask).await? {
            Ok(value) => value.into(),
            Err(problem) => problem.into(),
        };
        // What was turned away before anything was done may be asked again with the same key.
        if let Some(used) = key.filter(|_| answer.status < 300 || answer.status == 402) {
            let kept = KeptAnswer {
                fingerprint: used.fingerprint.clone(),
                status: answer.status.into(),
                body: answer.body.clone(),
            };
            store::keep_answer(desk.tx, &used.key, &kept, desk.now).await?;
        }
        Ok(answer)
    }
}

fn repeat(used: &KeyUse, kept: KeptAnswer) -> Answer {
    if kept.fingerprint != used.fingerprint {
        return Problem::key_used_otherwise(&used.key).into();
    }
    let status = u16::try_from(kept.status).unwrap_or(500);
    Answer { status, body: kept.body, replayed: true }
}

pub(super) type Outcome = Result<Result<Value, Problem>, DbError>;

impl Desk<'_> {
    async fn carry_out(&mut self, ask: &Ask) -> Outcome {
        match ask {
            Ask::Create { .. } => self.create(ask.clone()).await,
            Ask::Confirm { intent_id, card } => self.confirm(intent_id, *card).await,
            Ask::Cancel { intent_id, reason } => self.cancel(intent_id, reason.clone()).await,
            Ask::Refund { .. } => self.make_refund(ask.clone()).await,
        }
    }

    async fn create(&mut self, ask: Ask) -> Outcome {
        let Ask::Create { amount, currency, description, metadata } = ask else {
            return Ok(Err(Problem::broken()));
        };
        let mut intent = SandboxIntent::new(amount, currency, &mut self.names, self.now);
        intent.description = description;
        intent.metadata = metadata;
        let happened =
            Happened { intent_event: Some("payment_intent.created"), ..Happened::default() };
        self.record(&intent, &happened).await?;
        Ok(Ok(render::intent(&intent, None)))
    }

    async fn confirm(&mut self, intent_id: &str, card: TestCard) -> Outcome {
        let Some(mut intent) = store::load::<SandboxIntent>(self.tx, intent_id).await? else {
            return Ok(Err(Problem::no_such("payment_intent", intent_id, "intent")));
        };
        let now = self.now.unix_seconds();
        let Ok(happened) = intent.confirm(card, &mut self.names, now) else {
            return Ok(Err(wrong_state(&intent, "confirm")));
        };
        self.record(&intent, &happened).await?;
        let rendered = render::intent(&intent, None);
        Ok(match happened.decline {
            Some(decline) => Err(Problem::declined(decline, rendered)),
            None => Ok(rendered),
        })
    }

    async fn cancel(&mut self, intent_id: &str, reason: Option<String>) -> Outcome {
        let Some(mut intent) = store::load::<SandboxIntent>(self.tx, intent_id).await? else {
            return Ok(Err(Problem::no_such("payment_intent", intent_id, "intent")));
        };
        let Ok(happened) = intent.cancel(reason, self.now.unix_seconds()) else {
            return Ok(Err(wrong_state(&intent, "cancel")));
        };
        self.record(&intent, &happened).await?;
        Ok(Ok(render::intent(&intent, None)))
    }
}

fn wrong_state(intent: &SandboxIntent, step: &str) -> Problem {
    let message = format!(
        "You cannot {step} this PaymentIntent because it has a status of {}.",
        intent.status.code()
    );
    Problem::unexpected_state(render::intent(intent, None), message)
}
