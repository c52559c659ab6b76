//! What SQLite can take in at most: the rows of issued bills and their accounts by the rooms' own
//! statements, one after the other on one connection, with nothing read and nothing worked out.

use std::time::Instant;

use receivables::ids::{AccountId, BillId, CustomerId, PostingId};
use rusqlite::{Connection, params};
use server::db::Engine;

use super::files::{BILLS_AN_ACCOUNT, amount, bill, email, name, number};
use crate::Outcome;
use crate::figures::Rounds;
use crate::limit;
use crate::rows::find_text;
use crate::stage::Stage;

const BILLS_A_COMMIT: usize = 500;
/// Words by which an account is found, as many as the portal writes for these names.
const WORDS: i64 = 7;

struct Texts {
    account: &'static str,
    customer: &'static str,
    link: &'static str,
    word: &'static str,
    bill: &'static str,
    line: &'static str,
    posting: &'static str,
    entry: &'static str,
    act: &'static str,
}

impl Texts {
    fn new() -> Outcome<Self> {
        let find = |start| find_text(Engine::Sqlite, start, 1);
        Ok(Self {
            account: find("insert into account (")?,
            customer: find("insert into customer (")?,
            link: find("insert into account_customer")?,
            word: find("insert into account_word")?,
            bill: find("insert into bill (")?,
            line: find("insert into bill_line")?,
            posting: find("insert into posting")?,
            entry: find("insert into entry")?,
            act: find("insert into audit_act")?,
        })
    }
}

/// Inserts so many bills, ten an account.
pub fn insert(stage: &Stage, bills: usize) -> Outcome<Rounds> {
    let (texts, connection) = (Texts::new()?, limit::bare_connection(stage)?);
    let began = Instant::now();
    let accounts = bills.div_ceil(BILLS_AN_ACCOUNT);
    let mut ids = Vec::with_capacity(accounts);
    for first in (0..bills).step_by(BILLS_A_COMMIT) {
        connection.execute_batch("begin immediate")?;
        for at in first..bills.min(first + BILLS_A_COMMIT) {
            if at < accounts {
                ids.push(insert_account(stage, &texts, &connection, at)?);
            }
            insert_bill(stage, &texts, &connection, (at, &ids[at % accounts]))?;
        }
        connection.execute_batch("commit")?;
    }
    Ok(super::once(bills, began.elapsed()))
}

fn insert_account(
    stage: &Stage,
    texts: &Texts,
    connection: &Connection,
    at: usize,
) -> Outcome<String> {
    let portal = &stage.portal;
    let (ms, chance) = portal.id_parts();
    let id = AccountId::from_parts(ms, &chance).to_string();
    let customer = CustomerId::from_parts(ms, &chance).to_string();
    let run = |text: &str, values: &[&dyn rusqlite::ToSql]| {
        connection.prepare_cached(text)?.execute(values)
    };
    run(texts.account, params![id, number(at), name(at), "USD"])?;
    run(texts.customer, params![customer, email(at), name(at), portal.now().0])?;
    run(texts.link, params![email(at), id])?;
    for word in 0..WORDS {
        let spread = i64::try_from(at)?.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64.cast_signed());
        run(texts.word, params![id, spread.wrapping_add(word << 40).wrapping_abs()])?;
    }
    Ok(id)
}

fn insert_bill(
    stage: &Stage,
    texts: &Texts,
    connection: &Connection,
    (at, account): (usize, &str),
) -> Outcome {
    let portal = &stage.portal;
    let (ms, chance) = portal.id_parts();
    let id = BillId::from_parts(ms, &chance).to_string();
    let posting = PostingId::from_parts(ms, &chance).to_string();
    let (now, none) = (portal.now().0, None::<String>);
    let cents = i64::try_from(amount(at))?;
    let (number, digest) = (bill(at), "0".repeat(64));
    let run = |text: &str, values: &[&dyn rusqlite::ToSql]| {
        connection.prepare_cached(text)?.execute(values)
    };
    let (on, due) = ("2025-06-10", "2025-07-01");
    run(
        texts.bill,
        params![
            id, account, number, none, none, on, due, cents, cents, "issued", none, "any", none
        ],
    )?;
    let words = format!("Bill {number}");
    run(texts.line, params![id, 1, words, "1", cents, 0, "0", 0, cents])?;
    run(texts.posting, params![posting, account, "bill_issued", "bill", id, none, none, on, now])?;
    for (line, book, amount) in [(1, "receivable", cents), (2, "income", -cents)] {
        run(texts.entry, params![posting, line, account, book, id, "USD", amount])?;
    }
    run(texts.act, params![posting, "bill_issued", "bill", id, account, now, none, digest])?;
    Ok(())
}
