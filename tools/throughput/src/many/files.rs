//! The files: ten bills an account, month by month as billing programs write them, so that the
//! rows of one account stand far apart.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::Outcome;

pub const BILLS_AN_ACCOUNT: usize = 10;

const MAP_OF_BILLS: &str = r#"
dates = "year-month-day"
decimal_mark = "."
delimiter = ","

[columns]
customer = "customer"
customer_name = "name"
email = "email"
bill_number = "bill"
issued_on = "issued"
due_on = "due"
amount = "amount"
"#;

const MAP_OF_PAYMENTS: &str = r#"
dates = "year-month-day"
decimal_mark = "."
delimiter = ","

[payments]
source = "cashier"
reference = "reference"
amount = "amount"
received_on = "received"
account_or_bill = "for"
tender = "cheque"
"#;

const GIVEN: [&str; 10] =
    ["Ada", "Ben", "Clara", "Dan", "Eva", "Finn", "Grace", "Hugo", "Ida", "Jon"];
const FAMILY: [&str; 20] = [
    "Abbott", "Baker", "Carter", "Dawson", "Ellis", "Foster", "Garner", "Hughes", "Irving",
    "Jensen", "Keller", "Lawson", "Miller", "Norton", "Osborne", "Parker", "Quinn", "Rogers",
    "Sutton", "Turner",
];

pub fn number(account: usize) -> String {
    format!("C{account:07}")
}

/// Some thousands of accounts share a family name, and few a whole one.
pub fn name(account: usize) -> String {
    let given = GIVEN[account % GIVEN.len()];
    let family = FAMILY[account / GIVEN.len() % FAMILY.len()];
    format!("{given} {family} {}", account / 200)
}

pub fn email(account: usize) -> String {
    format!("payer-{account}@customers.example")
}

pub fn bill(at: usize) -> String {
    format!("B{at:08}")
}

/// In cents; each sum is on some twenty bills of a million.
pub const fn amount(at: usize) -> usize {
    500 + at.wrapping_mul(7_919) % 50_000
}

pub fn of_bills(folder: &Path, bills: usize) -> Outcome<(PathBuf, PathBuf)> {
    let (path, map) = (folder.join("bills.csv"), folder.join("bills.toml"));
    std::fs::write(&map, MAP_OF_BILLS)?;
    let mut file = BufWriter::new(File::create(&path)?);
    writeln!(file, "customer,name,email,bill,issued,due,amount")?;
    let accounts = bills.div_ceil(BILLS_AN_ACCOUNT);
    for at in 0..bills {
        let (account, month) = (at % accounts, at / accounts);
        let (number, name, email) = (number(account), name(account), email(account));
        let (bill, cents) = (bill(at), amount(at));
        let (issued, due) = (month % 12 + 1, (month + 1) % 12 + 1);
        let late = 2025 + usize::from(due == 1);
        writeln!(
            file,
            "{number},{name},{email},{bill},2025-{issued:02}-10,{late}-{due:02}-01,{}.{:02}",
            cents / 100,
            cents % 100
        )?;
    }
    file.flush()?;
    Ok((path, map))
}

/// Every fourth account's first bill, most of them whole; every twentieth is for nobody we know.
pub fn of_payments(folder: &Path, payments: usize) -> Outcome<(PathBuf, PathBuf)> {
    let (path, map) = (folder.join("payments.csv"), folder.join("payments.toml"));
    std::fs::write(&map, MAP_OF_PAYMENTS)?;
    let mut file = BufWriter::new(File::create(&path)?);
    writeln!(file, "reference,amount,received,for")?;
    for n in 0..payments {
        let at = n * 4;
        let cents = amount(at) - n % 3;
        let target = if n % 20 == 19 { format!("somebody {n}") } else { bill(at) };
        writeln!(file, "T-{n},{}.{:02},2026-02-01,{target}", cents / 100, cents % 100)?;
    }
    file.flush()?;
    Ok((path, map))
}
