//! What a file said in the rows before: enough to see that two of them contradict each other,
//! and no more than some dozen bytes a row.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use sha2::{Digest, Sha256};

use super::map::ColumnMap;
use super::problems::FileProblem;
use super::rows::FileRow;

/// Eight bytes stand for a text. That two of a million texts share them is less likely than one
/// in ten million; the second would be refused, and a person would look.
pub fn short_hash(parts: &[&str]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[derive(Default)]
pub struct Seen {
    bills: HashMap<u64, u64>,
    customers: HashMap<u64, Customer>,
    /// Whom an address was made for, and in which row.
    made_for: HashMap<u64, (u64, u64)>,
}

#[derive(Clone, Copy)]
struct Customer {
    row: u64,
    name: u64,
    email: u64,
}

impl Seen {
    /// Notes a row, and says what contradicts an earlier one. A customer has one name and one
    /// address; an address made from a key belongs to that key.
    pub fn note(&mut self, row: &FileRow, map: &ColumnMap, problems: &mut Vec<FileProblem>) {
        let mut problem = |column: &str, what: String| {
            problems.push(FileProblem::of_cell(row.row, column, what));
        };
        match self.bills.entry(short_hash(&[&row.customer, &row.bill_number])) {
            Entry::Vacant(entry) => {
                entry.insert(row.row);
            }
            Entry::Occupied(entry) => {
                let what = format!("{} stands in row {} already", row.bill_number, entry.get());
                problem(&map.columns.bill_number, what);
            }
        }
        let customer = short_hash(&[&row.customer]);
        let (name, email) = (short_hash(&[&row.customer_name]), short_hash(&[&row.email]));
        let here = Customer { row: row.row, name, email };
        let first = *self.customers.entry(customer).or_insert(here);
        let columns = &map.columns;
        let differs = |column: &Option<String>, same: bool| column.clone().filter(|_| !same);
        let name = differs(&columns.customer_name, name == first.name);
        let email_differs = differs(&columns.email, email == first.email);
        for column in name.into_iter().chain(email_differs) {
            let what = format!("is another one than in row {} of the same customer", first.row);
            problem(&column, what);
        }
        if columns.email.is_none() {
            let (owner, at) = *self.made_for.entry(email).or_insert((customer, row.row));
            if owner != customer {
                let what = format!("makes the same mail address as the customer in row {at}");
                problem(&columns.customer, what);
            }
        }
    }
}
