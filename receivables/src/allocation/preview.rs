//! The preview: what a payment would settle, with everything a payer wants to know beside it.
//! Computed in the browser on every key press and on the server before and while posting.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    Allocation, AmountRefusal, Direction, DirectionRefusal, Fingerprint, PaymentRules, Reason,
    allocate, check_amount, fingerprint,
};
use crate::account_balance::AccountBalance;
use crate::bill::BillingPeriod;
use crate::calendar::CivilDate;
use crate::ids::BillId;
use crate::money::{Currency, MinorUnits, Money};
use crate::open_item::OpenItem;

/// All that an allocation depends on, at one moment.
#[derive(Clone, Debug)]
pub struct AccountSnapshot<'a> {
    pub currency: Currency,
    pub items: &'a [OpenItem],
    pub credit_on_account: MinorUnits,
    pub rules: PaymentRules,
    /// Today in the biller's time zone.
    pub today: CivilDate,
}

/// The amount that falls due next, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NextDue {
    pub on: CivilDate,
    pub amount: MinorUnits,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreviewLine {
    pub bill_id: BillId,
    pub bill_number: String,
    /// Filled where the caller knows it; it does not enter the split.
    pub period: Option<BillingPeriod>,
    pub due_on: Option<CivilDate>,
    /// What was available on the bill.
    pub before: MinorUnits,
    pub amount: MinorUnits,
    pub after: MinorUnits,
    pub reason: Reason,
}

/// A decided split and its consequences. Amounts are minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Preview {
    pub amount: MinorUnits,
    pub currency: Currency,
    pub lines: Vec<PreviewLine>,
    /// What of this payment no bill takes.
    pub credit_added: MinorUnits,
    pub credit_before: MinorUnits,
    pub credit_after: MinorUnits,
    /// Left to pay before and after, money in flight not counted again.
    pub owed_before: MinorUnits,
    pub owed_after: MinorUnits,
    pub past_due_before: MinorUnits,
    pub past_due_after: MinorUnits,
    /// What is due next after this payment.
    pub next_due: Option<NextDue>,
    pub order: super::AllocationOrder,
    pub fingerprint: Fingerprint,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PreviewRefusal {
    #[error(transparent)]
    Amount(#[from] AmountRefusal),
    #[error(transparent)]
    Direction(#[from] DirectionRefusal),
}

impl PreviewRefusal {
    /// The stable name on the wire; pages match on it and never on text.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Amount(refusal) => refusal.code(),
            Self::Direction(refusal) => refusal.code(),
        }
    }
}

/// Works out the split of `amount` and whether the payer may pay it.
pub fn preview(
    account: &AccountSnapshot<'_>,
    amount: MinorUnits,
    direction: &Direction,
) -> Result<Preview, PreviewRefusal> {
    let AccountSnapshot { currency, items, rules, today, .. } = *account;
    let allocation = accepted_split(account, amount, direction)
        .map_err(|refusal| naming_amounts_that_work(account, direction, refusal))?;

    let mut items_after = items.to_vec();
    let mut lines = Vec::with_capacity(allocation.lines.len());
    let position: BTreeMap<BillId, usize> =
        items.iter().enumerate().map(|(at, item)| (item.bill_id, at)).collect();
    for line in &allocation.lines {
        let at = position.get(&line.bill_id);
        let Some(item) = at.and_then(|at| items_after.get_mut(*at)) else { continue };
        item.open = item.open.less(line.amount);
        lines.push(PreviewLine {
            bill_id: line.bill_id,
            bill_number: item.bill_number.clone(),
            period: None,
            due_on: item.due_on,
            before: line.before,
            amount: line.amount,
            after: line.after,
            reason: line.reason,
        });
    }
    let before = AccountBalance::of(items, today);
    let after = AccountBalance::of(&items_after, today);
    Ok(Preview {
        amount,
        currency,
        lines,
        credit_added: allocation.credit_on_account,
        credit_before: account.credit_on_account,
        credit_after: account.credit_on_account.plus_at_most_max(allocation.credit_on_account),
        owed_before: before.available,
        owed_after: after.available,
        past_due_before: before.past_due,
        past_due_after: after.past_due,
        next_due: next_due(&items_after, today),
        order: rules.order,
        fingerprint: fingerprint(rules.order, items, Money::new(amount, currency), direction),
    })
}

fn accepted_split(
    account: &AccountSnapshot<'_>,
    amount: MinorUnits,
    direction: &Direction,
) -> Result<Allocation, PreviewRefusal> {
    let AccountSnapshot { items, rules, today, .. } = *account;
    if !direction.is_empty() {
        if !rules.directions {
            return Err(DirectionRefusal::SwitchedOff.into());
        }
        direction.check(items, amount)?;
    }
    let allocation = allocate(rules.order, items, amount, direction, today);
    check_amount(&rules, items, amount, &allocation.lines)?;
    Ok(allocation)
}

/// The nearest amounts of a refusal are offered to the payer as ones to type, so each is tried
/// first: a bill that takes no part, or the direction, may refuse it.
fn naming_amounts_that_work(
    account: &AccountSnapshot<'_>,
    direction: &Direction,
    refusal: PreviewRefusal,
) -> PreviewRefusal {
    let works = |amount: &MinorUnits| accepted_split(account, *amount, direction).is_ok();
    match refusal {
        PreviewRefusal::Amount(AmountRefusal::RestTooSmall { rest, lower, upper }) => {
            let (lower, upper) = (lower.filter(works), upper.filter(works));
            AmountRefusal::RestTooSmall { rest, lower, upper }.into()
        }
        other => other,
    }
}

/// What falls due next: the sum of what is left on the earliest due day from today on.
pub fn next_due(items: &[OpenItem], today: CivilDate) -> Option<NextDue> {
    let coming = || {
        items
            .iter()
            .filter(|item| item.available().is_positive())
            .filter_map(|item| item.due_on.map(|on| (on, item.available())))
            .filter(|(on, _)| *on >= today)
    };
    let on = coming().map(|(on, _)| on).min()?;
    let amount = coming()
        .filter(|(day, _)| *day == on)
        .fold(MinorUnits::ZERO, |sum, (_, amount)| sum.plus_at_most_max(amount));
    Some(NextDue { on, amount })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open_item::{PartPayment, Standing};

    fn bill(id: u64, due_on: &str, open: i64) -> OpenItem {
        OpenItem {
            bill_id: BillId::from_parts(id, &[0; 10]),
            bill_number: format!("B-{id}"),
            issued_on: CivilDate::parse("2026-10-01").unwrap(),
            due_on: CivilDate::parse(due_on).ok(),
            total: MinorUnits::new(open),
            open: MinorUnits::new(open),
            in_flight: MinorUnits::ZERO,
            standing: Standing::Issued,
            part_payment: PartPayment::Any,
        }
    }

    #[test]
    fn next_due_is_what_falls_due_together_on_the_earliest_day_from_today_on() {
        let today = CivilDate::parse("2026-11-22").unwrap();
        let due = |items: &[OpenItem]| {
            next_due(items, today).map(|next| (next.on.to_string(), next.amount.get()))
        };
        let past = bill(1, "2026-11-21", 1_000);
        let (first, second) = (bill(2, "2026-12-01", 2_000), bill(3, "2026-12-01", 300));
        let later = bill(4, "2026-12-02", 4_000);
        let mut held = bill(5, "2026-11-23", 5_000);
        held.standing = Standing::InDispute;
        let items = [later.clone(), past.clone(), first, held, second];
        assert_eq!(due(&items), Some(("2026-12-01".to_owned(), 2_300)));
        let on_the_day = [later, bill(6, "2026-11-22", 60)];
        assert_eq!(due(&on_the_day), Some(("2026-11-22".to_owned(), 60)));
        assert_eq!(due(&[past, bill(7, "no due date", 700)]), None);
    }
}
