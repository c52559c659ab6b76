//! The life of a sandbox intent: pure steps, without database or clock.

use std::collections::BTreeMap;

use receivables::calendar::Micros;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::cards::{Course, DEBIT_FAILED, NOT_AUTHENTICATED, TestCard};
use super::problem::Decline;

/// How long a bank debit is under way.
pub const DEBIT_SECONDS: i64 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    RequiresPaymentMethod,
    RequiresAction,
    Processing,
    Succeeded,
    Canceled,
}

impl Status {
    pub const fn code(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}

/// A decline as it is kept: the texts of a stored one are its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptDecline {
    pub code: String,
    pub decline_code: Option<String>,
    pub message: String,
}

impl From<Decline> for KeptDecline {
    fn from(decline: Decline) -> Self {
        Self {
            code: decline.code.into(),
            decline_code: decline.decline_code.map(Into::into),
            message: decline.message.into(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SandboxIntent {
    pub id: String,
    pub client_secret: String,
    pub amount: i64,
    pub amount_received: i64,
    pub currency: String,
    pub description: Option<String>,
    pub metadata: BTreeMap<String, String>,
    /// In seconds, as everything Stripe stamps.
    pub created: i64,
    pub status: Status,
    pub card: Option<TestCard>,
    pub method_id: Option<String>,
    pub latest_charge: Option<String>,
    pub last_decline: Option<KeptDecline>,
    pub canceled_at: Option<i64>,
    pub cancellation_reason: Option<String>,
    /// When a debit that is under way comes to its end, in seconds.
    pub settles_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ChargeStatus {
    Pending,
    Succeeded,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SandboxCharge {
    pub id: String,
    pub intent_id: String,
    pub amount: i64,
    pub amount_refunded: i64,
    pub currency: String,
    pub description: Option<String>,
    pub metadata: BTreeMap<String, String>,
    pub created: i64,
    pub status: ChargeStatus,
    pub card: TestCard,
    pub method_id: String,
    pub decline: Option<KeptDecline>,
    #[serde(default)]
    pub disputed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SandboxRefund {
    pub id: String,
    pub intent_id: String,
    pub charge_id: String,
    pub amount: i64,
    pub currency: String,
    pub reason: Option<String>,
    pub metadata: BTreeMap<String, String>,
    pub created: i64,
    #[serde(default)]
    pub status: RefundStatus,
    /// When one that is under way comes to its end, in seconds.
    #[serde(default)]
    pub settles_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RefundStatus {
    Pending,
    #[default]
    Succeeded,
    Failed,
    Canceled,
}

/// Names drawn from one seed: the same work done again gives the same names.
pub(super) struct Names {
    seed: [u8; 16],
    drawn: u8,
}

impl Names {
    pub const fn new(seed: [u8; 16]) -> Self {
        Self { seed, drawn: 0 }
    }

    pub fn draw(&mut self, prefix: &str) -> String {
        self.drawn = self.drawn.saturating_add(1);
        let digest = Sha256::new().chain_update(self.seed).chain_update([self.drawn]).finalize();
        format!("{prefix}_sbx_{}", hex::encode(digest.get(..12).unwrap_or_default()))
    }
}

/// What a step did beside changing the intent.
#[derive(Debug, Default)]
pub(super) struct Happened {
    pub charge: Option<SandboxCharge>,
    pub charge_event: Option<&'static str>,
    pub intent_event: Option<&'static str>,
    pub decline: Option<Decline>,
}

/// The intent is not in a state for this step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WrongState;

impl SandboxIntent {
    /// One that waits for a card.
    pub fn new(amount: i64, currency: String, names: &mut Names, now: Micros) -> Self {
        let id = names.draw("pi");
        let secret = names.draw("secret");
        Self {
            client_secret: format!("{id}_{secret}"),
            id,
            amount,
            amount_received: 0,
            currency,
            description: None,
            metadata: BTreeMap::new(),
            created: now.unix_seconds(),
            status: Status::RequiresPaymentMethod,
            card: None,
            method_id: None,
            latest_charge: None,
            last_decline: None,
            canceled_at: None,
            cancellation_reason: None,
            settles_at: None,
        }
    }

    pub fn confirm(
        &mut self,
        card: TestCard,
        names: &mut Names,
        now: i64,
    ) -> Result<Happened, WrongState> {
        if self.status != Status::RequiresPaymentMethod {
            return Err(WrongState);
        }
        self.card = Some(card);
        self.method_id = Some(names.draw("pm"));
        self.last_decline = None;
        Ok(match card.course() {
            Course::Succeeds => self.succeed(None, names, now),
            Course::Declines(decline) => self.decline(None, decline, names, now),
            Course::AsksWhoYouAre => {
                self.status = Status::RequiresAction;
                Happened {
                    intent_event: Some("payment_intent.requires_action"),
                    ..Happened::default()
                }
            }
            Course::DebitsSlowly => {
                self.status = Status::Processing;
                self.settles_at = Some(now.saturating_add(DEBIT_SECONDS));
                Happened {
                    charge: Some(self.charge(ChargeStatus::Pending, names, now)),
                    charge_event: Some("charge.pending"),
                    intent_event: Some("payment_intent.processing"),
                    decline: None,
                }
            }
        })
    }

    pub fn authenticate(
        &mut self,
        proven: Authentication,
        names: &mut Names,
        now: i64,
    ) -> Result<Happened, WrongState> {
        if self.status != Status::RequiresAction {
            return Err(WrongState);
        }
        Ok(match proven {
            Authentication::Complete => self.succeed(None, names, now),
            Authentication::Fail => {
                self.fall_back(NOT_AUTHENTICATED);
                Happened {
                    intent_event: Some("payment_intent.payment_failed"),
                    decline: Some(NOT_AUTHENTICATED),
                    ..Happened::default()
                }
            }
        })
    }

    /// Brings a debit that is under way to its end, on the charge it began with.
    pub fn settle(
        &mut self,
        pending: SandboxCharge,
        names: &mut Names,
        now: i64,
    ) -> Result<Happened, WrongState> {
        if self.status != Status::Processing {
            return Err(WrongState);
        }
        self.settles_at = None;
        Ok(match self.card {
            Some(TestCard::BankDebitFails) => self.decline(Some(pending), DEBIT_FAILED, names, now),
            _ => self.succeed(Some(pending), names, now),
        })
    }

    pub fn cancel(&mut self, reason: Option<String>, now: i64) -> Result<Happened, WrongState> {
        if !matches!(self.status, Status::RequiresPaymentMethod | Status::RequiresAction) {
            return Err(WrongState);
        }
        self.status = Status::Canceled;
        self.canceled_at = Some(now);
        self.cancellation_reason = reason;
        Ok(Happened { intent_event: Some("payment_intent.canceled"), ..Happened::default() })
    }

    fn succeed(&mut self, charge: Option<SandboxCharge>, names: &mut Names, now: i64) -> Happened {
        self.status = Status::Succeeded;
        self.amount_received = self.amount;
        let mut charge = charge.unwrap_or_else(|| self.charge(ChargeStatus::Succeeded, names, now));
        charge.status = ChargeStatus::Succeeded;
        Happened {
            charge: Some(charge),
            charge_event: Some("charge.succeeded"),
            intent_event: Some("payment_intent.succeeded"),
            decline: None,
        }
    }

    fn decline(
        &mut self,
        charge: Option<SandboxCharge>,
        decline: Decline,
        names: &mut Names,
        now: i64,
    ) -> Happened {
        let mut charge = charge.unwrap_or_else(|| self.charge(ChargeStatus::Failed, names, now));
        charge.status = ChargeStatus::Failed;
        charge.decline = Some(decline.into());
        self.fall_back(decline);
        Happened {
            charge: Some(charge),
            charge_event: Some("charge.failed"),
            intent_event: Some("payment_intent.payment_failed"),
            decline: Some(decline),
        }
    }

    /// A decline gives the intent back to the payer, who may try another way.
    fn fall_back(&mut self, decline: Decline) {
        self.status = Status::RequiresPaymentMethod;
        self.last_decline = Some(decline.into());
        self.method_id = None;
    }

    fn charge(&mut self, status: ChargeStatus, names: &mut Names, now: i64) -> SandboxCharge {
        let id = names.draw("ch");
        self.latest_charge = Some(id.clone());
        SandboxCharge {
            id,
            intent_id: self.id.clone(),
            amount: self.amount,
            amount_refunded: 0,
            currency: self.currency.clone(),
            description: self.description.clone(),
            metadata: self.metadata.clone(),
            created: now,
            status,
            card: self.card.unwrap_or(TestCard::Success),
            method_id: self.method_id.clone().unwrap_or_default(),
            decline: None,
            disputed: false,
        }
    }
}

/// How the payer's bank judged who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authentication {
    Complete,
    Fail,
}
