//! A backup is taken beside the running portal, restores on either engine, and loses no online
//! payment that came after it. P13: 300 payments after the backup.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::support::program::Place;
use crate::support::proof::Proof;
use crate::support::{On, TestAccount, TestPortal, fresh_database};
use receivables::payment::PaymentState;
use server::audit;
use server::backup::{self, BackupError};
use server::clock::SystemChance;
use server::gateway::sandbox::TestCard;
use server::payments::StartOutcome;

const BILLS: [(&str, i64); 2] = [("2026-09-15", 18_000), ("2026-10-15", 17_500)];

/// Payment, account, the gateway's reference, what was received.
type Posted = BTreeSet<(String, String, String, i64)>;

async fn posted(portal: &TestPortal) -> Posted {
    let sql = "select id, account_id, gateway_ref, received from payment where state = 'posted'";
    sqlx::query_as(sql).fetch_all(portal.portal.db.read()).await.unwrap().into_iter().collect()
}

/// The intents the gateway itself calls succeeded.
async fn succeeded(bank: &TestPortal) -> BTreeSet<String> {
    let sql = "select document from sandbox_object where kind = 'intent'";
    let documents: Vec<String> =
        sqlx::query_scalar(sql).fetch_all(bank.portal.db.read()).await.unwrap();
    let documents = documents.iter().map(|text| serde_json::from_str(text).unwrap());
    let succeeded = documents.filter(|intent: &serde_json::Value| intent["status"] == "succeeded");
    succeeded.map(|intent| intent["id"].as_str().unwrap().to_owned()).collect()
}

async fn pay(
    portal: &TestPortal,
    account: &TestAccount,
    amount: i64,
    card: TestCard,
) -> StartOutcome {
    let started = portal.started(account, amount).await;
    portal.choose(&started, card).await;
    portal.news_is_fetched().await;
    started
}

fn place() -> PathBuf {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).unwrap();
    std::env::temp_dir().join(format!("paydown_test_{}.backup", hex::encode(bytes)))
}

async fn database(on: On) -> Option<(server::db::Database, PathBuf)> {
    fresh_database(on, Arc::new(SystemChance)).await
}

/// What was told before the machine was gone.
struct Before {
    file: PathBuf,
    taken: backup::Taken,
    accounts: Vec<TestAccount>,
    posted: Posted,
    left: Vec<Vec<i64>>,
    kept: audit::Head,
    /// At the bank still: one from before the backup, one from after it.
    debits: [StartOutcome; 2],
    /// Started after the backup, and never paid.
    abandoned: StartOutcome,
}

/// A backup in the middle of a day's work, then the rest of the day.
async fn a_day_with_a_backup(portal: &TestPortal, after: usize) -> Before {
    let mut accounts = Vec::new();
    for _ in 0..10 {
        accounts.push(portal.account(&BILLS).await);
    }
    for account in accounts.iter().take(4) {
        pay(portal, account, 500, TestCard::Success).await;
    }
    // Started before the backup; paid, and still at the bank, after it.
    let paid_later = portal.started(&accounts[0], 600).await;
    let settles_later = pay(portal, &accounts[1], 700, TestCard::BankDebit).await;
    audit::seal(&portal.portal).await.unwrap();
    let file = place();
    let taken = backup::take(&portal.portal.db, &file, portal.portal.now()).await.unwrap();
    assert_eq!(taken.payments, 6);

    portal.clock.pass_seconds(3_600 * 20);
    portal.choose(&paid_later, TestCard::Success).await;
    for n in 0..after {
        pay(portal, &accounts[n % 10], 500, TestCard::Success).await;
        portal.clock.pass_seconds(30);
    }
    let debit = pay(portal, &accounts[2], 900, TestCard::BankDebit).await;
    let abandoned = portal.started(&accounts[3], 1_000).await;
    let posted = posted(portal).await;
    assert_eq!(posted.len(), 4 + 1 + after);
    let mut left = Vec::new();
    for account in &accounts {
        left.push(portal.left(account).await);
    }
    audit::seal(&portal.portal).await.unwrap();
    let kept = audit::head(portal.portal.db.read()).await.unwrap();
    let debits = [settles_later, debit];
    Before { file, taken, accounts, posted, left, kept, debits, abandoned }
}

/// Asked of the gateway, all is as it was told before.
async fn what_came_after_is_asked_for(
    bank: &TestPortal,
    portal: &TestPortal,
    before: &Before,
    after: usize,
) {
    assert_eq!(posted(portal).await.len(), 4);
    let replayed = backup::replay(&portal.portal).await.unwrap();
    assert_eq!(posted(portal).await, before.posted);
    let refs = before.posted.iter().map(|(_, _, gateway_ref, _)| gateway_ref.clone());
    assert_eq!(refs.collect::<BTreeSet<_>>(), succeeded(bank).await);
    assert_eq!(replayed.posted, i64::try_from(after + 1).unwrap());
    let found = (replayed.intents_found, replayed.on_their_way);
    assert_eq!(found, (u32::try_from(after + 2).unwrap(), 1));
    for (account, left) in before.accounts.iter().zip(&before.left) {
        assert_eq!(portal.left(account).await, *left, "nobody is asked to pay twice");
    }
    portal.the_book_is_exact().await;
    assert_eq!(backup::replay(&portal.portal).await.unwrap().posted, 0, "once is enough");
}

async fn a_stale_backup_loses_no_online_payment(on: On, restored_on: On) {
    let proof = Proof::begin("P13", on, 300);
    let after = proof.n;
    let (Some(first), Some(second)) = (database(on).await, database(restored_on).await) else {
        return;
    };
    let bank = TestPortal::open(On::Sqlite).await.unwrap();
    let portal = TestPortal::open_at(&bank, first, 1).await;
    let before = a_day_with_a_backup(&portal, after).await;
    portal.close().await;

    // The machine is gone. The backup is restored, and the gateway is asked.
    let restored = backup::restore(&second.0, &before.file).await.unwrap();
    assert_eq!(restored.head, before.taken.head);
    assert!(before.kept.n > restored.head.n, "the kept head tells that acts are missing");
    let portal = TestPortal::open_at(&bank, second, 2).await;
    what_came_after_is_asked_for(&bank, &portal, &before, after).await;

    // Nobody can pay what was forgotten; what is at the bank is posted when it arrives.
    portal.choose(&before.abandoned, TestCard::Success).await;
    portal.clock.pass_seconds(3_600 * 24 * 7);
    bank.sandbox.tick().await.unwrap();
    portal.news_is_fetched().await;
    for debit in &before.debits {
        assert_eq!(portal.payment(debit.payment.id).await.state, PaymentState::Posted);
    }
    assert_eq!(posted(&portal).await.len(), before.posted.len() + 2);
    assert_eq!(succeeded(&bank).await.len(), before.posted.len() + 2);
    proof.counted(&format!("restored on {restored_on:?}, payments posted"), before.posted.len());
    portal.close().await;
    bank.portal.db.close().await;
    let _ = std::fs::remove_file(before.file);
}

#[tokio::test]
async fn a_stale_backup_loses_no_online_payment_on_sqlite() {
    a_stale_backup_loses_no_online_payment(On::Sqlite, On::Sqlite).await;
}

#[tokio::test]
async fn a_stale_backup_loses_no_online_payment_on_postgres() {
    a_stale_backup_loses_no_online_payment(On::Postgres, On::Postgres).await;
}

#[tokio::test]
async fn a_backup_of_one_engine_restores_on_the_other() {
    a_stale_backup_loses_no_online_payment(On::Sqlite, On::Postgres).await;
    a_stale_backup_loses_no_online_payment(On::Postgres, On::Sqlite).await;
}

stories! {
    async fn a_backup_beside_payments_is_of_one_moment(portal: TestPortal) {
        let mut accounts = Vec::new();
        for _ in 0..6 {
            accounts.push(portal.account(&BILLS).await);
        }
        let paying = async {
            for _ in 0..4 {
                let paid = accounts.iter().map(|account| async {
                    let started = portal.started(account, 1_000).await;
                    portal.choose(&started, TestCard::Success).await;
                });
                futures_util::future::join_all(paid).await;
                portal.news_arrives().await;
            }
        };
        let backing_up = async {
            let mut files = Vec::new();
            for _ in 0..3 {
                let file = place();
                // It opens what it wrote and asks the whole book, or fails.
                backup::take(&portal.portal.db, &file, portal.portal.now()).await.unwrap();
                files.push(file);
            }
            files
        };
        let ((), files) = futures_util::future::join(paying, backing_up).await;
        for file in files {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "for its owner's eyes only");
            std::fs::remove_file(file).unwrap();
        }
    }

    async fn what_cannot_be_relied_on_is_refused(portal: TestPortal) {
        portal.account(&BILLS).await;
        let file = place();
        backup::take(&portal.portal.db, &file, portal.portal.now()).await.unwrap();
        let again = backup::take(&portal.portal.db, &file, portal.portal.now()).await;
        assert!(matches!(again, Err(BackupError::FileIsThere(_))), "never written over");
        let into_full = backup::restore(&portal.portal.db, &file).await;
        assert!(matches!(into_full, Err(BackupError::NotEmpty(_))), "{into_full:?}");

        let whole = std::fs::read(&file).unwrap();
        let (empty, folder) = database(On::Sqlite).await.unwrap();
        std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
        assert!(backup::restore(&empty, &file).await.is_err(), "half a file");
        std::fs::write(&file, b"not a database at all, however long it may be").unwrap();
        assert!(backup::restore(&empty, &file).await.is_err(), "another file");
        // A cent changed in the file.
        std::fs::write(&file, &whole).unwrap();
        let changed = server::db::Database::open(
            &format!("sqlite://{}", file.display()), Arc::new(SystemChance)).await.unwrap();
        sqlx::query("update bill set open_amount = open_amount - 1")
            .execute(changed.read()).await.unwrap();
        changed.close().await;
        let broken = backup::restore(&empty, &file).await;
        assert!(matches!(broken, Err(BackupError::BookBroken(_))), "{broken:?}");
        // Nothing of all that is left behind, and the whole file restores.
        std::fs::write(&file, &whole).unwrap();
        backup::restore(&empty, &file).await.unwrap();
        empty.close().await;
        let _ = std::fs::remove_dir_all(folder);
        let _ = std::fs::remove_file(file);
    }
}

#[test]
fn the_commands_back_up_restore_and_check() {
    let place = Place::new();
    let said = |arguments: &[&str]| {
        let output = place.run(arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {text}{error}");
        text
    };
    said(&["demo"]);
    let before = said(&["export", "--as", "hledger"]);
    assert!(said(&["backup", "the.backup"]).contains("its book is exact"));
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(place.folder.join(format!("paydown.sqlite{ending}")));
    }
    assert!(said(&["restore", "--verify", "the.backup"]).contains("payments posted"));
    assert!(said(&["check"]).contains("The book is exact."));
    assert!(said(&["audit"]).contains("The audit trail is whole."));
    assert_eq!(said(&["export", "--as", "hledger"]), before);
    let refused = place.run(&["restore", "the.backup"]);
    assert!(!refused.status.success(), "never into a database that has something");
}
