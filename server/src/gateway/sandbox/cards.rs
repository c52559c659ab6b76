//! The sandbox's ways to pay. They have names and no numbers: a form without a number field
//! cannot take a real card's number.

use serde::{Deserialize, Serialize};

use super::problem::Decline;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestCard {
    Success,
    Declined,
    InsufficientFunds,
    ThreeDSecure,
    BankDebit,
    BankDebitFails,
    AnswerLost,
    WebhookLate,
    WebhookTwice,
    WebhookNever,
}

/// What confirming with a card leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    Succeeds,
    Declines(Decline),
    AsksWhoYouAre,
    DebitsSlowly,
}

/// How the webhooks about a card's payment travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Post {
    pub times: i64,
    pub delay_seconds: i64,
}

/// How late a late webhook is.
pub const LATE_SECONDS: i64 = 20;

const GENERIC: Decline = Decline {
    code: "card_declined",
    decline_code: Some("generic_decline"),
    message: "Your card was declined.",
};
const NO_FUNDS: Decline = Decline {
    code: "card_declined",
    decline_code: Some("insufficient_funds"),
    message: "Your card has insufficient funds.",
};
pub(super) const NOT_AUTHENTICATED: Decline = Decline {
    code: "payment_intent_authentication_failure",
    decline_code: None,
    message: "We are unable to authenticate your payment method. Please choose a different \
              payment method and try again.",
};
pub(super) const DEBIT_FAILED: Decline = Decline {
    code: "payment_intent_payment_attempt_failed",
    decline_code: Some("insufficient_funds"),
    message: "The bank account has insufficient funds to complete the debit.",
};

impl TestCard {
    pub const ALL: [Self; 10] = [
        Self::Success,
        Self::Declined,
        Self::InsufficientFunds,
        Self::ThreeDSecure,
        Self::BankDebit,
        Self::BankDebitFails,
        Self::AnswerLost,
        Self::WebhookLate,
        Self::WebhookTwice,
        Self::WebhookNever,
    ];

    /// The spelling on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Declined => "declined",
            Self::InsufficientFunds => "insufficient_funds",
            Self::ThreeDSecure => "three_d_secure",
            Self::BankDebit => "bank_debit",
            Self::BankDebitFails => "bank_debit_fails",
            Self::AnswerLost => "answer_lost",
            Self::WebhookLate => "webhook_late",
            Self::WebhookTwice => "webhook_twice",
            Self::WebhookNever => "webhook_never",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|card| card.code() == code)
    }

    /// Stripe's own names for test payment methods, where it has one.
    pub(super) fn from_method(name: &str) -> Option<Self> {
        match name {
            "pm_card_visa" => Some(Self::Success),
            "pm_card_chargeDeclined" => Some(Self::Declined),
            "pm_card_chargeDeclinedInsufficientFunds" => Some(Self::InsufficientFunds),
            "pm_card_threeDSecure2Required" => Some(Self::ThreeDSecure),
            "pm_usBankAccount_success" => Some(Self::BankDebit),
            "pm_usBankAccount_insufficientFunds" => Some(Self::BankDebitFails),
            other => other.strip_prefix("pm_sbx_card_").and_then(Self::parse),
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Success => "Card that works",
            Self::Declined => "Card that is declined",
            Self::InsufficientFunds => "Card without enough money",
            Self::ThreeDSecure => "Card that asks who you are (3-D Secure)",
            Self::BankDebit => "Bank account that works",
            Self::BankDebitFails => "Bank account without enough money",
            Self::AnswerLost => "Card that works, but the answer is lost",
            Self::WebhookLate => "Card that works, with late news",
            Self::WebhookTwice => "Card that works, with the same news twice",
            Self::WebhookNever => "Card that works, with no news at all",
        }
    }

    pub const fn what_it_does(self) -> &'static str {
        match self {
            Self::Success => "The payment is taken at once.",
            Self::Declined => "The bank says no and gives no reason. Nothing is taken.",
            Self::InsufficientFunds => "The bank says no for want of money. Nothing is taken.",
            Self::ThreeDSecure => "The bank asks you to confirm before anything is taken.",
            Self::BankDebit => "The debit is under way for some seconds, then it is taken.",
            Self::BankDebitFails => "The debit is under way for some seconds, then it fails.",
            Self::AnswerLost => {
                "The payment is taken, but the connection breaks before the page hears of it."
            }
            Self::WebhookLate => "The payment is taken; the server is told 20 seconds later.",
            Self::WebhookTwice => "The payment is taken; the server is told twice.",
            Self::WebhookNever => "The payment is taken; the server has to find out by itself.",
        }
    }

    pub(super) const fn course(self) -> Course {
        match self {
            Self::Declined => Course::Declines(GENERIC),
            Self::InsufficientFunds => Course::Declines(NO_FUNDS),
            Self::ThreeDSecure => Course::AsksWhoYouAre,
            Self::BankDebit | Self::BankDebitFails => Course::DebitsSlowly,
            Self::Success
            | Self::AnswerLost
            | Self::WebhookLate
            | Self::WebhookTwice
            | Self::WebhookNever => Course::Succeeds,
        }
    }

    pub(super) const fn post(self) -> Post {
        match self {
            Self::WebhookLate => Post { times: 1, delay_seconds: LATE_SECONDS },
            Self::WebhookTwice => Post { times: 2, delay_seconds: 0 },
            Self::WebhookNever => Post { times: 0, delay_seconds: 0 },
            _ => Post::PROMPT,
        }
    }

    pub(super) const fn is_bank_account(self) -> bool {
        matches!(self, Self::BankDebit | Self::BankDebitFails)
    }

    pub(super) const fn last4(self) -> &'static str {
        match self {
            Self::Declined => "0002",
            Self::InsufficientFunds => "9995",
            Self::ThreeDSecure => "3184",
            Self::BankDebit => "6789",
            Self::BankDebitFails => "1116",
            _ => "4242",
        }
    }
}

impl Post {
    pub const PROMPT: Self = Self { times: 1, delay_seconds: 0 };
}
