//! Stripe's form parameters: `metadata[payment]=…`, `expand[]=…`, each known or refused.

use std::collections::BTreeMap;

use receivables::money::Currency;
use sha2::{Digest, Sha256};

use super::problem::Problem;
use crate::gateway::smallest_charge;

/// The parameters not yet taken. What is left at the end was not known.
pub(super) struct Params(Vec<(String, String)>);

const LARGEST_AMOUNT: i64 = 99_999_999;
const MOST_NOTES: usize = 50;

impl Params {
    pub const fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The same parameters in any order have the same fingerprint: the builders keep notes in a
    /// hash map, whose order changes from one process to the next.
    pub fn fingerprint(&self, path: &str) -> String {
        let mut pairs = self.0.clone();
        pairs.sort();
        let mut hash = Sha256::new().chain_update(path);
        for (name, value) in pairs {
            for part in [name, value] {
                hash.update(part.len().to_be_bytes());
                hash.update(part);
            }
        }
        hex::encode(hash.finalize())
    }

    pub fn take(&mut self, name: &str) -> Option<String> {
        let place = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(place).1)
    }

    pub fn take_integer(&mut self, name: &str) -> Result<Option<i64>, Problem> {
        self.take(name)
            .map(|text| {
                text.parse().map_err(|_| {
                    let message = format!("Invalid integer: {text}");
                    Problem::invalid(Some("parameter_invalid_integer"), name, message)
                })
            })
            .transpose()
    }

    /// `name[key]=value`, any keys.
    pub fn take_map(&mut self, name: &str) -> BTreeMap<String, String> {
        let mut map = BTreeMap::new();
        self.0.retain(|(known, value)| {
            let key = known.strip_prefix(name).and_then(|rest| rest.strip_prefix('['));
            match key.and_then(|key| key.strip_suffix(']')).filter(|key| !key.is_empty()) {
                Some(key) => {
                    map.insert(key.to_owned(), value.clone());
                    false
                }
                None => true,
            }
        });
        map
    }

    /// `name[]=value` or `name[0]=value`.
    pub fn take_list(&mut self, name: &str) -> Vec<String> {
        let mut list = Vec::new();
        self.0.retain(|(known, value)| {
            let place = known.strip_prefix(name).and_then(|rest| rest.strip_prefix('['));
            let place = place.and_then(|place| place.strip_suffix(']'));
            match place.filter(|place| place.bytes().all(|byte| byte.is_ascii_digit())) {
                Some(_) => {
                    list.push(value.clone());
                    false
                }
                None => true,
            }
        });
        list
    }

    pub fn take_notes(&mut self) -> Result<BTreeMap<String, String>, Problem> {
        let notes = self.take_map("metadata");
        let too_long = |(key, value): (&String, &String)| {
            key.chars().count() > 40 || value.chars().count() > 500
        };
        if notes.len() > MOST_NOTES || notes.iter().any(too_long) {
            let message = "Metadata has at most 50 keys of 40 and values of 500 characters.";
            return Err(Problem::invalid(None, "metadata", message));
        }
        Ok(notes)
    }

    /// The one thing that can be expanded here is an intent's latest charge.
    pub fn take_expansion(&mut self) -> Result<bool, Problem> {
        let wanted = self.take_list("expand");
        match wanted.iter().find(|wanted| *wanted != "latest_charge") {
            Some(other) => {
                let message = format!("This property cannot be expanded ({other}).");
                Err(Problem::invalid(None, "expand", message))
            }
            None => Ok(!wanted.is_empty()),
        }
    }

    pub fn finish(self) -> Result<(), Problem> {
        match self.0.first() {
            Some((name, _)) => Err(Problem::unknown_parameter(name)),
            None => Ok(()),
        }
    }
}

/// An amount within Stripe's limits, and the currency in lower case.
pub(super) fn checked_amount(
    amount: Option<i64>,
    currency: Option<String>,
) -> Result<(i64, String), Problem> {
    let amount = amount.ok_or_else(|| Problem::missing("amount"))?;
    let code = currency.ok_or_else(|| Problem::missing("currency"))?;
    let Ok(currency) = Currency::parse(&code.to_ascii_uppercase()) else {
        let message = format!("Invalid currency: {code}.");
        return Err(Problem::invalid(None, "currency", message));
    };
    if amount < 1 {
        let message = "This value must be greater than or equal to 1.";
        return Err(Problem::invalid(Some("parameter_invalid_integer"), "amount", message));
    }
    if amount < smallest_charge(currency).get() {
        let message = "Amount must be at least the minimum of its currency.";
        return Err(Problem::invalid(Some("amount_too_small"), "amount", message));
    }
    if amount > LARGEST_AMOUNT {
        let message = "Amount must be no more than 99999999 minor units.";
        return Err(Problem::invalid(Some("amount_too_large"), "amount", message));
    }
    if currency.exponent() == 3 && amount % 10 != 0 {
        let message = "Amounts in this currency must end in 0.";
        return Err(Problem::invalid(None, "amount", message));
    }
    Ok((amount, code.to_ascii_lowercase()))
}
