//! Money that reached the biller outside the portal, recorded by staff. `?dry_run=true` answers
//! the same document and writes nothing.

use serde::{Deserialize, Serialize};

use crate::allocation::{Direction, Fingerprint, Preview};
use crate::calendar::CivilDate;
use crate::ids::{AccountId, PaymentId};
use crate::money::{Currency, MinorUnits};
use crate::tender::Tender;

/// `POST /api/v1/accounts/{id}/external-payments`, with an `Idempotency-Key` unless it is a dry
/// run. Texts are one line; a text of only spaces is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExternalPaymentRequest {
    pub amount: MinorUnits,
    pub currency: Currency,
    /// Not after today: else `date-in-future`.
    pub received_on: CivilDate,
    /// `cash`, `cheque`, `transfer`, `terminal` or `other_portal`.
    pub tender: Tender,
    /// The number of the cheque, the bank's reference, … At most 100 characters.
    #[serde(default)]
    pub reference: Option<String>,
    /// Who paid, if not the customer. At most 100 characters.
    #[serde(default)]
    pub payer_name: Option<String>,
    /// What the bank or the terminal kept of it, for the record: `amount` is what the payer paid
    /// and what is posted.
    #[serde(default)]
    pub fee: Option<MinorUnits>,
    /// At most 500 characters.
    #[serde(default)]
    pub note: Option<String>,
    /// Bills that the payer named; empty: the order decides.
    #[serde(default)]
    pub direction: Direction,
    /// A receipt by mail to every customer of the account: `no-address` where there is none.
    #[serde(default)]
    pub mail_receipt: bool,
    /// Why it is recorded although it looks like an earlier one. At most 500 characters.
    #[serde(default)]
    pub duplicate_reason: Option<String>,
    /// Of the preview that was looked at: where that no longer holds, `allocation-changed` comes
    /// with the new one.
    #[serde(default)]
    pub fingerprint: Option<Fingerprint>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ExternalPaymentState {
    /// Waits for another member of staff.
    Proposed,
    Posted,
    Declined,
}

impl ExternalPaymentState {
    pub const ALL: [Self; 3] = [Self::Proposed, Self::Posted, Self::Declined];

    /// The stored spelling, the same as on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Posted => "posted",
            Self::Declined => "declined",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// An external payment and what it does, or would do. Amounts are minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExternalPaymentDocument {
    /// None in a dry run. Once it is posted, the payment's own.
    pub id: Option<PaymentId>,
    pub account_id: AccountId,
    pub state: ExternalPaymentState,
    pub amount: MinorUnits,
    pub currency: Currency,
    pub received_on: CivilDate,
    pub tender: Tender,
    pub reference: Option<String>,
    pub payer_name: Option<String>,
    pub fee: Option<MinorUnits>,
    pub note: Option<String>,
    pub mail_receipt: bool,
    /// Once it is posted.
    pub receipt_number: Option<String>,
    pub recorded_by: String,
    pub recorded_at: String,
    pub decided_by: Option<String>,
    pub decided_at: Option<String>,
    /// The earlier payment it looked like, and why it is another.
    pub duplicate_of: Option<PaymentId>,
    pub duplicate_reason: Option<String>,
    /// In a dry run: the earlier payment it looks like. Recording needs a `duplicate_reason`.
    pub likely_duplicate: Option<EarlierPayment>,
    /// In a dry run: could a receipt be mailed to anybody?
    pub can_mail: bool,
    pub dry_run: bool,
    /// The split, as a preview of the account's has it. None once it was posted before.
    pub preview: Option<Preview>,
}

/// A payment of the same account, amount and reference, received within 7 days of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EarlierPayment {
    pub payment_id: PaymentId,
    pub state: ExternalPaymentState,
    pub tender: Tender,
    pub received_on: CivilDate,
    pub reference: Option<String>,
    /// A member of staff, or an import.
    pub recorded_by: String,
}

/// `GET /api/v1/accounts/{id}/external-payments`: what staff recorded, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExternalPaymentPage {
    pub items: Vec<ExternalPaymentDocument>,
    pub next: Option<String>,
}

/// `POST /api/v1/external-money/{id}/match`: whose the money is that came through the gateway
/// and names nobody. The id is the gateway's name for it, as the work list has it in `thing_id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MatchRequest {
    /// The account's number or id, exactly.
    pub account: String,
}

/// The payment that the money became.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MoneyMatched {
    pub payment_id: PaymentId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_of_an_external_payment_is_stored_by_its_word_on_the_wire() {
        let stored = ["proposed", "posted", "declined"];
        assert_eq!(ExternalPaymentState::ALL.map(ExternalPaymentState::code), stored);
        for word in ExternalPaymentState::ALL {
            assert_eq!(ExternalPaymentState::parse(word.code()), Some(word));
            assert_eq!(serde_json::to_value(word).unwrap(), word.code());
        }
        assert_eq!(ExternalPaymentState::parse("something else"), None);
    }
}
