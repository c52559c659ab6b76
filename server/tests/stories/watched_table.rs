//! Stories of the table on somebody's share that payments are written into: each new row once,
//! what is half written waited for, what is gone never taken back. Both databases.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::payments_from_files::Scratch;
use crate::support::{On, TestAccount, TestPortal};
use server::imports::{Looked, PaymentSummary, look_at_watched};
use server::work_list;

const MAP: &str = "currency = \"USD\"\ndates = \"year-month-day\"\n[payments]\n\
    source = \"office\"\nreference = \"UserId\"\namount = \"UserBirthday\"\n\
    received_on = \"UserSex\"\naccount = \"UserName\"\ntender = \"cash\"\n";
const HEADER: &str = "UserId,UserName,UserSex,UserBirthday\n";

struct Watched {
    portal: TestPortal,
    account: TestAccount,
    table: Scratch,
    _map: Scratch,
}

impl Watched {
    async fn open(on: On) -> Option<Self> {
        let map = Scratch::of("map.toml", MAP);
        let table = Scratch::of("table.csv", HEADER);
        let path = |scratch: &Scratch| scratch.0.display().to_string();
        let (watched, by) = (path(&table), path(&map));
        let flags = [("watched.path", watched.as_str()), ("watched.map", by.as_str())];
        let portal = TestPortal::open_with(on, &flags).await?;
        let account = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
        Some(Self { portal, account, table, _map: map })
    }

    /// A row as the office writes it into a text.
    fn line(&self, reference: u32, amount: &str) -> String {
        let number = &self.account.id.to_string()[28..];
        format!("{reference},{number},2026-11-20,{amount}\n")
    }

    fn write(&self, content: impl AsRef<[u8]>) {
        std::fs::write(&self.table.0, content).unwrap();
    }

    async fn look(&self) -> Looked {
        look_at_watched(&self.portal.portal).await.unwrap()
    }

    /// A look that finds it changed, and one that finds it standing still.
    async fn two_looks(&self) -> Looked {
        assert_eq!(self.look().await, Looked::Waits("it is being written".into()));
        self.look().await
    }

    async fn taken(&self) -> [u64; 4] {
        match self.two_looks().await {
            Looked::Taken(PaymentSummary { new, known, needs_person, refused, .. }) => {
                [new, known, needs_person, refused]
            }
            other => panic!("{other:?}"),
        }
    }

    async fn left(&self) -> Vec<i64> {
        self.portal.left(&self.account).await
    }

    async fn waiting(&self) -> String {
        work_list::table(&self.portal.portal.db).await.unwrap()
    }

    async fn close(self) {
        self.portal.the_book_is_exact().await;
        self.portal.close().await;
    }
}

async fn each() -> Vec<Watched> {
    let mut each = Vec::new();
    for on in [On::Sqlite, On::Postgres] {
        each.extend(Watched::open(on).await);
    }
    each
}

#[tokio::test]
async fn every_new_row_of_the_watched_table_is_posted_once() {
    for office in each().await {
        office.write([HEADER, &office.line(1, "80.00")].concat());
        assert_eq!(office.taken().await, [1, 0, 0, 0]);
        assert_eq!(office.left().await, [0, 7_500]);
        assert_eq!(office.look().await, Looked::Nothing);

        let both = [HEADER, &office.line(1, "80.00"), &office.line(2, "25.00")].concat();
        office.write(&both);
        assert_eq!(office.taken().await, [1, 1, 0, 0]);
        assert_eq!(office.left().await, [0, 5_000]);

        // The first row is gone: nothing is taken back, and nothing posted again.
        office.write([HEADER, &office.line(2, "25.00")].concat());
        assert_eq!(office.taken().await, [0, 1, 0, 0]);
        office.write(&both);
        assert_eq!(office.taken().await, [0, 2, 0, 0]);
        assert_eq!(office.left().await, [0, 5_000]);
        office.close().await;
    }
}

#[tokio::test]
async fn a_half_written_table_waits_and_one_that_stays_so_is_somebodys_work() {
    for office in each().await {
        let whole = [HEADER, &office.line(1, "80.00")].concat();
        // The last line's cents are still to come.
        office.write(whole.trim_end().trim_end_matches('0').trim_end_matches('.'));
        assert_eq!(office.two_looks().await, Looked::Waits("its last line has no end".into()));
        office.portal.clock.pass_seconds(9 * 60);
        office.look().await;
        assert_eq!(office.waiting().await, "Nothing waits for you.\n");
        office.portal.clock.pass_seconds(60);
        office.look().await;
        assert!(office.waiting().await.contains("The watched table: its last line has no end"));
        assert_eq!(office.left().await, [8_000, 7_500]);

        std::fs::remove_file(&office.table.0).unwrap();
        assert!(matches!(office.look().await, Looked::Waits(_)), "its share is away");
        office.write(&whole);
        assert_eq!(office.taken().await, [1, 0, 0, 0]);
        assert_eq!(office.waiting().await, "Nothing waits for you.\n");
        office.close().await;
    }
}

#[tokio::test]
async fn a_table_that_shrank_to_nothing_is_an_error_and_never_a_deletion() {
    for office in each().await {
        office.write([HEADER, &office.line(1, "80.00")].concat());
        assert_eq!(office.taken().await, [1, 0, 0, 0]);
        office.write(HEADER);
        let why = "it had 1 rows and has none now";
        assert_eq!(office.two_looks().await, Looked::Wrong(why.into()));
        assert!(office.waiting().await.contains(why), "{}", office.waiting().await);
        assert_eq!(office.left().await, [0, 7_500]);
        office.write([HEADER, &office.line(1, "80.00"), &office.line(2, "1.00")].concat());
        assert_eq!(office.taken().await, [1, 1, 0, 0]);
        assert_eq!(office.waiting().await, "Nothing waits for you.\n");
        office.close().await;
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_taken_is_somebodys_work_and_holds_up_no_other() {
    for office in each().await {
        let wrong = "2,,2026-11-31,ten\n";
        office.write([HEADER, &office.line(1, "80.00"), wrong, &office.line(3, "1.00")].concat());
        assert_eq!(office.taken().await, [2, 0, 0, 1]);
        assert!(office.waiting().await.contains("1 of its rows are refused"));
        office.write([HEADER, &office.line(1, "80.00"), &office.line(3, "1.00")].concat());
        assert_eq!(office.taken().await, [0, 2, 0, 0]);
        assert_eq!(office.waiting().await, "Nothing waits for you.\n");
        office.close().await;
    }
}

/// An Access database with these rows in the place of the watched table; false without the peers.
fn write_access(place: &Path, kind: &str, rows: &[String]) -> bool {
    let tools = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let sample = tools.join(".tools/access/sample.mdb");
    let made = Scratch::of(&format!("made.{kind}"), "");
    let written = Command::new(tools.join(".tools/peers/bin/python"))
        .arg(tools.join("tools/peers/access_file.py"))
        .args([&sample, &made.0])
        .args(rows)
        .status();
    let is_made = sample.exists() && written.is_ok_and(|written| written.success());
    if is_made {
        std::fs::copy(&made.0, place).unwrap();
    }
    is_made
}

#[tokio::test]
async fn a_watched_access_table_brings_each_row_to_its_account_once() {
    for office in each().await {
        let number = office.account.id.to_string()[28..].to_owned();
        let row =
            |reference: u32, amount: &str| format!("{reference}|{number}|2026-11-20|{amount}|1");
        let place = &office.table.0;
        if !write_access(place, "mdb", &[row(7, "80.00")]) {
            println!("the peers are not installed: no Access table was watched");
            return;
        }
        assert_eq!(office.taken().await, [1, 0, 0, 0]);
        let rows = [row(7, "80.00"), row(8, "74.99"), row(9, "0.0001")];
        assert!(write_access(place, "accdb", &rows));
        assert_eq!(office.taken().await, [1, 1, 0, 1]);
        assert_eq!(office.left().await, [0, 1]);
        // Somebody's program ended while it wrote: what is left of the file is no table.
        let whole = std::fs::read(place).unwrap();
        office.write(&whole[..whole.len() / 2]);
        assert!(matches!(office.two_looks().await, Looked::Waits(_)));
        assert_eq!(office.left().await, [0, 1]);
        office.close().await;
    }
}
