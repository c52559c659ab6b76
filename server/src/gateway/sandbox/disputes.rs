//! Disputes: a tester plays the payer's bank, which questions a payment, takes its money,
//! and decides.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::AnyConnection;

use super::cards::Post;
use super::desk::{Desk, Occasion};
use super::intents::{ChargeStatus, SandboxCharge, SandboxIntent};
use super::store;
use crate::db::{Command, DbError};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DisputeStatus {
    NeedsResponse,
    Won,
    Lost,
    WarningClosed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SandboxDispute {
    pub id: String,
    pub intent_id: String,
    pub charge_id: String,
    pub amount: i64,
    pub currency: String,
    pub created: i64,
    pub status: DisputeStatus,
    /// Names of the movements by which money left and came back.
    pub withdrawal: Option<String>,
    pub reinstatement: Option<String>,
}

/// What the payer's bank does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStep {
    Withdraw,
    Win,
    Lose,
    Reinstate,
    /// It was only a question.
    Close,
}

pub(super) struct OpenDispute {
    pub occasion: Occasion,
    pub intent_id: String,
    pub amount: Option<i64>,
}

impl Command for OpenDispute {
    /// The dispute's name; none where nothing was paid.
    type Reply = Option<String>;

    async fn apply<'c>(&'c self, tx: &'c mut AnyConnection) -> Result<Option<String>, DbError> {
        let mut desk = Desk::open(tx, &self.occasion, None).await?;
        let intent = store::load::<SandboxIntent>(desk.tx, &self.intent_id).await?;
        let Some(charge_id) = intent.and_then(|intent| intent.latest_charge) else {
            return Ok(None);
        };
        let charge = store::load::<SandboxCharge>(desk.tx, &charge_id).await?;
        let taken = |charge: &SandboxCharge| charge.status == ChargeStatus::Succeeded;
        let Some(mut charge) = charge.filter(taken) else { return Ok(None) };
        let dispute = SandboxDispute {
            id: desk.names.draw("dp"),
            intent_id: charge.intent_id.clone(),
            charge_id: charge.id.clone(),
            amount: self.amount.unwrap_or(charge.amount.saturating_sub(charge.amount_refunded)),
            currency: charge.currency.clone(),
            created: desk.now.unix_seconds(),
            status: DisputeStatus::NeedsResponse,
            withdrawal: None,
            reinstatement: None,
        };
        charge.disputed = true;
        store::put(desk.tx, &charge).await?;
        store::put(desk.tx, &dispute).await?;
        desk.announce("charge.dispute.created", dispute.rendered(), Post::PROMPT).await?;
        Ok(Some(dispute.id))
    }
}

pub(super) struct StepDispute {
    pub occasion: Occasion,
    pub dispute_id: String,
    pub step: DisputeStep,
}

impl Command for StepDispute {
    /// Whether there is such a dispute. A step that was taken before changes nothing.
    type Reply = bool;

    async fn apply<'c>(&'c self, tx: &'c mut AnyConnection) -> Result<bool, DbError> {
        let mut desk = Desk::open(tx, &self.occasion, None).await?;
        let found = store::load::<SandboxDispute>(desk.tx, &self.dispute_id).await?;
        let Some(mut dispute) = found else { return Ok(false) };
        let movement = desk.names.draw("txn");
        let kinds = dispute.step(self.step, movement);
        if matches!(dispute.status, DisputeStatus::Won | DisputeStatus::WarningClosed)
            && let Some(mut charge) =
                store::load::<SandboxCharge>(desk.tx, &dispute.charge_id).await?
        {
            charge.disputed = false;
            store::put(desk.tx, &charge).await?;
        }
        store::put(desk.tx, &dispute).await?;
        for kind in kinds {
            desk.announce(kind, dispute.rendered(), Post::PROMPT).await?;
        }
        Ok(true)
    }
}

impl SandboxDispute {
    /// Takes a step; the kinds of the events that tell of it.
    fn step(&mut self, step: DisputeStep, movement: String) -> Vec<&'static str> {
        match step {
            DisputeStep::Withdraw if self.withdrawal.is_none() => {
                self.withdrawal = Some(movement);
                vec!["charge.dispute.funds_withdrawn"]
            }
            DisputeStep::Reinstate if self.reinstatement.is_none() && self.withdrawal.is_some() => {
                self.reinstatement = Some(movement);
                vec!["charge.dispute.funds_reinstated"]
            }
            DisputeStep::Win => {
                self.status = DisputeStatus::Won;
                let mut kinds = self.step(DisputeStep::Reinstate, movement);
                kinds.push("charge.dispute.closed");
                kinds
            }
            DisputeStep::Lose => {
                self.status = DisputeStatus::Lost;
                vec!["charge.dispute.closed"]
            }
            DisputeStep::Close => {
                self.status = DisputeStatus::WarningClosed;
                vec!["charge.dispute.closed"]
            }
            DisputeStep::Withdraw | DisputeStep::Reinstate => Vec::new(),
        }
    }

    pub fn rendered(&self) -> Value {
        let movements = [(&self.withdrawal, -1_i64), (&self.reinstatement, 1)];
        let movements = movements.into_iter().filter_map(|(name, sign)| {
            Some(self.movement(name.as_ref()?, self.amount.saturating_mul(sign)))
        });
        let movements: Vec<Value> = movements.collect();
        json!({
            "id": self.id,
            "object": "dispute",
            "amount": self.amount,
            "balance_transactions": movements,
            "charge": self.charge_id,
            "created": self.created,
            "currency": self.currency,
            "enhanced_eligibility_types": [],
            "evidence": no_evidence(),
            "evidence_details": {
                "due_by": self.created.saturating_add(14 * 24 * 3_600),
                "enhanced_eligibility": {}, "has_evidence": false, "past_due": false,
                "submission_count": 0,
            },
            "is_charge_refundable": false,
            "livemode": false,
            "metadata": {},
            "network_reason_code": null,
            "payment_intent": self.intent_id,
            "reason": "general",
            "status": self.status,
        })
    }

    fn movement(&self, name: &str, amount: i64) -> Value {
        json!({
            "id": name, "object": "balance_transaction", "amount": amount,
            "available_on": self.created, "balance_type": "payments", "created": self.created,
            "currency": self.currency, "description": null, "exchange_rate": null, "fee": 0,
            "fee_details": [], "net": amount, "reporting_category": "dispute",
            "source": self.id, "status": "available", "type": "adjustment",
        })
    }
}

fn no_evidence() -> Value {
    let fields = [
        "access_activity_log",
        "billing_address",
        "cancellation_policy",
        "cancellation_policy_disclosure",
        "cancellation_rebuttal",
        "customer_communication",
        "customer_email_address",
        "customer_name",
        "customer_purchase_ip",
        "customer_signature",
        "duplicate_charge_documentation",
        "duplicate_charge_explanation",
        "duplicate_charge_id",
        "product_description",
        "receipt",
        "refund_policy",
        "refund_policy_disclosure",
        "refund_refusal_explanation",
        "service_date",
        "service_documentation",
        "shipping_address",
        "shipping_carrier",
        "shipping_date",
        "shipping_documentation",
        "shipping_tracking_number",
        "uncategorized_file",
        "uncategorized_text",
    ];
    let mut evidence: serde_json::Map<String, Value> =
        fields.iter().map(|field| ((*field).to_owned(), Value::Null)).collect();
    evidence.insert("enhanced_evidence".to_owned(), json!({}));
    Value::Object(evidence)
}
