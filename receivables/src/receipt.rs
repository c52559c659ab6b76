//! Receipt: the numbered confirmation to the payer, as it was posted. Frozen with the posting;
//! page, mail and print show this and compute nothing.

use serde::{Deserialize, Serialize};

use crate::allocation::{NextDue, Reason};
use crate::bill::BillingPeriod;
use crate::calendar::CivilDate;
use crate::ids::{AccountId, BillId, PaymentId};
use crate::money::{Currency, MinorUnits};
use crate::tender::Tender;

/// What one payment did to one bill. `left_to_pay == left_before − amount`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReceiptLine {
    pub bill_id: BillId,
    pub bill_number: String,
    pub period: Option<BillingPeriod>,
    pub due_on: Option<CivilDate>,
    pub bill_total: MinorUnits,
    pub left_before: MinorUnits,
    pub amount: MinorUnits,
    pub left_to_pay: MinorUnits,
    pub reason: Reason,
}

/// `sum(lines.amount) + credit_on_account == amount`. Amounts are minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Receipt {
    pub number: String,
    pub payment_id: PaymentId,
    pub account_id: AccountId,
    pub account_number: String,
    pub account_name: String,
    pub biller_name: String,
    /// The day the money was received, in the biller's zone.
    pub paid_on: CivilDate,
    pub amount: MinorUnits,
    pub currency: Currency,
    pub tender: Tender,
    /// `Visa 4242` where the gateway said so.
    pub method: Option<String>,
    pub lines: Vec<ReceiptLine>,
    /// What of this payment no bill took.
    pub credit_on_account: MinorUnits,
    /// Over the whole account, after this payment.
    pub left_to_pay: MinorUnits,
    pub past_due: MinorUnits,
    pub next_due: Option<NextDue>,
    /// The split differs from the one previewed, because the bills changed in between.
    pub differs_from_preview: bool,
    /// Went back to the payer since it was issued; nothing when it was.
    #[serde(default)]
    pub refunded: MinorUnits,
    /// Taken back by the payer's bank since it was issued.
    #[serde(default)]
    pub withdrawn: MinorUnits,
    /// Made in the sandbox: no real money moved.
    pub demo: bool,
}
