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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation::{AllocationOrder, Overpayment};
    use crate::ids::BillId;
    use crate::open_item::{PartPayment, Standing};

    #[test]
    fn once_the_credit_went_first_a_payer_sees_what_it_left() {
        let day = |text| CivilDate::parse(text).unwrap();
        let due = |n: u8, due_on, open| DuePeriod {
            item: OpenItem {
                bill_id: BillId::from_parts(1, &[n; 10]),
                bill_number: format!("B-{n}"),
                issued_on: day("2026-10-01"),
                due_on: Some(day(due_on)),
                total: MinorUnits::new(open),
                open: MinorUnits::new(open),
                in_flight: MinorUnits::ZERO,
                standing: Standing::Issued,
                part_payment: PartPayment::Any,
            },
            period: None,
            hold_reason: None,
            links: DuePeriodLinks { detail: String::new() },
        };
        let bill = CurrentBill {
            account: AccountDocument {
                id: AccountId::from_parts(1, &[0; 10]),
                number: "A-1".into(),
                name: "Ada".into(),
                currency: Currency::USD,
                owed: MinorUnits::new(15_000),
                past_due: MinorUnits::new(3_000),
                due_now: MinorUnits::new(3_000),
                credit_on_account: MinorUnits::new(4_000),
                in_progress: MinorUnits::ZERO,
                available_to_pay: MinorUnits::new(15_000),
                on_hold: MinorUnits::ZERO,
                next_due: None,
                version: 1,
            },
            today: day("2026-11-22"),
            as_of: String::new(),
            due_soon_days: 7,
            rules: PaymentRules {
                order: AllocationOrder::NewestFirst,
                overpayment: Overpayment::Refuse,
                directions: true,
                smallest_payment: MinorUnits::new(50),
                gateway_minimum: MinorUnits::new(50),
                largest_payment: MinorUnits::new(1_000_000),
            },
            due_periods: vec![due(1, "2026-11-01", 3_000), due(2, "2026-12-01", 12_000)],
            payments_in_progress: Vec::new(),
        };
        let (after, used) = bill.with_credit_used();
        let open: Vec<i64> = after.open_items().iter().map(|item| item.open.get()).collect();
        assert_eq!((open, used.get()), (vec![11_000], 4_000));
        let AccountDocument { owed, past_due, available_to_pay, credit_on_account, .. } =
            after.account;
        let left = [owed, past_due, available_to_pay, credit_on_account].map(MinorUnits::get);
        assert_eq!(left, [11_000, 0, 11_000, 0]);
    }
}
