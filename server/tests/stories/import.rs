//! Importing bills from a file: the public sample to the cent, the same file twice, and every
//! way a file can be wrong.

use crate::support::databases;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::support::databases::{FixedClock, assert_sound, each_engine, number, settings};
use server::clock::SystemChance;
use server::db::Database;
use server::imports::{self, ImportArgs, ImportError, Summary};
use sqlx::Row;

/// The first row of the sample's columns.
const HEADER: &str = "countryCode,customerID,PaperlessDate,invoiceNumber,InvoiceDate,DueDate,\
    InvoiceAmount,Disputed,SettledDate,PaperlessBill,DaysToSettle,DaysLate";

fn public_sample() -> Option<PathBuf> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/accounts-receivable.csv");
    if !path.exists() {
        eprintln!("the public sample is not there: {}", path.display());
        return None;
    }
    Some(path)
}

async fn import_with(db: &Database, args: &ImportArgs) -> Result<Summary, ImportError> {
    let (_, zone) = settings();
    let clock = FixedClock::at("2026-11-22T15:00:00Z");
    imports::run(args, db, &zone, &clock, Arc::new(SystemChance)).await
}

fn args(file: &Path) -> ImportArgs {
    ImportArgs {
        file: file.to_owned(),
        map: "accounts-receivable".to_owned(),
        dry_run: false,
        as_of: Some("2013-06-30".parse().unwrap()),
        currency: None,
    }
}

/// A file of this content in a folder of its own, gone with it.
struct TestFile(PathBuf);

impl TestFile {
    fn of(content: impl AsRef<[u8]>) -> Self {
        let mut bytes = [0; 8];
        server::clock::Chance::fill(&SystemChance, &mut bytes);
        let name = format!("paydown_import_{}.csv", hex::encode(bytes));
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Rows of the sample's form: customer, number, issued, due, amount, disputed, settled.
fn file(rows: &[[&str; 7]]) -> TestFile {
    let mut text = HEADER.to_owned();
    for [customer, number, issued, due, amount, disputed, settled] in rows {
        text.push_str(&format!(
            "\n391,{customer},1/1/2012,{number},{issued},{due},{amount},{disputed},{settled},\
             Paper,1,0"
        ));
    }
    TestFile::of(text)
}

const GOOD: [&str; 7] = ["0379-NEVHP", "611365", "1/2/2013", "2/1/2013", "55.94", "No", ""];

async fn refusal(file: &TestFile) -> String {
    let fresh = databases::sqlite().await;
    let refused = import_with(&fresh.db, &args(&file.0)).await.unwrap_err();
    assert!(matches!(refused, ImportError::Refused(..)), "{refused}");
    assert_eq!(number(&fresh.db, "select count(*) from account").await, 0);
    refused.to_string()
}

async fn everything(db: &Database) -> Vec<i64> {
    let mut counts = Vec::new();
    for sql in [
        "select count(*) from customer",
        "select count(*) from account",
        "select count(*) from bill",
        "select count(*) from posting",
        "select count(*) from entry",
        "select count(*) from application",
        "select count(*) from payment",
        "select cast(sum(version) as bigint) from account",
    ] {
        counts.push(number(db, sql).await);
    }
    counts
}

fn day(text: &str) -> (i32, i32, i32) {
    let mut parts = text.split('/').map(|part| part.parse().unwrap());
    let (month, day) = (parts.next().unwrap(), parts.next().unwrap());
    (parts.next().unwrap(), month, day)
}

fn cents(text: &str) -> i64 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<2}").parse().unwrap()
}

/// Open per customer on 30 June 2013, worked out from the file by other means than the import's.
fn open_by_customer(sample: &str) -> BTreeMap<String, (i64, i64)> {
    let mut open = BTreeMap::new();
    for line in sample.lines().skip(1).filter(|line| !line.is_empty()) {
        let cells: Vec<&str> = line.trim_end().split(',').collect();
        if day(cells[4]) > (2013, 6, 30) {
            continue;
        }
        let sums: &mut (i64, i64) = open.entry(cells[1].to_owned()).or_default();
        if day(cells[8]) > (2013, 6, 30) {
            let sum = if cells[7] == "Yes" { &mut sums.1 } else { &mut sums.0 };
            *sum += cents(cells[6]);
        }
    }
    open
}

#[tokio::test]
async fn the_public_sample_is_open_to_the_cent_as_an_independent_count_has_it() {
    let Some(sample) = public_sample() else { return };
    let expected = open_by_customer(&std::fs::read_to_string(&sample).unwrap());
    for fresh in each_engine().await {
        let db = &fresh.db;
        let dry = import_with(db, &ImportArgs { dry_run: true, ..args(&sample) }).await.unwrap();
        assert_eq!(number(db, "select count(*) from bill").await, 0, "a dry run writes nothing");
        let done = import_with(db, &args(&sample)).await.unwrap();
        assert_eq!(Summary { dry_run: true, ..done.clone() }, dry);
        assert_eq!((done.rows, done.new_bills, done.not_yet_issued), (2_466, 1_930, 536));
        assert_eq!((done.paid, done.on_hold), (1_846, 27));
        assert_eq!(done.new_accounts, expected.len());
        let rows = sqlx::query(
            "select a.number,
               cast(sum(case when standing = 'issued' then open_amount else 0 end) as bigint)
                 as owed,
               cast(sum(case when standing = 'in_dispute' then open_amount else 0 end) as bigint)
                 as on_hold
             from account a join bill b on b.account_id = a.id group by a.number",
        );
        let mut found = BTreeMap::new();
        for row in rows.fetch_all(db.read()).await.unwrap() {
            let sums = (row.get::<i64, _>("owed"), row.get::<i64, _>("on_hold"));
            found.insert(row.get::<String, _>("number"), sums);
        }
        assert_eq!(found, expected);
        assert_sound(db).await;

        let before = everything(db).await;
        let again = import_with(db, &args(&sample)).await.unwrap();
        assert_eq!((again.new_bills, again.already_known), (0, 1_930));
        assert_eq!(everything(db).await, before, "the same file again changes nothing");
    }
}

#[tokio::test]
async fn the_whole_sample_has_2466_bills_of_100_accounts_all_of_them_paid_in_the_end() {
    let Some(sample) = public_sample() else { return };
    let fresh = databases::sqlite().await;
    let june = import_with(&fresh.db, &args(&sample)).await.unwrap();
    let later = ImportArgs { as_of: None, ..args(&sample) };
    let rest = import_with(&fresh.db, &later).await.unwrap();
    assert_eq!(june.new_bills + rest.new_bills, 2_466);
    assert_eq!(rest.settled_since, 1_930 - 1_846, "what was open in June has been paid since");
    assert_eq!(number(&fresh.db, "select count(*) from account").await, 100);
    assert_eq!(number(&fresh.db, "select count(*) from bill").await, 2_466);
    assert_eq!(number(&fresh.db, "select count(*) from bill where open_amount > 0").await, 0);
    let on_hold = "select count(*) from bill where standing <> 'issued'";
    assert_eq!(number(&fresh.db, on_hold).await, 0);
    assert_sound(&fresh.db).await;
}

#[tokio::test]
async fn nothing_is_imported_into_a_broken_book() {
    for fresh in each_engine().await {
        let known = file(&[GOOD]);
        import_with(&fresh.db, &args(&known.0)).await.unwrap();
        let more =
            file(&[GOOD, ["9149-MATVB", "9900330", "2/7/2013", "3/9/2013", "41.01", "No", ""]]);
        let change = async |sql: &'static str| {
            sqlx::query(sql).execute(fresh.db.read()).await.unwrap();
        };
        change("update account set credit = credit + 1").await;
        let before = everything(&fresh.db).await;
        let refused = import_with(&fresh.db, &args(&more.0)).await.unwrap_err();
        assert!(matches!(refused, ImportError::BookBroken(_)), "{refused}");
        assert_eq!(everything(&fresh.db).await, before);
        change("update account set credit = credit - 1").await;
        assert_eq!(import_with(&fresh.db, &args(&more.0)).await.unwrap().new_bills, 1);
    }
}

#[tokio::test]
async fn one_changed_row_refuses_the_whole_second_import() {
    let first = file(&[GOOD]);
    let mut changed = GOOD;
    changed[4] = "55.95";
    let second = file(&[["0001-AAAAA", "1", "1/2/2013", "2/1/2013", "1.00", "No", ""], changed]);
    for fresh in each_engine().await {
        import_with(&fresh.db, &args(&first.0)).await.unwrap();
        let before = everything(&fresh.db).await;
        let refused = import_with(&fresh.db, &args(&second.0)).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "row 3, InvoiceAmount: bill 611365 is known with $55.94, here it is $55.95\n\
             Nothing was imported: 1 problem."
        );
        assert_eq!(everything(&fresh.db).await, before);
    }
}

#[tokio::test]
async fn a_bill_paid_elsewhere_since_the_last_import_is_settled_once_and_its_hold_released() {
    let mut disputed = GOOD;
    disputed[5] = "Yes";
    let mut settled = disputed;
    settled[6] = "3/1/2013";
    let (first, second) = (file(&[disputed]), file(&[settled]));
    for fresh in each_engine().await {
        let db = &fresh.db;
        assert_eq!(import_with(db, &args(&first.0)).await.unwrap().on_hold, 1);
        let held = "select count(*) from bill where standing = 'in_dispute' and open_amount = 5594";
        assert_eq!(number(db, held).await, 1);
        assert_eq!(import_with(db, &args(&second.0)).await.unwrap().settled_since, 1);
        let paid = "select count(*) from bill where standing = 'issued' and open_amount = 0
            and settled_on = '2013-03-01'";
        assert_eq!(number(db, paid).await, 1);
        assert_eq!(import_with(db, &args(&second.0)).await.unwrap().already_known, 1);
        assert_sound(db).await;
    }
}

#[tokio::test]
async fn every_problem_of_a_file_is_listed_by_row_and_column() {
    let rows = [
        GOOD,
        ["", "2", "1/2/2013", "2/1/2013", "1.00", "No", ""],
        ["A", "3", "13/2/2013", "2/30/2013", "1.00", "Perhaps", "soon"],
        ["A", "4", "1/2/2013", "1/1/2013", "-1.00", "No", ""],
        ["A", "5", "1/2/2013", "", "1.0055", "No", ""],
        ["A", "6", "1/2/2013", "", "1e3", "No", ""],
        ["A", "7", "1/2/2013", "", "€5.00", "No", ""],
        ["A", "8", "1/2/2013", "", "ten", "No", ""],
        ["A", "9", "1/2/2013", "", "", "No", ""],
        ["A", "10", "1/2/2013", "", "9999999999999999.00", "No", ""],
        ["a b", "11", "1/2/2013", "", "1.00", "No", ""],
        ["0379-nevhp", "12", "1/2/2013", "", "1.00", "No", ""],
        GOOD,
    ];
    let refused = refusal(&file(&rows)).await;
    let expected = [
        "row 3, customerID: is empty",
        "row 4, Disputed: \"Perhaps\" is neither Yes nor No",
        "row 4, DueDate: \"2/30/2013\" is no day of the form month/day/year",
        "row 4, InvoiceDate: \"13/2/2013\" is no day of the form month/day/year",
        "row 4, SettledDate: \"soon\" is no day of the form month/day/year",
        "row 5, DueDate: is before the day of issue",
        "row 5, InvoiceAmount: \"-1.00\" has a sign; credit notes and negative amounts are not \
         imported",
        "row 6, InvoiceAmount: \"1.0055\" has more than the 2 decimals of USD",
        "row 7, InvoiceAmount: \"1e3\" is written with an exponent",
        "row 8, InvoiceAmount: \"€5.00\" is not in USD",
        "row 9, InvoiceAmount: \"ten\" is not a number",
        "row 10, InvoiceAmount: is empty",
        "row 11, InvoiceAmount: is more than can be billed",
        "row 12, customerID: \"a b@customers.example\" is no mail address",
        "row 13, customerID: makes the same mail address as the customer in row 2",
        "row 14, invoiceNumber: 611365 stands in row 2 already",
        "Nothing was imported: 16 problems.",
    ];
    assert_eq!(refused.lines().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_refused_in_words() {
    let good = std::fs::read_to_string(&file(&[GOOD]).0).unwrap();
    let latin = [good.replace("Paper", "Papi").as_bytes(), b"\xe9"].concat();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (Vec::new(), "the file is empty"),
        (b"\xff\xfec\0o\0".to_vec(), "the file is in UTF-16"),
        (good.replace(',', ";").into_bytes(), "separated by semicolons"),
        (
            good.replace("InvoiceAmount", "Amount").into_bytes(),
            "the column InvoiceAmount is missing",
        ),
        (good.replace("DaysLate", "DueDate").into_bytes(), "DueDate stands there more than once"),
        (good.replace("611365", "\"611365").into_bytes(), "row 2: a quotation mark is opened here"),
        (good.replace("611365", "611\"365").into_bytes(), "row 2: a quotation mark stands inside"),
        (good.replace("611365", "\"611\"365").into_bytes(), "row 2: a quoted value goes on after"),
        (good.replace(",Paper,", ",").into_bytes(), "row 2: has 11 columns, and the header has 12"),
        (latin, "row 2: a character is not UTF-8; if the file is in Latin-1"),
        (good.replace("0379-NEVHP", "0379\u{7}").into_bytes(), "cannot be shown"),
    ];
    for (content, expected) in cases {
        let refused = refusal(&TestFile::of(content)).await;
        assert!(refused.contains(expected), "{expected:?} in {refused}");
    }
}

#[tokio::test]
async fn a_byte_order_mark_line_ends_and_quotes_make_no_difference() {
    let good = std::fs::read_to_string(&file(&[GOOD]).0).unwrap();
    let fresh = databases::sqlite().await;
    assert_eq!(import_with(&fresh.db, &args(&file(&[GOOD]).0)).await.unwrap().new_bills, 1);
    for same in [
        format!("\u{feff}{good}"),
        good.replace('\n', "\r\n"),
        format!("{good}\n\n"),
        good.replace("611365", "\"611365\"").replace("55.94", "\"$55.94\""),
        good.replace("55.94", " 55.94 "),
    ] {
        let again = import_with(&fresh.db, &args(&TestFile::of(&same).0)).await.unwrap();
        assert_eq!(again.already_known, 1, "{same:?}");
    }
}

#[tokio::test]
async fn another_map_reads_semicolons_commas_and_latin_1() {
    let map = TestFile::of(
        "currency = \"EUR\"\ndates = \"day.month.year\"\ndecimal_mark = \",\"\n\
         delimiter = \";\"\nencoding = \"latin-1\"\n[columns]\ncustomer = \"Kunde\"\n\
         customer_name = \"Name\"\nemail = \"Mail\"\nbill_number = \"Nummer\"\n\
         issued_on = \"Datum\"\namount = \"Betrag\"\n",
    );
    let content = b"Kunde;Name;Mail;Nummer;Datum;Betrag\n\
        7;J\xfcrgen Ma\xdf;Juergen@Example.org;R-1;31.01.2013;1.234,50\n\
        7;J\xfcrgen Ma\xdf;juergen@example.org;R-2;28.02.2013;7\n";
    let file = TestFile::of(content);
    let fresh = databases::sqlite().await;
    let with = ImportArgs { map: map.0.display().to_string(), ..args(&file.0) };
    let done = import_with(&fresh.db, &with).await.unwrap();
    assert_eq!((done.new_accounts, done.new_bills), (1, 2));
    let sql = "select a.name, a.currency, c.email, cast(sum(b.total) as bigint) as total
        from account a join bill b on b.account_id = a.id
        join account_customer ac on ac.account_id = a.id join customer c on c.id = ac.customer_id
        group by a.name, a.currency, c.email";
    let row = sqlx::query(sql).fetch_one(fresh.db.read()).await.unwrap();
    assert_eq!(row.get::<String, _>("name"), "Jürgen Maß");
    assert_eq!(row.get::<String, _>("email"), "juergen@example.org");
    assert_eq!(row.get::<i64, _>("total"), 124_150);
    assert_eq!(row.get::<String, _>("currency"), "EUR");

    let in_yen = ImportArgs { currency: Some("USD".parse().unwrap()), ..with };
    let refused = import_with(&fresh.db, &in_yen).await.unwrap_err().to_string();
    assert!(refused.contains("row 2, Kunde: the account is kept in EUR, not in USD"), "{refused}");
}
