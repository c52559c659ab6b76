//! The fingerprint of a preview: everything the split depended on, in 32 characters. Two equal
//! fingerprints mean that the payer saw what would be posted now.

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{AllocationOrder, Direction, RestOfDirection};
use crate::money::Money;
use crate::open_item::OpenItem;

/// 32 lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^[0-9a-f]{32}$"))]
pub struct Fingerprint(String);

impl Fingerprint {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Parses what [`fingerprint`] prints and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (text.len() == 32 && text.bytes().all(lower_hex)).then(|| Self(text.to_owned()))
    }
}

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Hashes the order, the direction, the amount and every item that could take money. Items
/// that take none do not enter: they cannot change the split.
pub fn fingerprint(
    order: AllocationOrder,
    items: &[OpenItem],
    paid: Money,
    direction: &Direction,
) -> Fingerprint {
    let mut payable: Vec<&OpenItem> =
        items.iter().filter(|item| item.available().is_positive()).collect();
    payable.sort_by_key(|item| item.bill_id);
    let mut directed = direction.bills.clone();
    directed.sort_by_key(|bill| bill.bill_id);

    let mut hash = Sha256::new();
    let amount = paid.amount.get();
    hash.update(format!("paydown-preview-1\n{}\n{} {amount}\n", order.code(), paid.currency));
    for bill in &directed {
        hash.update(format!("direct {} {}\n", bill.bill_id, bill.amount.get()));
    }
    if !directed.is_empty() && direction.rest == RestOfDirection::StaysOnAccount {
        hash.update("rest on account\n");
    }
    for item in payable {
        let due_on = item.due_on.map(|day| day.to_string()).unwrap_or_default();
        // The number's length stands before it, so that no number can imitate another item.
        hash.update(format!(
            "item {} {} {due_on} {} {} {}\n",
            item.bill_id,
            item.available().get(),
            item.issued_on,
            item.bill_number.len(),
            item.bill_number,
        ));
    }
    let mut text = String::with_capacity(32);
    for byte in hash.finalize().iter().take(16) {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Fingerprint(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation::DirectedAmount;
    use crate::calendar::CivilDate;
    use crate::ids::BillId;
    use crate::money::{Currency, MinorUnits};
    use crate::open_item::{PartPayment, Standing};

    /// Of 45.00 on one bill of 80.00, the rest to stay on account where `directed`.
    fn printed(directed: bool) -> Fingerprint {
        let day = |text| CivilDate::parse(text).unwrap();
        let bill_id = BillId::from_parts(1, &[7; 10]);
        let item = OpenItem {
            bill_id,
            bill_number: "B-1".into(),
            issued_on: day("2026-10-01"),
            due_on: Some(day("2026-11-01")),
            total: MinorUnits::new(8_000),
            open: MinorUnits::new(8_000),
            in_flight: MinorUnits::ZERO,
            standing: Standing::Issued,
            part_payment: PartPayment::Any,
        };
        let bills = vec![DirectedAmount { bill_id, amount: MinorUnits::new(4_000) }];
        let direction = match directed {
            true => Direction { bills, rest: RestOfDirection::StaysOnAccount },
            false => Direction::default(),
        };
        let paid = Money::new(MinorUnits::new(4_500), Currency::USD);
        fingerprint(AllocationOrder::OldestDueFirst, &[item], paid, &direction)
    }

    #[test]
    fn a_fingerprint_taken_before_an_upgrade_is_the_same_after_it() {
        assert_eq!(printed(false).as_str(), "402e747331236efbb0591ad7ced75cf0");
        assert_eq!(printed(true).as_str(), "43573d6a20c7f570d61484e5c7f21199");
    }

    #[test]
    fn only_what_is_printed_as_a_fingerprint_is_read_as_one() {
        let print = printed(false);
        assert_eq!(Fingerprint::parse(print.as_str()), Some(print.clone()));
        let longer = format!("{}0", print.as_str());
        let shorter = &print.as_str()[1..];
        let upper = "0123456789ABCDEF0123456789ABCDEF";
        let stranger = "0123456789abcdefg123456789abcdef";
        for wrong in [longer.as_str(), shorter, upper, stranger, ""] {
            assert_eq!(Fingerprint::parse(wrong), None, "{wrong}");
        }
        assert!(Fingerprint::parse("0123456789abcdef0123456789abcdef").is_some());
    }
}
