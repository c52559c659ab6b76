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
