//! Everything that happened on an account, newest first, for staff.

use serde::{Deserialize, Serialize};

use crate::calendar::CivilDate;
use crate::ids::{
    AccountId, AdjustmentId, BillId, CustomerId, DisputeId, InvitationId, PaymentId, RefundId,
};
use crate::money::{Currency, MinorUnits};
use crate::tender::Tender;

/// `GET /api/v1/accounts/{id}/timeline?limit=&after=`, newest first. Amounts are minor units of
/// `currency`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TimelinePage {
    pub account_id: AccountId,
    pub currency: Currency,
    /// A page can hold fewer than were asked for and still have a next one.
    pub items: Vec<TimelineRow>,
    pub next: Option<String>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TimelineRow {
    /// When it was recorded.
    pub at: String,
    pub kind: TimelineKind,
    pub who: Who,
    /// What staff typed as the reason; else the bank's, the gateway's or the mail server's word.
    pub why: Option<String>,
    /// The business day in the book, where it moved money or what is owed.
    pub on: Option<CivilDate>,
    pub amount: Option<MinorUnits>,
    /// The bills it is about, with what it did to each; negative where it took back.
    pub bills: Vec<TimelineBill>,
    pub tender: Option<Tender>,
    /// `Visa 4242` where the gateway said so.
    pub method: Option<String>,
    pub receipt_number: Option<String>,
    /// Whom it is about: who was asked in, or lost the account.
    pub person: Option<String>,
    pub payment_id: Option<PaymentId>,
    pub refund_id: Option<RefundId>,
    pub dispute_id: Option<DisputeId>,
    pub adjustment_id: Option<AdjustmentId>,
    pub invitation_id: Option<InvitationId>,
    pub customer_id: Option<CustomerId>,
}

/// A bill a row is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TimelineBill {
    pub bill_id: BillId,
    pub number: String,
    /// None where it is about the bill and no amount of it.
    pub amount: Option<MinorUnits>,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Who {
    Staff {
        name: String,
    },
    Customer {
        name: String,
    },
    /// A program of the biller's, or an import.
    Program {
        name: String,
    },
    /// The card service, or the payer's bank by it.
    Gateway,
    /// The portal by itself.
    Portal,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TimelineKind {
    BillIssued,
    BillCancelled,
    /// On hold: nobody asks for it, for the reason the customer reads.
    BillHeld,
    BillReleased,
    PaymentStarted,
    PaymentReceived,
    /// Received outside the portal and recorded here.
    ExternalPaymentRecorded,
    /// It waits for another member of staff.
    ExternalPaymentProposed,
    ExternalPaymentApproved,
    ExternalPaymentDeclined,
    PaymentFailed,
    PaymentCancelled,
    PaymentExpired,
    /// What a payment settled went to other bills or to credit on account.
    PaymentMoved,
    CreditApplied,
    CreditNoteGiven,
    WriteOffProposed,
    WriteOffApproved,
    WriteOffDeclined,
    CreditNoteReversed,
    WriteOffReversed,
    RefundRequested,
    RefundDone,
    RefundFailed,
    RefundRefused,
    RefundCancelled,
    DisputeOpened,
    DisputeWithdrawn,
    DisputeReinstated,
    DisputeWon,
    DisputeLost,
    DisputeClosed,
    PersonInvited,
    InvitationSentAgain,
    InvitationAccepted,
    InvitationRevoked,
    AccessTakenBack,
    LetterSent,
    /// On its way; it is tried again until it is sent.
    LetterWaiting,
    /// Not sent and never will be, for the reason in `why`.
    LetterNotSent,
}
