//! How the demo's utility makes a bill: metered energy, a service charge, tax on each.

use receivables::bill::{BillLine, BillingPeriod};
use receivables::calendar::CivilDate;
use receivables::ids::{BillId, PostingId};
use receivables::money::{Currency, MinorUnits};
use receivables::open_item::PartPayment;
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use super::Ids;
use crate::bills::NewBill;

/// Prices in minor units of the account's currency; the tax in thousandths of a percent.
pub(super) struct Tariff {
    energy: i64,
    service: i64,
    tax_thousandths: i64,
}

impl Tariff {
    pub(super) fn of(currency: Currency) -> Self {
        match currency {
            Currency::JPY => Self { energy: 31, service: 1_180, tax_thousandths: 10_000 },
            _ => Self { energy: 17, service: 1_250, tax_thousandths: 6_350 },
        }
    }

    pub(super) fn energy(&self, kwh: i64) -> BillLine {
        self.line("Energy, kWh", kwh, self.energy)
    }

    pub(super) fn service(&self) -> BillLine {
        self.line("Service charge", 1, self.service)
    }

    pub(super) fn line(&self, description: &str, quantity: i64, unit_price: i64) -> BillLine {
        let net = quantity * unit_price;
        let rate = Decimal::new(self.tax_thousandths, 3).normalize();
        let tax = (Decimal::from(net) * rate / Decimal::ONE_HUNDRED)
            .round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero)
            .to_i64()
            .unwrap_or(0);
        BillLine {
            description: description.to_owned(),
            quantity: quantity.to_string(),
            unit_price: MinorUnits::new(unit_price),
            discount: MinorUnits::ZERO,
            tax_rate: rate.to_string(),
            tax: MinorUnits::new(tax),
            amount: MinorUnits::new(net + tax),
        }
    }
}

/// A bill of the month that ended `months` months before the last one that ended, due four
/// days from today in the month it falls into: so the last is due soon, those before overdue.
pub(super) struct Month {
    period: BillingPeriod,
    issued_on: CivilDate,
    due_on: CivilDate,
}

impl Month {
    pub(super) fn ago(today: CivilDate, months: i64) -> Self {
        let back =
            |date: jiff::civil::Date, months| date.saturating_sub(jiff::Span::new().months(months));
        let from = back(today.jiff().first_of_month(), months + 1);
        let period = BillingPeriod {
            from: CivilDate::from_jiff(from),
            to: CivilDate::from_jiff(from.last_of_month()),
        };
        let due_on = CivilDate::from_jiff(back(today.plus_days(4).jiff(), months));
        let issued_on = due_on.plus_days(-21).max(period.to.plus_days(1));
        Self { period, issued_on, due_on }
    }

    /// `2026-10`
    pub(super) fn code(&self) -> String {
        self.period.from.to_string().chars().take(7).collect()
    }

    pub(super) fn bill(&self, ids: &Ids, number: String, lines: Vec<BillLine>) -> NewBill {
        let period = Some(self.period);
        NewBill { period, ..bill(ids, number, self.issued_on, Some(self.due_on), lines) }
    }
}

/// A bill without a period: a fee, a deposit.
pub(super) fn bill(
    ids: &Ids,
    number: String,
    issued_on: CivilDate,
    due_on: Option<CivilDate>,
    lines: Vec<BillLine>,
) -> NewBill {
    let total = lines.iter().fold(0, |sum, line| sum + line.amount.get());
    NewBill {
        id: ids.next(BillId::from_parts),
        posting_id: ids.next(PostingId::from_parts),
        number,
        period: None,
        issued_on,
        due_on,
        total: MinorUnits::new(total),
        lines,
        hold_reason: None,
        part_payment: PartPayment::Any,
    }
}
