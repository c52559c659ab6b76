//! Open items: what is owed, one charge at a time, each with its own unpaid balance.

use serde::{Deserialize, Serialize};

use crate::calendar::CivilDate;
use crate::ids::BillId;
use crate::money::MinorUnits;

/// Whether a bill may take money at all. Everything else about its state is derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Standing {
    /// Issued and collectable.
    Issued,
    /// On hold while the biller checks it; takes nothing until released.
    InDispute,
    Cancelled,
    WrittenOff,
    /// Not issued yet; the customer does not owe it.
    Draft,
}

impl Standing {
    pub const ALL: [Self; 5] =
        [Self::Issued, Self::InDispute, Self::Cancelled, Self::WrittenOff, Self::Draft];

    /// The stored spelling, the same as on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::InDispute => "in_dispute",
            Self::Cancelled => "cancelled",
            Self::WrittenOff => "written_off",
            Self::Draft => "draft",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.code() == code)
    }

    /// RULES: cancelled, written-off, draft and disputed items take nothing.
    pub const fn takes_money(self) -> bool {
        matches!(self, Self::Issued)
    }
}

/// Whether a bill may be paid in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PartPayment {
    Any,
    /// Only its whole open amount is accepted.
    Never,
    /// At least this much, or its whole open amount when that is less.
    AtLeast(MinorUnits),
}

/// One charge with what is left of it.
///
/// Amounts are minor units of the account's currency. Always `0 <= open <= total`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenItem {
    pub bill_id: BillId,
    pub bill_number: String,
    pub issued_on: CivilDate,
    /// A bill without a due date is asked for last.
    pub due_on: Option<CivilDate>,
    pub total: MinorUnits,
    /// Total less applications, credits and write-offs.
    pub open: MinorUnits,
    /// What started payments have reserved on it.
    pub in_flight: MinorUnits,
    pub standing: Standing,
    pub part_payment: PartPayment,
}

impl OpenItem {
    /// What a new payment may still settle here: open − in flight, nothing when on hold.
    pub fn available(&self) -> MinorUnits {
        let reserved = self.in_flight.max(MinorUnits::ZERO);
        if self.standing.takes_money() { self.open.less(reserved) } else { MinorUnits::ZERO }
    }

    /// Overdue: the due date is strictly before today in the biller's zone, and something is
    /// open. A bill on hold is not overdue: nobody asks for it now.
    pub fn is_overdue(&self, today: CivilDate) -> bool {
        self.standing.takes_money()
            && self.open.is_positive()
            && self.due_on.is_some_and(|due_on| due_on < today)
    }

    /// The key of the default order, *oldest due first*: due date (none last), issue date, bill
    /// number, id. Total, so that every machine sorts alike.
    pub fn oldest_due_key(&self) -> (bool, Option<CivilDate>, CivilDate, &str, BillId) {
        (self.due_on.is_none(), self.due_on, self.issued_on, &self.bill_number, self.bill_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_standing_is_stored_by_its_word_on_the_wire() {
        let stored = ["issued", "in_dispute", "cancelled", "written_off", "draft"];
        assert_eq!(Standing::ALL.map(Standing::code), stored);
        for word in Standing::ALL {
            assert_eq!(Standing::parse(word.code()), Some(word));
            assert_eq!(serde_json::to_value(word).unwrap(), word.code());
        }
        assert_eq!(Standing::parse("something else"), None);
    }

    #[test]
    fn only_an_issued_bill_with_something_open_is_overdue_and_not_on_its_due_day() {
        let day = |text: &str| CivilDate::parse(text).unwrap();
        let overdue = |standing, open, due_on: Option<&str>| {
            let item = OpenItem {
                bill_id: BillId::from_parts(1, &[0; 10]),
                bill_number: "B-1".into(),
                issued_on: day("2026-10-01"),
                due_on: due_on.map(day),
                total: MinorUnits::new(8_000),
                open: MinorUnits::new(open),
                in_flight: MinorUnits::ZERO,
                standing,
                part_payment: PartPayment::Any,
            };
            item.is_overdue(day("2026-11-22"))
        };
        assert!(overdue(Standing::Issued, 1, Some("2026-11-21")));
        assert!(!overdue(Standing::Issued, 1, Some("2026-11-22")));
        assert!(!overdue(Standing::Issued, 1, None));
        assert!(!overdue(Standing::Issued, 0, Some("2026-11-21")));
        assert!(!overdue(Standing::InDispute, 1, Some("2026-11-21")));
    }
}
