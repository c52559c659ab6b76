//! An account, and what is due on it.

use serde::{Deserialize, Serialize};

use crate::account_balance::AccountBalance;
use crate::allocation::{AccountSnapshot, CreditUsed, NextDue, PaymentRules, use_credit};
use crate::bill::BillingPeriod;
use crate::calendar::CivilDate;
use crate::ids::{AccountId, PaymentId};
use crate::money::{Currency, MinorUnits};
use crate::open_item::OpenItem;
use crate::payment::PaymentStage;

/// `GET /api/v1/accounts/{id}`. Amounts in minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountDocument {
    pub id: AccountId,
    pub number: String,
    pub name: String,
    pub currency: Currency,
    /// All that is open on bills asked for.
    pub owed: MinorUnits,
    pub past_due: MinorUnits,
    pub due_now: MinorUnits,
    pub credit_on_account: MinorUnits,
    /// Reserved by payments in progress.
    pub in_progress: MinorUnits,
    /// `owed − in_progress`: what can be paid now.
    pub available_to_pay: MinorUnits,
    /// Open on bills on hold; nobody asks for it now.
    pub on_hold: MinorUnits,
    pub next_due: Option<NextDue>,
    /// Counts changes of the account's bills and payments; also the `ETag`.
    pub version: i64,
}

/// `GET /api/v1/accounts/{id}/due-periods` (currentBillForAccount): what is due, oldest first,
/// with all a preview needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CurrentBill {
    pub account: AccountDocument,
    /// Today in the biller's time zone.
    pub today: CivilDate,
    pub as_of: String,
    /// "Due soon" reaches this many days ahead.
    pub due_soon_days: i32,
    pub rules: PaymentRules,
    pub due_periods: Vec<DuePeriod>,
    pub payments_in_progress: Vec<PaymentInProgress>,
}

/// A billing period with something still open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DuePeriod {
    pub item: OpenItem,
    pub period: Option<BillingPeriod>,
    /// In the words of the biller, for a bill on hold.
    pub hold_reason: Option<String>,
    pub links: DuePeriodLinks,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DuePeriodLinks {
    /// Where the bill's details are.
    pub detail: String,
}

/// A payment that has started and has no final news yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentInProgress {
    pub id: PaymentId,
    pub amount: MinorUnits,
    pub stage: PaymentStage,
    pub started_at: String,
    pub started_on: CivilDate,
}

impl CurrentBill {
    /// The open items alone, for the rules.
    pub fn open_items(&self) -> Vec<OpenItem> {
        self.due_periods.iter().map(|period| period.item.clone()).collect()
    }

    /// The bill as a payment finds it once the account's credit has gone first, and how much of the
    /// credit that takes.
    pub fn with_credit_used(mut self) -> (Self, MinorUnits) {
        let before = self.account.credit_on_account;
        let CreditUsed { items, credit_left, .. } =
            use_credit(&self.open_items(), before, self.today);
        let sums = AccountBalance::of(&items, self.today);
        for (due, item) in self.due_periods.iter_mut().zip(items) {
            due.item = item;
        }
        self.due_periods.retain(|due| due.item.open.is_positive());
        self.account.credit_on_account = credit_left;
        self.account.owed = sums.owed;
        self.account.past_due = sums.past_due;
        self.account.due_now = sums.due_now;
        self.account.available_to_pay = sums.available;
        (self, before.less(credit_left))
    }

    /// What an allocation depends on; `items` are [`open_items`](Self::open_items), kept by the
    /// caller.
    pub fn snapshot<'a>(&self, items: &'a [OpenItem]) -> AccountSnapshot<'a> {
        AccountSnapshot {
            currency: self.account.currency,
            items,
            credit_on_account: self.account.credit_on_account,
            rules: self.rules,
            today: self.today,
        }
    }
}
