//! Previews and payments.

use serde::{Deserialize, Serialize};

use crate::allocation::{Direction, Fingerprint, Preview, PreviewLine};
use crate::api::refunds::{DisputeRow, RefundRow};
use crate::calendar::CivilDate;
use crate::ids::{AccountId, PaymentId};
use crate::money::{Currency, MinorUnits};
use crate::payment::{MoneyTaken, PaymentStage};
use crate::tender::Tender;

/// `POST /api/v1/accounts/{id}/allocation-previews`. Nothing is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreviewRequest {
    pub amount: MinorUnits,
    pub currency: Currency,
    #[serde(default)]
    pub direction: Direction,
    /// Let the account's credit settle the oldest bills first.
    #[serde(default)]
    pub use_credit: bool,
}

/// The server's own preview.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreviewDocument {
    pub account_id: AccountId,
    pub as_of: String,
    pub today: CivilDate,
    /// What the account's credit settles before the payment, where that was asked for.
    pub credit_used: Vec<PreviewLine>,
    pub preview: Preview,
}

/// `POST /api/v1/accounts/{id}/payments` (paymentForAccount), with an `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentRequest {
    /// Made in the browser before the first try, and the same in every repeat.
    pub id: PaymentId,
    pub amount: MinorUnits,
    pub currency: Currency,
    #[serde(default)]
    pub direction: Direction,
    /// Of the preview the payer confirmed.
    pub fingerprint: Fingerprint,
    /// The account's credit settles the oldest bills first, when the payment is started; what it
    /// settled stays settled whatever becomes of the payment.
    #[serde(default)]
    pub use_credit: bool,
}

/// What credit on account settled: the answer of
/// `POST /api/v1/accounts/{id}/credit-applications`. Amounts in minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreditApplied {
    pub account_id: AccountId,
    pub currency: Currency,
    pub applied: MinorUnits,
    pub credit_after: MinorUnits,
}

/// `GET /api/v1/payments/{id}`; also the answer to starting one. Amounts in minor units of
/// `currency`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentDocument {
    pub id: PaymentId,
    pub account_id: AccountId,
    pub account_number: String,
    pub stage: PaymentStage,
    pub money_taken: MoneyTaken,
    pub amount: MinorUnits,
    /// What the gateway says it received; zero until then.
    pub received: MinorUnits,
    pub currency: Currency,
    pub tender: Tender,
    /// `Visa 4242` where the gateway said so.
    pub method: Option<String>,
    /// The split the payer confirmed.
    pub preview: Preview,
    pub started_at: String,
    /// Until when the payer may finish it.
    pub expires_at: Option<String>,
    /// The bank's or the gateway's own words to the payer for the last declined try.
    pub decline: Option<String>,
    pub receipt_number: Option<String>,
    /// What went back to the payer, newest first; refunds that failed are left out.
    pub refunds: Vec<RefundRow>,
    /// What the payer's bank questioned, newest first.
    pub disputes: Vec<DisputeRow>,
    /// Only while a card has to be given, and only to the session that started the payment.
    pub card_form: Option<CardForm>,
}

/// What the browser needs to confirm this one payment with the gateway, and nothing else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CardForm {
    pub gateway_ref: String,
    pub client_secret: String,
    pub publishable_key: String,
}

/// The secret stays out of every log line.
impl std::fmt::Debug for CardForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CardForm").field("gateway_ref", &self.gateway_ref).finish_non_exhaustive()
    }
}

/// One row of `GET /api/v1/accounts/{id}/payments`, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentRow {
    pub id: PaymentId,
    pub stage: PaymentStage,
    pub amount: MinorUnits,
    pub received: MinorUnits,
    pub currency: Currency,
    pub tender: Tender,
    pub method: Option<String>,
    pub started_on: CivilDate,
    pub receipt_number: Option<String>,
    /// What of it went back to the payer.
    pub refunded: MinorUnits,
    /// What is on its way back.
    pub refunding: MinorUnits,
    /// What the payer's bank took back.
    pub withdrawn: MinorUnits,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentPage {
    pub items: Vec<PaymentRow>,
    pub next: Option<String>,
}
