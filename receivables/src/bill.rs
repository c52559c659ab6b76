//! A bill: a request for payment for a period, its lines frozen once issued.
//!
//! Its state is derived from dates and amounts every time it is shown; no flag is ever stored,
//! so none can be forgotten.

use serde::{Deserialize, Serialize};

use crate::calendar::CivilDate;
use crate::money::MinorUnits;
use crate::open_item::{OpenItem, Standing};

/// The days a bill is for, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BillingPeriod {
    pub from: CivilDate,
    pub to: CivilDate,
}

impl BillingPeriod {
    /// `August 2026` for a whole month, else `14 Jul 2026 – 13 Aug 2026`.
    pub fn in_words(&self) -> String {
        const MONTHS: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        let (from, to) = (self.from.jiff(), self.to.jiff());
        let whole_month = from == from.first_of_month() && to == from.last_of_month();
        let place = usize::from(from.month().unsigned_abs()).saturating_sub(1);
        match MONTHS.get(place) {
            Some(month) if whole_month => format!("{month} {}", from.year()),
            _ => format!("{} – {}", self.from.in_words(), self.to.in_words()),
        }
    }
}

/// One frozen line of a bill. Quantities and rates are decimal text, shown and never computed
/// with; money is minor units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BillLine {
    pub description: String,
    pub quantity: String,
    pub unit_price: MinorUnits,
    pub discount: MinorUnits,
    /// Percent, as text: `19`, `8.875`.
    pub tax_rate: String,
    pub tax: MinorUnits,
    /// What this line adds to the total, tax included.
    pub amount: MinorUnits,
}

/// The one main status of a bill, as a customer is told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum BillStatus {
    NotDue,
    DueSoon,
    DueToday,
    Overdue,
    Disputed,
    Paid,
    Cancelled,
    WrittenOff,
    Draft,
}

/// A derived status with the two marks that may stand beside any open one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DerivedStatus {
    pub main: BillStatus,
    pub part_paid: bool,
    pub in_progress: bool,
}

/// Derives what to say of a bill today. `due_soon_days` is how far ahead "due soon" reaches.
pub fn status(item: &OpenItem, today: CivilDate, due_soon_days: i32) -> DerivedStatus {
    let open = item.open.is_positive();
    let main = match item.standing {
        Standing::Draft => BillStatus::Draft,
        Standing::Cancelled => BillStatus::Cancelled,
        Standing::WrittenOff => BillStatus::WrittenOff,
        Standing::Issued | Standing::InDispute if !open => BillStatus::Paid,
        Standing::InDispute => BillStatus::Disputed,
        Standing::Issued => match item.due_on.map(|due_on| due_on.days_since(today)) {
            None => BillStatus::NotDue,
            Some(days) if days < 0 => BillStatus::Overdue,
            Some(0) => BillStatus::DueToday,
            Some(days) if days <= due_soon_days => BillStatus::DueSoon,
            Some(_) => BillStatus::NotDue,
        },
    };
    DerivedStatus {
        main,
        part_paid: open && item.open < item.total,
        in_progress: item.in_flight.is_positive(),
    }
}

/// How much of each line is settled once `paid` of the bill's total is: proportional, rounded
/// down, the remainder on the last line (and on the one before it where the last is full); and
/// each line exactly itself once all is paid.
///
/// Shown beside a bill; the book applies to bills, not to lines.
pub fn paid_by_line(lines: &[BillLine], total: MinorUnits, paid: MinorUnits) -> Vec<MinorUnits> {
    if paid >= total {
        return lines.iter().map(|line| line.amount).collect();
    }
    let mut shares: Vec<MinorUnits> =
        lines.iter().map(|line| proportion(line.amount, paid, total)).collect();
    let given = MinorUnits::sum(shares.iter().copied()).unwrap_or(paid);
    let mut rest = paid.checked_sub(given).unwrap_or(MinorUnits::ZERO);
    for (share, line) in shares.iter_mut().zip(lines).rev() {
        let more = rest.min(line.amount.less(*share));
        *share = share.plus_at_most_max(more);
        rest = rest.checked_sub(more).unwrap_or(MinorUnits::ZERO);
    }
    shares
}

/// `amount × part / whole`, rounded towards zero; zero when there is no whole.
fn proportion(amount: MinorUnits, part: MinorUnits, whole: MinorUnits) -> MinorUnits {
    let product = i128::from(amount.get()).saturating_mul(i128::from(part.get()));
    let share = product.checked_div(i128::from(whole.get())).unwrap_or(0);
    MinorUnits::new(i64::try_from(share).unwrap_or(amount.get()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::BillId;
    use crate::open_item::PartPayment;

    fn bill(open: i64, due_on: &str, standing: Standing) -> OpenItem {
        OpenItem {
            bill_id: BillId::from_parts(1, &[0; 10]),
            bill_number: "B-1".into(),
            issued_on: CivilDate::parse("2026-10-01").unwrap(),
            due_on: CivilDate::parse(due_on).ok(),
            total: MinorUnits::new(8_000),
            open: MinorUnits::new(open),
            in_flight: MinorUnits::ZERO,
            standing,
            part_payment: PartPayment::Any,
        }
    }

    #[test]
    fn the_status_follows_from_dates_and_amounts() {
        let today = CivilDate::parse("2026-11-22").unwrap();
        let main = |open, due, standing| status(&bill(open, due, standing), today, 7).main;
        use BillStatus::*;
        assert_eq!(main(8_000, "2026-11-21", Standing::Issued), Overdue);
        assert_eq!(main(8_000, "2026-11-22", Standing::Issued), DueToday);
        assert_eq!(main(8_000, "2026-11-29", Standing::Issued), DueSoon);
        assert_eq!(main(8_000, "2026-11-30", Standing::Issued), NotDue);
        assert_eq!(main(8_000, "none", Standing::Issued), NotDue);
        assert_eq!(main(0, "2026-11-21", Standing::Issued), Paid);
        assert_eq!(main(8_000, "2026-11-21", Standing::InDispute), Disputed);
        assert_eq!(main(0, "2026-11-21", Standing::InDispute), Paid);
        assert_eq!(main(8_000, "2026-11-21", Standing::Cancelled), Cancelled);
        let part_paid =
            |open| status(&bill(open, "2026-11-21", Standing::Issued), today, 7).part_paid;
        assert_eq!([8_000, 7_999, 1, 0].map(part_paid), [false, true, true, false]);
    }

    /// What is settled of lines of these amounts once `paid` of them is.
    fn settled(amounts: &[i64], paid: i64) -> Vec<i64> {
        let line = |amount: &i64| BillLine {
            description: String::new(),
            quantity: "1".into(),
            unit_price: MinorUnits::new(*amount),
            discount: MinorUnits::ZERO,
            tax_rate: "0".into(),
            tax: MinorUnits::ZERO,
            amount: MinorUnits::new(*amount),
        };
        let lines: Vec<BillLine> = amounts.iter().map(line).collect();
        let total = MinorUnits::new(amounts.iter().sum());
        paid_by_line(&lines, total, MinorUnits::new(paid)).iter().map(|m| m.get()).collect()
    }

    #[test]
    fn the_leftover_cent_of_a_part_payment_falls_on_the_last_line_and_the_last_payment_closes_each()
    {
        let lines = [10_000, 10_000, 10_000];
        assert_eq!(settled(&lines, 10_000), [3_333, 3_333, 3_334]);
        assert_eq!(settled(&lines, 30_000), [10_000, 10_000, 10_000]);
        assert_eq!(settled(&lines, 0), [0, 0, 0]);
    }

    #[test]
    fn no_line_of_a_bill_is_shown_as_paid_above_its_own_amount() {
        assert_eq!(settled(&[100, 100, 1], 100), [49, 50, 1]);
        assert_eq!(settled(&[100, 100, 0], 101), [50, 51, 0]);
    }

    #[test]
    fn a_discount_line_is_settled_along_with_the_rest() {
        let shares = settled(&[10_000, -1_000, 3_000], 6_001);
        assert_eq!(shares.iter().sum::<i64>(), 6_001);
        assert_eq!(shares, [5_000, -500, 1_501]);
    }

    #[test]
    fn a_period_of_a_whole_month_is_named_by_the_month() {
        let day = |text| CivilDate::parse(text).unwrap();
        let period = |from, to| BillingPeriod { from: day(from), to: day(to) }.in_words();
        assert_eq!(period("2026-08-01", "2026-08-31"), "August 2026");
        assert_eq!(period("2028-02-01", "2028-02-29"), "February 2028");
        assert_eq!(period("2026-07-14", "2026-08-13"), "14 Jul 2026 – 13 Aug 2026");
        assert_eq!(period("2026-08-01", "2026-08-13"), "1 Aug 2026 – 13 Aug 2026");
        assert_eq!(period("2026-08-02", "2026-08-31"), "2 Aug 2026 – 31 Aug 2026");
    }
}
