//! Bank files by case tables, and as other people's programs read the same files.

use std::path::Path;
use std::process::Command;

use super::*;
use crate::imports::read::read;
use crate::imports::read::tests::{Scratch, form};

/// A line for each row, or for what is wrong with it.
fn lines(name: &str, content: &str) -> Result<Vec<String>, String> {
    let file = Scratch::of(name, content.as_bytes());
    let mut lines = Vec::new();
    let ended = read(&file.0, &form(None), &COLUMNS, &mut |found| {
        lines.push(match found {
            Ok(record) => {
                let cells: Vec<String> = record.cells.iter().map(Cell::to_text).collect();
                format!("{}: {}", record.row, cells.join("|"))
            }
            Err(problem) => problem.to_string(),
        });
        ControlFlow::Continue(())
    });
    ended.map(|()| lines).map_err(|problems| problems[0].to_string())
}

/// `amount|currency|day|end-to-end` of each payment, by a package; `None` without the peers.
fn by_package(name: &str, content: &str) -> Option<Vec<String>> {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let file = Scratch::of(name, content.as_bytes());
    let script = tools.join("tools/peers/bank_statement.py");
    let python = tools.join(".tools/peers/bin/python");
    let read = Command::new(python).arg(script).arg(&file.0).output().ok()?;
    if !read.status.success() {
        println!("the peers are not installed: bank files were read by us alone");
        return None;
    }
    Some(String::from_utf8(read.stdout).unwrap().lines().map(str::to_owned).collect())
}

/// The same four columns of our rows.
fn in_their_columns(rows: &[String]) -> Vec<String> {
    let line = |row: &String| {
        let (_, cells) = row.split_once(": ").unwrap();
        let cells: Vec<&str> = cells.split('|').collect();
        let (whole, fraction) = cells[1].split_once('.').unwrap_or((cells[1], ""));
        format!("{whole}.{fraction:0<2}|{}|{}|{}", cells[2], cells[3], cells[6])
    };
    rows.iter().map(line).collect()
}

const CREDIT: &str = "<CdtDbtInd>CRDT</CdtDbtInd>";
const BOOKED: &str = "<Sts>BOOK</Sts>";
const DAYS: &str =
    "<BookgDt><Dt>2026-11-20</Dt></BookgDt><ValDt><DtTm>2026-11-19T08:00:00</DtTm></ValDt>";

fn camt(entries: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><BkToCstmrStmt>\n\
         <GrpHdr><MsgId>M-1</MsgId><CreDtTm>2026-11-21T06:00:00</CreDtTm></GrpHdr>\n\
         <Stmt><Id>S-12</Id><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>{entries}\
         </Stmt></BkToCstmrStmt></Document>"
    )
}

fn part(end_to_end: &str, amount: &str, words: &str) -> String {
    format!(
        "<TxDtls><Refs><EndToEndId>{end_to_end}</EndToEndId></Refs>{amount}\
         <RmtInf>{words}</RmtInf></TxDtls>"
    )
}

fn entry(amount: &str, reference: &str, rest: &str) -> String {
    let reference = match reference {
        "" => String::new(),
        reference => format!("<AcctSvcrRef>{reference}</AcctSvcrRef>"),
    };
    format!(
        "<Ntry><Amt Ccy=\"EUR\">{amount}</Amt>{CREDIT}{BOOKED}{DAYS}{reference}<BkTxCd/>\
         <NtryDtls>{rest}</NtryDtls></Ntry>"
    )
}

fn own(amount: &str) -> String {
    format!("<AmtDtls><TxAmt><Amt Ccy=\"EUR\">{amount}</Amt></TxAmt></AmtDtls>")
}

#[test]
fn a_camt_statement_gives_what_came_in_as_another_program_reads_it() {
    let structured = "<Ustrd>Tom &amp; Ada &#8364;</Ustrd>\
        <Strd><CdtrRefInf><Ref>B-1001</Ref></CdtrRefInf></Strd>";
    let file = camt(
        &[
            entry("55.94", "BANK-1", &part("E2E-7", "", structured)),
            entry(
                "30.00",
                "BANK-2",
                &[
                    part("A", &own("10.00"), "<Ustrd>A-1</Ustrd><Ustrd>00</Ustrd>"),
                    part("B", &own("20.00"), ""),
                ]
                .concat(),
            ),
            entry("7", "", &part("NOTPROVIDED", "", "<Ustrd>Tom &amp; Ada &#8364;</Ustrd>")),
        ]
        .concat(),
    );
    let rows = lines("statement.xml", &file).unwrap();
    assert_eq!(
        rows,
        [
            "1: BANK-1|55.94|EUR|2026-11-20|2026-11-19|B-1001|E2E-7",
            "2: BANK-2#1|10.00|EUR|2026-11-20|2026-11-19|A-100|A",
            "2: BANK-2#2|20.00|EUR|2026-11-20|2026-11-19||B",
            "3: S-12/3|7|EUR|2026-11-20|2026-11-19|Tom & Ada €|",
        ]
    );
    let Some(theirs) = by_package("statement.xml", &file) else { return };
    let theirs: Vec<String> = theirs.iter().map(|line| line.replace("NOTPROVIDED", "")).collect();
    assert_eq!(in_their_columns(&rows), theirs);
}

#[test]
fn of_a_camt_statement_only_booked_money_that_came_in_gives_rows() {
    let good = entry("5.00", "R", "");
    let cases = [
        (good.clone(), vec!["1: R|5.00|EUR|2026-11-20|2026-11-19||"]),
        (
            good.replace(BOOKED, "<Sts><Cd>BOOK</Cd></Sts>"),
            vec!["1: R|5.00|EUR|2026-11-20|2026-11-19||"],
        ),
        (good.replace(BOOKED, "<Sts>PDNG</Sts>"), vec![]),
        (good.replace(BOOKED, ""), vec![]),
        (good.replace("CRDT", "DBIT"), vec![]),
        (good.replace(CREDIT, &format!("{CREDIT}<RvslInd>true</RvslInd>")), vec![]),
        (
            good.replace(CREDIT, "<CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd>"),
            vec!["row 1: money that came in went back: look whose payment it was"],
        ),
        (
            entry("5.00", "R", &[part("a", "", ""), part("b", "", "")].concat()),
            vec!["row 1: its parts have no amounts of their own"],
        ),
    ];
    for (entries, expected) in cases {
        assert_eq!(lines("case.xml", &camt(&entries)).unwrap(), expected, "{entries}");
    }
}

#[test]
fn what_is_no_whole_camt_statement_is_refused() {
    let whole = camt(&entry("5.00", "R", ""));
    let cases = [
        (whole.replace("</Document>", ""), "ends in the middle"),
        (whole.replace("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn"), "not a bank statement"),
        (whole.replace("5.00", "5.00</Amount>"), "cannot be read"),
        (whole.replace("5.00", "&mine;"), "an entity of its own"),
        (format!("<Document>{}", "<a>".repeat(100)), "nests too deep"),
        ("<html></html>".to_owned(), "not a bank statement"),
    ];
    for (content, expected) in cases {
        let why = lines("case.xml", &content).unwrap_err();
        assert!(why.contains(expected), "{expected:?} in {why}");
    }
}

const STATEMENT: &str = "{1:F01BANKDEFFAXXX0000000000}{2:I940BANKDEFFXXXXN}{4:\r\n\
    :20:STARTUMSE\r\n:25:10010010/1234567890\r\n:28C:00012/001\r\n:60F:C261119EUR1000,00\r\n\
    :61:2611201120CR55,94NTRFNONREF//BANK-1\r\n\
    :86:166?00GUTSCHRIFT?109249?20EREF+E2E-7?21SVWZ+B-10?2201?30DEUTDEFF?32ADA\r\n\
    :61:2612310102C1234,5NTRFKUNDE-3//BANK-2\r\n:86:A-1\r\n00\r\n\
    :61:261121D12,00NMSCFEE//BANK-3\r\n:86:fee\r\n\
    :61:261121CR7,NTRFX\r\n:86:/TRTP/SEPA/REMI/USTD//B-77/\r\n\
    :62F:C261122EUR2285,44\r\n-}\r\n";

#[test]
fn an_mt940_statement_gives_what_came_in_as_another_program_reads_it() {
    let rows = lines("statement.sta", STATEMENT).unwrap();
    assert_eq!(
        rows,
        [
            "1: BANK-1|55.94|EUR|2026-11-20|2026-11-20|B-1001|E2E-7",
            "2: BANK-2|1234.5|EUR|2027-01-02|2026-12-31|A-100|",
            "4: 00012/001/2026-11-21/4|7|EUR|2026-11-21|2026-11-21|B-77|",
        ]
    );
    let Some(theirs) = by_package("statement.sta", STATEMENT) else { return };
    assert_eq!(in_their_columns(&rows), theirs);
}

#[test]
fn every_form_of_an_mt940_entry_is_a_row_or_a_problem_or_went_out() {
    let unclear = vec!["row 1: the entry cannot be read"];
    let row = |text: &'static str| vec![text];
    let cases = [
        ("2611201120C5,00NTRFR//B", row("1: B|5.00|EUR|2026-11-20|2026-11-20||")),
        ("2611201120CR5,00NTRFR//B", row("1: B|5.00|EUR|2026-11-20|2026-11-20||")),
        ("261120C5,00NTRFR//B", row("1: B|5.00|EUR|2026-11-20|2026-11-20||")),
        ("2601021231C5,NTRFR//B", row("1: B|5|EUR|2025-12-31|2026-01-02||")),
        ("261120C5,00NTRFR//NONREF", row("1: 7/2026-11-20/1|5.00|EUR|2026-11-20|2026-11-20||")),
        ("261120D5,00NTRFR//B", vec![]),
        ("261120RD5,00NTRFR//B", vec![]),
        (
            "261120RC5,00NTRFR//B",
            row("row 1: money that came in went back: look whose payment it was"),
        ),
        ("261120C5.00NTRFR//B", unclear.clone()),
        ("261120C5,0,0NTRFR//B", unclear.clone()),
        ("261120C,5NTRFR//B", unclear.clone()),
        ("261320C5,00NTRFR//B", unclear.clone()),
        ("261120X5,00NTRFR//B", unclear.clone()),
        ("", unclear),
    ];
    for (line, expected) in cases {
        let file = format!(":20:X\n:28C:7\n:60F:C261119EUR0,\n:61:{line}\n:62F:C261122EUR0,\n");
        assert_eq!(lines("case.sta", &file).unwrap(), expected, "{line}");
    }
    let why = lines("case.sta", ":20:X\n:61:261120C5,00NTRFR//B\n").unwrap_err();
    assert!(why.contains("no opening balance"), "{why}");
    let endless = format!(":20:X\n:60F:C261119EUR0,\n:86:{}", "words\n".repeat(5_000));
    assert!(lines("case.sta", &endless).unwrap_err().contains("has no end"));
}
