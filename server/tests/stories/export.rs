//! The book in other people's programs: the real hledger and the real bean-check read what is
//! exported, find nothing wrong with it, and come to our balances to the cent.

use crate::support;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use crate::support::{On, TestPortal};
use receivables::calendar::CivilDate;
use receivables::money::Currency;
use server::gateway::sandbox::TestCard;
use server::ledger::{self, BookView, ExportArgs, ExportFormat};

/// Account and commodity → amount, as text.
type Balances = BTreeMap<(String, String), String>;

async fn exported(portal: &TestPortal, args: ExportArgs) -> String {
    let mut text = Vec::new();
    ledger::export(portal.portal.db.read(), &args, &mut text).await.unwrap();
    String::from_utf8(text).unwrap()
}

fn all(format: ExportFormat) -> ExportArgs {
    ExportArgs { format, from: None, to: None, view: BookView::Accrual }
}

fn written(portal: &TestPortal, name: &str, text: &str) -> PathBuf {
    let file = portal.portal.settings.data_dir.join(name);
    std::fs::write(&file, text).unwrap();
    file
}

/// What a program prints; it must end well. tools/setup-test.sh installs all three.
fn says(program: &str, arguments: &[&str], file: &std::path::Path) -> String {
    let mut command = Command::new(program);
    if program == "hledger" {
        command.arg("-f").arg(file).args(arguments);
    } else {
        command.args(arguments.iter().take_while(|word| !word.starts_with("select")));
        command.arg(file);
        command.args(arguments.iter().skip_while(|word| !word.starts_with("select")));
    }
    let output = command.output().expect("tools/setup-test.sh installs hledger and beancount");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {text}{error}\n{}", file.display());
    text
}

/// `USD 80.00`, `80.00 USD`, in the order a program likes.
fn amount(text: &str) -> (String, String) {
    let (one, other) = text.trim().split_once(' ').unwrap();
    let is_number = one.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let (number, currency) = if is_number { (one, other) } else { (other, one) };
    (currency.trim().to_owned(), number.trim().trim_end_matches('.').to_owned())
}

fn hledger_balances(file: &std::path::Path) -> Balances {
    let rows = says("hledger", &["balance", "--flat", "--no-total", "--output-format=csv"], file);
    let mut balances = Balances::new();
    for record in csv::Reader::from_reader(rows.as_bytes()).records() {
        let record = record.unwrap();
        for part in record[1].split(", ") {
            let (currency, number) = amount(part);
            balances.insert((record[0].to_owned(), currency), number);
        }
    }
    balances
}

fn beancount_balances(file: &std::path::Path) -> Balances {
    let query =
        "select account, currency, sum(number) where number != 0 group by account, currency";
    let rows = says("bean-query", &["-f", "csv", query], file);
    let mut balances = Balances::new();
    for record in
        csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(rows.as_bytes()).records()
    {
        let record = record.unwrap();
        let is_zero = record[2].chars().all(|c| c == '0' || c == '.');
        if !is_zero {
            balances.insert((record[0].to_owned(), record[1].to_owned()), record[2].to_owned());
        }
    }
    balances
}

/// The same from bills and accounts, without any of the export's own code.
async fn own_balances(portal: &TestPortal) -> Balances {
    let sql = "select a.number, a.currency, a.credit, cast(coalesce((select sum(b.open_amount) \
               from bill b where b.account_id = a.id), 0) as bigint) from account a";
    let rows: Vec<(String, String, i64, i64)> =
        sqlx::query_as(sql).fetch_all(portal.portal.db.read()).await.unwrap();
    let mut balances = Balances::new();
    for (number, currency, credit, owed) in rows {
        for (name, units) in [("Assets:Receivable:N", owed), ("Liabilities:Credit:N", -credit)] {
            if units == 0 {
                continue;
            }
            let text = if currency == "JPY" {
                units.to_string()
            } else {
                let sign = if units < 0 { "-" } else { "" };
                format!("{sign}{}.{:02}", units.abs() / 100, units.abs() % 100)
            };
            balances.insert((format!("{name}{number}"), currency.clone()), text);
        }
    }
    balances
}

fn of_customers(balances: Balances) -> Balances {
    let is_customers = |name: &str| {
        name.starts_with("Assets:Receivable:") || name.starts_with("Liabilities:Credit:")
    };
    balances.into_iter().filter(|((name, _), _)| is_customers(name)).collect()
}

/// Part payments, a full one, one received twice over as credit, in two currencies.
async fn some_life(portal: &TestPortal) {
    let pay = async |account: &support::TestAccount, amount: i64| {
        let started = portal.started(account, amount).await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
    };
    let ada = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
    pay(&ada, 9_000).await;
    portal.clock.pass_seconds(86_400);
    pay(&ada, 1_005).await;
    let ben = portal.account(&[("2026-11-15", 6_234)]).await;
    pay(&ben, 6_234).await;
    let eve = portal.account_in(Currency::parse("JPY").unwrap(), &[("2026-11-15", 12_000)]).await;
    pay(&eve, 700).await;
    portal.clock.pass_seconds(86_400);
    let gina = portal.account(&[("2026-11-20", 4_000)]).await;
    pay(&gina, 5_000).await;
    pay(&ada, 6_000).await;
}

async fn told(on: On) {
    let Some(portal) = TestPortal::open_with(on, &[("payments.overpayment", "credit")]).await
    else {
        return;
    };
    some_life(&portal).await;
    let own = own_balances(&portal).await;
    assert_eq!(own.values().filter(|text| text.starts_with('-')).count(), 2, "{own:?}");

    let journal =
        written(&portal, "book.journal", &exported(&portal, all(ExportFormat::Hledger)).await);
    says("hledger", &["check", "--strict", "ordereddates"], &journal);
    let theirs = hledger_balances(&journal);
    assert_eq!(of_customers(theirs.clone()), own);

    let file =
        written(&portal, "book.beancount", &exported(&portal, all(ExportFormat::Beancount)).await);
    says("bean-check", &[], &file);
    assert_eq!(beancount_balances(&file), theirs, "two programs agree on every account");

    // A period of it: what was before is the opening, and the balances are the same.
    let from = Some(CivilDate::parse("2026-11-23").unwrap());
    for format in [ExportFormat::Hledger, ExportFormat::Beancount] {
        let text = exported(&portal, ExportArgs { from, ..all(format) }).await;
        let file = written(&portal, "period", &text);
        if format == ExportFormat::Hledger {
            says("hledger", &["check", "--strict", "ordereddates"], &file);
            assert_eq!(hledger_balances(&file), theirs);
        } else {
            says("bean-check", &[], &file);
            assert_eq!(beancount_balances(&file), theirs);
        }
    }

    // In cash, income is what came in and was applied.
    let cash = ExportArgs { view: BookView::Cash, ..all(ExportFormat::Hledger) };
    let cash = written(&portal, "cash.journal", &exported(&portal, cash).await);
    says("hledger", &["check", "--strict", "ordereddates"], &cash);
    let balances = hledger_balances(&cash);
    let of = |name: &str, currency: &str| {
        balances.get(&(name.to_owned(), currency.to_owned())).cloned().unwrap_or_default()
    };
    assert_eq!(of("Assets:Clearing:Sandbox", "USD"), "272.39");
    assert_eq!(of("Income:Billing", "USD"), "-257.34");
    assert_eq!(of("Income:Billing", "JPY"), "-700");
    assert!(!balances.keys().any(|(name, _)| name.contains("Receivable")));

    // A wrong cent is noticed by both.
    let spoilt = std::fs::read_to_string(&file).unwrap().replacen("80.00 USD", "80.01 USD", 1);
    let spoilt = written(&portal, "spoilt.beancount", &spoilt);
    assert!(!Command::new("bean-check").arg(&spoilt).output().unwrap().status.success());
    portal.close().await;
}

#[tokio::test]
async fn hledger_and_beancount_read_the_book_and_come_to_our_balances_on_sqlite() {
    told(On::Sqlite).await;
}

#[tokio::test]
async fn hledger_and_beancount_read_the_book_and_come_to_our_balances_on_postgres() {
    told(On::Postgres).await;
}

#[tokio::test]
async fn a_spreadsheet_gets_a_row_an_entry_that_sums_to_zero() {
    let portal = TestPortal::open(On::Sqlite).await.unwrap();
    let account = portal.account(&[("2026-09-15", 8_000)]).await;
    let started = portal.started(&account, 1_000).await;
    portal.choose(&started, TestCard::Success).await;
    portal.news_arrives().await;
    let text = exported(&portal, all(ExportFormat::Csv)).await;
    assert!(text.starts_with("date,posting,kind,payment,bill,account,currency,debit,credit\r\n"));
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), usize::try_from(portal.count("entry").await).unwrap());
    let cents = |text: &str| text.replace('.', "").parse::<i64>().unwrap_or(0);
    assert_eq!(rows.iter().map(|row| cents(&row[7]) - cents(&row[8])).sum::<i64>(), 0);
    assert_eq!(rows.iter().map(|row| cents(&row[7])).sum::<i64>(), 9_000);
    portal.close().await;
}

#[tokio::test]
async fn only_an_export_to_the_end_of_the_book_asserts_what_it_comes_to() {
    let portal = TestPortal::open(On::Sqlite).await.unwrap();
    let account = portal.account(&[("2026-09-15", 8_000)]).await;
    let started = portal.started(&account, 1_000).await;
    portal.choose(&started, TestCard::Success).await;
    portal.news_arrives().await;
    let to = Some(portal.portal.today());
    for (format, assertion) in
        [(ExportFormat::Hledger, "0 USD = 70.00 USD"), (ExportFormat::Beancount, "  70.00 USD")]
    {
        let whole = exported(&portal, all(format)).await;
        assert!(whole.contains(assertion), "{whole}");
        assert!(whole.contains("bill issued") && whole.contains("payment received"), "{whole}");
        let bill = format!("B-{}", &account.bills[0].to_string()[29..]);
        let (tag, quoted) = (format!("; bill:{bill}\n"), format!("bill: \"{bill}\"\n"));
        assert_eq!(
            (whole.matches(&tag).count(), whole.matches(&quoted).count()),
            match format {
                ExportFormat::Hledger => (3, 0),
                _ => (0, 3),
            }
        );
        let until = exported(&portal, ExportArgs { to, ..all(format) }).await;
        assert!(!until.contains(assertion) && until.contains("payment received"), "{until}");
        let in_cash = ExportArgs { view: BookView::Cash, ..all(format) };
        let in_cash = exported(&portal, in_cash).await;
        // A bill that is issued moves no cash.
        assert!(!in_cash.contains(assertion) && !in_cash.contains("bill issued"), "{in_cash}");
        assert!(in_cash.contains("payment received"), "{in_cash}");
    }
    portal.close().await;
}
