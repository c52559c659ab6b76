//! Every kind of file, read as it came from the programs that write it.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::imports::map::{DecimalMark, Encoding};

const WANTED: [&str; 5] = ["account", "paid", "amount", "reference", "cleared"];

/// A file of its own, gone with it.
pub(super) struct Scratch(pub PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let (process, made) = (std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(format!("paydown_{process}_{made}_{name}")))
    }

    pub fn of(name: &str, content: &[u8]) -> Self {
        let scratch = Self::new(name);
        std::fs::write(&scratch.0, content).unwrap();
        scratch
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

pub(super) fn form(table: Option<&str>) -> FileForm {
    FileForm {
        dates: "year-month-day".to_owned().try_into().unwrap(),
        decimal_mark: DecimalMark::Dot,
        delimiter: ',',
        encoding: Encoding::Utf8,
        table: table.map(str::to_owned),
    }
}

fn records(
    path: &Path,
    form: &FileForm,
    wanted: &[&str],
) -> Result<Vec<(u64, Vec<String>)>, Vec<FileProblem>> {
    let mut rows = Vec::new();
    read(path, form, wanted, &mut |found| {
        let record = found.unwrap();
        let words = |cell: &Cell| match cell {
            Cell::Text(text) => format!("text {text}"),
            Cell::Number(digits) => format!("number {digits}"),
            Cell::Day(day) => format!("day {day}"),
        };
        rows.push((record.row, record.cells.iter().map(words).collect()));
        ControlFlow::Continue(())
    })?;
    Ok(rows)
}

fn refusal(path: &Path, form: &FileForm, wanted: &[&str]) -> String {
    let problems = records(path, form, wanted).unwrap_err();
    problems.iter().map(FileProblem::to_string).collect::<Vec<_>>().join("\n")
}

/// The file as a package writes it that many programs use; `None` without that package.
fn by_package(name: &str) -> Option<Scratch> {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let python = tools.join(".tools/peers/bin/python");
    let scratch = Scratch::new(name);
    let script = tools.join("tools/peers/spreadsheet.py");
    let made = Command::new(python).arg(script).arg(&scratch.0).status();
    if !made.is_ok_and(|made| made.success()) {
        println!("the peers are not installed: spreadsheets were not read");
        return None;
    }
    Some(scratch)
}

#[test]
fn an_xlsx_file_and_an_ods_file_give_the_rows_their_package_wrote() {
    for name in ["rows.xlsx", "rows.ods"] {
        let Some(file) = by_package(name) else { return };
        let rows = records(&file.0, &form(None), &WANTED).unwrap();
        let text = |row: &(u64, Vec<String>)| (row.0, row.1.join(" | "));
        assert_eq!(
            rows.iter().map(text).collect::<Vec<_>>(),
            [
                (3, "text A-100 | day 2026-11-20 | number 55.94 | number 4711 | text TRUE".into()),
                (
                    4,
                    "text Ä-200 | text 2026-11-21 | text 1,234.50 | text 00042 | text FALSE".into()
                ),
                (6, "number 300 | day 2026-11-22 | number 55.945 | text R-3 | text ".into()),
            ],
            "{name}"
        );
        let second = records(&file.0, &form(Some("Second")), &["only"]).unwrap();
        assert_eq!(second, [(2, vec!["text here".to_owned()])], "{name}");
        let why = refusal(&file.0, &form(Some("Third")), &WANTED);
        assert_eq!(why, "the sheet Third is missing; there are: First, Second", "{name}");
        let why = refusal(&file.0, &form(None), &["Amount"]);
        assert!(why.contains("the column Amount is missing"), "{why}");
        assert!(why.contains("account, paid, amount, reference, cleared"), "{why}");
        let why = refusal(&file.0, &form(Some("Empty")), &WANTED);
        assert!(why.contains("the sheet Empty is missing"), "{why}");
    }
}

/// An Access database with these rows; `None` without the sample it is made out of.
fn access_file(name: &str, rows: &[&str]) -> Option<Scratch> {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let scratch = Scratch::new(name);
    let sample = tools.join(".tools/access/sample.mdb");
    let made = Command::new(tools.join(".tools/peers/bin/python"))
        .arg(tools.join("tools/peers/access_file.py"))
        .args([&sample, &scratch.0])
        .args(rows)
        .status();
    if !sample.exists() || !made.is_ok_and(|made| made.success()) {
        println!("the peers are not installed: Access databases were not read");
        return None;
    }
    Some(scratch)
}

fn kind_of(cell: &str) -> &str {
    cell.split(' ').next().unwrap()
}

/// What Debian's mdbtools read in a table, a line a row.
fn by_mdb_export(file: &Path, table: &str) -> Vec<String> {
    let export = ["-H", "-Q", "-d", "|", "-D", "%Y-%m-%d", "-T", "%Y-%m-%d"];
    let read = Command::new("mdb-export").args(export).arg(file).arg(table).output().unwrap();
    String::from_utf8(read.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn an_access_table_gives_the_rows_that_mdb_export_reads_in_it() {
    let rows = [
        "7|A-100|2026-11-20|55.94|1",
        "8|B-200|2026-11-21|1234.5|0",
        "9|C 300|2026-11-22|0.0001|1",
        "2147483647|D|2026-11-23|922337203685477.5807|0",
    ];
    let columns = ["UserId", "UserName", "UserSex", "UserBirthday", "UserMarried"];
    for name in ["rows.mdb", "rows.accdb"] {
        let Some(file) = access_file(name, &rows) else { return };
        let found = records(&file.0, &form(None), &columns).unwrap();
        for (_, cells) in &found {
            let kinds: Vec<&str> = cells.iter().map(|cell| kind_of(cell)).collect();
            assert_eq!(kinds, ["number", "text", "text", "number", "text"]);
        }
        let bare = |cell: &String| cell.split_once(' ').unwrap().1.to_owned();
        let line = |cells: &[String]| {
            let line = cells.iter().map(bare).collect::<Vec<_>>().join("|");
            line.replace("TRUE", "1").replace("FALSE", "0")
        };
        let lines: Vec<String> = found.iter().map(|(_, cells)| line(cells)).collect();
        assert_eq!(lines, by_mdb_export(&file.0, "Users"), "{name}");
        assert_eq!(lines[1], "8|B-200|2026-11-21|1234.5000|0");
        let why = refusal(&file.0, &form(Some("Payments")), &columns);
        assert_eq!(why, "the table Payments is missing; there are: Users");
    }
}

#[test]
fn days_and_texts_that_access_wrote_itself_are_read_as_mdb_export_reads_them() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/access/sample.mdb");
    if !sample.exists() {
        println!("the sample is not there: it was not read");
        return;
    }
    let columns = ["UserId", "UserName", "UserBirthday"];
    let found = records(&sample, &form(Some("Users")), &columns).unwrap();
    let lines: Vec<String> = found.iter().map(|(_, cells)| cells.join(" | ")).collect();
    let expected = [
        "number 1 | text Nuintun | day 1989-01-25",
        "number 2 | text Angela | day 1988-12-18",
        "number 3 | text 张三 | day 1986-12-18",
    ];
    assert_eq!(lines, expected);
    let theirs = by_mdb_export(&sample, "Users");
    for (theirs, (_, ours)) in theirs.iter().zip(&found) {
        let day = ours[2].trim_start_matches("day ");
        assert!(theirs.contains(day), "{day} in {theirs}");
    }
}

#[test]
fn a_broken_spreadsheet_or_database_is_refused_and_ends_nothing() {
    for name in ["rows.xlsx", "rows.ods"] {
        let Some(file) = by_package(name) else { return };
        let whole = std::fs::read(&file.0).unwrap();
        for cut in (0..whole.len()).step_by(97) {
            let mut bytes = whole.clone();
            bytes.truncate(cut);
            let half = Scratch::of(&format!("half-{name}"), &bytes);
            assert!(records(&half.0, &form(None), &WANTED).is_err(), "{name} cut at {cut}");
        }
    }
    let jet = [&[0, 1, 0, 0], b"Standard Jet DB\0".as_slice(), &[1; 9000]].concat();
    let broken = Scratch::of("broken.mdb", &jet);
    assert!(refusal(&broken.0, &form(None), &WANTED).contains("cannot be read"));
    let old = Scratch::of("old.xls", &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]);
    assert!(refusal(&old.0, &form(None), &WANTED).contains("save it as XLSX"));
}

#[test]
fn a_reader_that_is_told_to_stop_stops() {
    let csv = Scratch::of("stop.csv", b"account\n1\n2\n3\n");
    let mut files = vec![(csv, "account")];
    files.extend(["rows.xlsx", "rows.ods"].map(by_package).into_iter().flatten().zip(["paid"; 2]));
    for (file, column) in files {
        let mut rows = 0;
        let ended = read(&file.0, &form(None), &[column], &mut |_| {
            rows += 1;
            ControlFlow::Break(())
        });
        assert_eq!((ended, rows), (Ok(()), 1), "{}", file.0.display());
    }
}

#[test]
fn a_line_without_end_is_refused_before_it_is_held() {
    let mut endless = b"account\n".to_vec();
    endless.extend(std::iter::repeat_n(b'x', 2 << 20));
    let file = Scratch::of("endless.csv", &endless);
    let why = refusal(&file.0, &form(None), &["account"]);
    assert_eq!(why, "row 2: is longer than a line of a table can be");
}
