//! What a work item says.

use receivables::calendar::Micros;
use receivables::ids::{AccountId, WorkItemId};

/// Why a person has to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkKind {
    /// Money came in that names no account.
    UnmatchedMoney,
    /// The gateway gave no clear answer about a payment, not even after the last planned look.
    PaymentUnclear,
    /// A bank has been confirming a payment for longer than banks do.
    PaymentSlow,
    /// An intent that carries our note, or is known as a payment's own, and does not fit it.
    IntentDiffers,
    /// News from the gateway that could not be acted upon, again and again.
    EventNotApplied,
    /// A mail or a write-back that cannot be delivered.
    NotDelivered,
    /// Money went back at the gateway and the book does not say so.
    MoneyWentBack,
    /// The gateway gave no clear answer about a refund, not even after the last planned look.
    RefundUnclear,
    /// A refund that was done came back: the payer does not have the money.
    RefundReturned,
    /// A payer's bank questions a payment: it has to be answered in time.
    Disputed,
    /// Something that one member of staff proposed and another has to decide on.
    ApprovalWaits,
    /// Somebody came in without the identity provider.
    GlassBroken,
    /// The watched table cannot be read, or its rows cannot be taken.
    WatchedTable,
}

impl WorkKind {
    pub const ALL: [Self; 13] = [
        Self::UnmatchedMoney,
        Self::PaymentUnclear,
        Self::PaymentSlow,
        Self::IntentDiffers,
        Self::EventNotApplied,
        Self::NotDelivered,
        Self::MoneyWentBack,
        Self::RefundUnclear,
        Self::RefundReturned,
        Self::Disputed,
        Self::ApprovalWaits,
        Self::GlassBroken,
        Self::WatchedTable,
    ];

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The stored spelling.
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnmatchedMoney => "unmatched_money",
            Self::PaymentUnclear => "payment_unclear",
            Self::PaymentSlow => "payment_slow",
            Self::IntentDiffers => "intent_differs",
            Self::EventNotApplied => "event_not_applied",
            Self::NotDelivered => "not_delivered",
            Self::MoneyWentBack => "money_went_back",
            Self::RefundUnclear => "refund_unclear",
            Self::RefundReturned => "refund_returned",
            Self::Disputed => "disputed",
            Self::ApprovalWaits => "approval_waits",
            Self::GlassBroken => "glass_broken",
            Self::WatchedTable => "watched_table",
        }
    }
}

/// What kind of thing an item is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    Payment,
    ExternalPayment,
    Adjustment,
    Refund,
    GatewayIntent,
    GatewaySession,
    GatewayEvent,
    GatewayRefund,
    GatewayDispute,
    Outbox,
    StaffMember,
    FiledPayment,
    WatchedTable,
}

impl Thing {
    /// The stored spelling.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::ExternalPayment => "external_payment",
            Self::Adjustment => "adjustment",
            Self::Refund => "refund",
            Self::GatewayIntent => "gateway_intent",
            Self::GatewaySession => "gateway_session",
            Self::GatewayEvent => "gateway_event",
            Self::GatewayRefund => "gateway_refund",
            Self::GatewayDispute => "gateway_dispute",
            Self::Outbox => "outbox",
            Self::StaffMember => "staff_member",
            Self::FiledPayment => "filed_payment",
            Self::WatchedTable => "watched_table",
        }
    }
}

/// What is open at most once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matter {
    pub kind: WorkKind,
    pub thing: Thing,
    pub thing_id: String,
}

impl Matter {
    pub fn new(kind: WorkKind, thing: Thing, thing_id: impl ToString) -> Self {
        Self { kind, thing, thing_id: thing_id.to_string() }
    }
}

#[derive(Clone, Debug)]
pub struct NewWorkItem {
    pub id: WorkItemId,
    pub matter: Matter,
    pub account_id: Option<AccountId>,
    /// In plain words, without names, addresses or references that a payer wrote.
    pub why: String,
    pub now: Micros,
}
