//! Stories of payments that come in files: matched by exactly what a row names, once however
//! often the file comes, and what names nobody waits for a person. Both databases.

use std::path::PathBuf;

use crate::support::{On, TestAccount, TestPortal};
use server::clock::Chance;
use server::external_payments::{MatchError, match_money};
use server::imports::{FileMap, ImportArgs, PaymentMap, PaymentSummary, run_payments};
use server::work_list;

const MAP: &str = "currency = \"USD\"\ndates = \"year-month-day\"\n[payments]\n\
    source = \"cashier\"\nreference = \"reference\"\namount = \"amount\"\n\
    received_on = \"paid\"\naccount = \"account\"\nbill_number = \"bill\"\n\
    [payments.tenders]\ncolumn = \"how\"\nwords = { Cash = \"cash\", Check = \"cheque\" }\n";

/// A file of a story, gone with it.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn of(name: &str, content: impl AsRef<[u8]>) -> Self {
        let mut bytes = [0; 8];
        server::clock::SystemChance.fill(&mut bytes);
        let path = std::env::temp_dir().join(format!("paydown_{}_{name}", hex::encode(bytes)));
        std::fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Rows of account, bill, amount, day, reference and tender.
fn file(rows: &[[&str; 6]]) -> Scratch {
    let rows: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
    let text = format!("account,bill,amount,paid,reference,how\n{}\n", rows.join("\n"));
    Scratch::of("payments.csv", text)
}

fn map(text: &str) -> PaymentMap {
    match FileMap::parse(text).unwrap() {
        FileMap::Payments(map) => map,
        FileMap::Bills(_) => panic!("a map of bills"),
    }
}

async fn import(portal: &TestPortal, file: &Scratch, dry_run: bool) -> PaymentSummary {
    let args = ImportArgs {
        file: file.0.clone(),
        map: String::new(),
        dry_run,
        as_of: None,
        currency: None,
    };
    run_payments(&portal.portal, &args, &map(MAP)).await.unwrap()
}

fn number(account: &TestAccount) -> String {
    account.id.to_string()[28..].to_owned()
}

async fn count(portal: &TestPortal, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(portal.portal.db.read()).await.unwrap()
}

const PAYMENTS: &str = "select count(*) from payment";
const WAITING: &str = "select count(*) from work_item where done_at is null";

fn counts(summary: &PaymentSummary) -> [u64; 5] {
    [summary.rows, summary.new, summary.known, summary.needs_person, summary.refused]
}

stories! {
    async fn a_file_of_payments_is_matched_exactly_once_and_the_rest_waits_for_a_person(
        portal: TestPortal
    ) {
        let bills = [("2026-09-15", 8_000), ("2026-10-15", 7_500)];
        let (first, second) = (portal.account(&bills).await, portal.account(&bills).await);
        let bill = |account: &TestAccount, at: usize| {
            format!("B-{}", &account.bills[at].to_string()[29..])
        };
        let (one, two) = (number(&first), number(&second));
        let (late, theirs) = (bill(&second, 1), bill(&first, 0));
        let file = file(&[
            [&one, "", "100.00", "2026-11-20", "1", "Cash"],
            ["", &late, "75.00", "2026-11-20", "2", "Check"],
            [&two, &late, "10.00", "2026-11-21", "3", "Check"],
            ["nobody", "", "5.00", "2026-11-21", "4", "Cash"],
            [&two, &theirs, "6.00", "2026-11-21", "5", "Cash"],
            ["", "", "7.00", "2026-11-21", "6", "Cash"],
            ["", "no-such-bill", "8.00", "2026-11-21", "7", "Cash"],
            [&one, "", "0.00", "2026-11-21", "8", "Cash"],
            [&one, "", "1.0055", "2026-11-31", "9", "Gold"],
            [&one, "", "1.00", "2026-11-23", "10", "Cash"],
            [&one, "", "100.00", "2026-11-20", "1", "Cash"],
            ["4242 4242 4242 4242", "", "1.00", "2026-11-20", "11", "Cash"],
        ]);
        let dry = import(portal, &file, true).await;
        assert_eq!((count(portal, PAYMENTS).await, count(portal, WAITING).await), (0, 0));
        let done = import(portal, &file, false).await;
        assert_eq!(PaymentSummary { dry_run: true, ..done.clone() }, dry);
        assert_eq!(counts(&done), [12, 3, 0, 4, 5]);
        assert_eq!(done.reasons, [
            "row 5 waits for a person: it names an account that is not here",
            "row 6 waits for a person: the account it names has no bill of the number it names",
            "row 7 waits for a person: it names no account and no bill",
            "row 8 waits for a person: it names a bill that is not here",
            "row 9 is refused: amount: is nothing",
            "row 10 is refused: amount: \"1.0055\" has more than the 2 decimals of USD; paid: \
             \"2026-11-31\" is no day of the form year-month-day; how: \"Gold\" is none of: Cash, \
             Check",
            "row 11 is refused: paid: is after today",
            "row 12 is refused: reference: stands in an earlier row already",
            "row 13 is refused: account: looks like the number of a card",
        ]);
        // By the order, and to the bill that was named though an older one is open. What is over
        // there follows the order.
        assert_eq!(portal.left(&first).await, [0, 5_500]);
        assert_eq!(portal.left(&second).await, [7_000, 0]);
        assert_eq!(count(portal, "select count(*) from receipt").await, 3);
        assert_eq!(count(portal, "select count(*) from outbox where kind = 'mail'").await, 0);
        assert_eq!(count(portal, WAITING).await, 4);
        portal.the_book_is_exact().await;

        let again = import(portal, &file, false).await;
        assert_eq!(counts(&again), [12, 0, 3, 4, 5]);
        assert_eq!((count(portal, PAYMENTS).await, count(portal, WAITING).await), (3, 4));
    }

    async fn money_of_a_file_is_posted_once_a_person_says_whose_it_is(portal: TestPortal) {
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        let file = file(&[["A-17", "", "80.00", "2026-11-20", "77", "Cash"]]);
        assert_eq!(counts(&import(portal, &file, false).await), [1, 0, 0, 1, 0]);
        let listed = work_list::table(&portal.portal.db).await.unwrap();
        assert!(listed.contains("paydown match cashier/77 ACCOUNT"), "{listed}");

        let whose = number(&account);
        match_money(&portal.portal, ("cashier/77", &whose), "operator").await.unwrap();
        assert_eq!(portal.left(&account).await, [0]);
        let again = match_money(&portal.portal, ("cashier/77", &whose), "operator").await.unwrap_err();
        assert!(matches!(again, MatchError::Refused("it is posted already")), "{again:?}");
        assert_eq!(counts(&import(portal, &file, false).await), [1, 0, 1, 0, 0]);
        assert_eq!((count(portal, PAYMENTS).await, count(portal, WAITING).await), (1, 0));
        portal.the_book_is_exact().await;
    }

    async fn a_row_that_waited_is_posted_when_its_account_is_there(portal: TestPortal) {
        let bill = "B-LATER";
        let later = file(&[["", bill, "80.00", "2026-11-20", "78", "Cash"]]);
        assert_eq!(counts(&import(portal, &later, false).await), [1, 0, 0, 1, 0]);
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        let rename = "update bill set number = 'B-LATER'";
        sqlx::query(rename).execute(portal.portal.db.read()).await.unwrap();
        assert_eq!(counts(&import(portal, &later, false).await), [1, 1, 0, 0, 0]);
        assert_eq!(portal.left(&account).await, [0]);
        assert_eq!(count(portal, WAITING).await, 0);

        let other = file(&[["", bill, "80.01", "2026-11-20", "78", "Cash"]]);
        let refused = import(portal, &other, false).await;
        let why = "row 2 is refused: it is known with $80.00 of 2026-11-20, here it is $80.01 of \
                   2026-11-20";
        assert_eq!(refused.reasons, [why]);
        portal.the_book_is_exact().await;
    }
}

#[test]
fn a_wrong_map_of_payments_is_refused_in_words() {
    let cases = [
        (MAP.replace("source = \"cashier\"", "source = \"two words\""), "payments.source"),
        (
            MAP.replace("account = \"account\"\nbill_number = \"bill\"\n", ""),
            "account, bill_number",
        ),
        (MAP.replace("\"cheque\"", "\"gold\""), "gold"),
        (MAP.replace("amount = \"amount\"", "tender = \"cash\"\namount = \"amount\""), "tender"),
        (MAP.replace("[payments]", "[payments]\ncolour = 1"), "colour"),
        (MAP.split("[payments]").next().unwrap().to_owned(), "either columns"),
    ];
    for (text, expected) in cases {
        let why = FileMap::parse(&text).unwrap_err();
        assert!(why.contains(expected), "{expected:?} in {why}");
    }
}
