//! The disk is full, files run out, the database drops its connections: while it lasts people are
//! told to come back, nobody is told that something was done which was not, and afterwards the
//! portal goes on without a restart. P14 and P15.

use crate::support;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::On;
use crate::support::program::{Payer, Place, Serving};
use crate::support::proof::Proof;

/// How people were answered: by status.
type Answers = BTreeMap<u16, u32>;

const TEMPORARY: [u16; 6] = [200, 201, 202, 409, 422, 503];

fn count(answers: &mut Answers, status: Option<u16>) {
    // A connection that ends without an answer counts as 0.
    *answers.entry(status.unwrap_or(0)).or_default() += 1;
}

async fn pay(payer: &Payer, address: &str, answers: &mut Answers) -> bool {
    let (started, card_taken) = payer.pay(address, 500).await;
    count(answers, started.map(|(status, _)| status));
    card_taken
}

fn only_temporary(answers: &Answers) {
    let wrong: Vec<_> = answers.keys().filter(|status| !TEMPORARY.contains(status)).collect();
    assert!(wrong.is_empty(), "answers that should not be: {answers:?}");
}

/// Goes on paying until it works again.
async fn works_again(payer: &Payer, address: &str) -> bool {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(30) {
        if payer.pay(address, 500).await.1 {
            return true;
        }
    }
    false
}

async fn signed_in(place: &Place, serving: &Serving) -> Payer {
    let mail = place.folder.join("mail");
    Payer::sign_in(&serving.address, &mail, "gina@customers.example").await
}

fn the_book_is_exact(place: &Place) {
    let checked = place.run(&["check"]);
    let told = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(checked.status.success(), "{told}");
}

/// Writes until the disk takes no more.
fn fill(file: &Path) {
    use std::io::Write;
    let mut filler = std::fs::File::create(file).unwrap();
    for size in [64 * 1024, 4 * 1024, 1] {
        let block = vec![0_u8; size];
        while filler.write_all(&block).is_ok() {}
    }
}

/// A disk of eight megabytes of its own; none where this user may not mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: &Path) -> Option<Self> {
        let options = ["-t", "tmpfs", "-o", "size=8m", "tmpfs"];
        let mounted = std::process::Command::new("mount").args(options).arg(folder).output();
        let is_mounted = mounted.is_ok_and(|output| output.status.success());
        is_mounted.then(|| Self(folder.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_and_nothing_is_half_done() {
    let mut proof = Proof::begin("P14", On::Sqlite, 100);
    let place = Place::new();
    let Some(disk) = SmallDisk::mount(&place.folder) else {
        println!("P14: this user may mount no disk; the full disk was not tried");
        return;
    };
    assert!(place.run(&["demo"]).status.success());
    let serving = Serving::start(&place, &[]);
    let payer = signed_in(&place, &serving).await;
    let mut answers = Answers::new();
    assert!(pay(&payer, &serving.address, &mut answers).await, "{answers:?}");
    let filler = place.folder.join("filler");
    for _ in 0..proof.n.min(10) {
        fill(&filler);
        for _ in 0..4 {
            pay(&payer, &serving.address, &mut answers).await;
        }
        let bills = format!("{}/api/v1/accounts/{}/due-periods", serving.address, payer.account_id);
        let looked = payer.ask(reqwest::Method::GET, &bills, None).await;
        assert_eq!(looked.map(|answer| answer.0), Some(200), "looking goes on");
        std::fs::remove_file(&filler).unwrap();
        assert!(works_again(&payer, &serving.address).await, "{answers:?}");
        proof.dice.draw();
    }
    only_temporary(&answers);
    assert!(
        answers.get(&503).is_some_and(|told| *told > 0),
        "the disk was never full: {answers:?}"
    );
    proof.counted("answers while the disk was full", format!("{answers:?}"));
    serving.signal("-TERM");
    assert!(serving.wait(Duration::from_secs(25)).1);
    the_book_is_exact(&place);
    drop(disk);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_file_descriptors_left_comes_back() {
    let proof = Proof::begin("P14", On::Sqlite, 100);
    let place = Place::new();
    assert!(place.run(&["demo"]).status.success());
    let serving = Serving::start(&place, &[]);
    let payer = signed_in(&place, &serving).await;
    let mut answers = Answers::new();
    assert!(pay(&payer, &serving.address, &mut answers).await, "{answers:?}");
    serving.limit_files(64);
    // Strangers who hold connections and say nothing.
    let at = serving.address.trim_start_matches("http://").to_owned();
    let held: Vec<_> = (0..120).filter_map(|_| std::net::TcpStream::connect(&at).ok()).collect();
    for _ in 0..4 {
        let tried = tokio::time::timeout(Duration::from_secs(2), payer.pay(&serving.address, 500));
        count(&mut answers, tried.await.ok().and_then(|(started, _)| Some(started?.0)));
    }
    proof.counted("answers while files were short", format!("{answers:?}"));
    assert!(!answers.contains_key(&500), "{answers:?}");
    drop(held);
    assert!(works_again(&payer, &serving.address).await);
    serving.signal("-TERM");
    assert!(serving.wait(Duration::from_secs(25)).1);
    the_book_is_exact(&place);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_drops_its_connections_again_and_again_is_survived() {
    let mut proof = Proof::begin("P15", On::Postgres, 100);
    let Some(place) = Place::on(On::Postgres).await else { return };
    assert!(place.run(&["demo"]).status.success());
    let serving = Serving::start(&place, &[]);
    let payer = signed_in(&place, &serving).await;
    let over = Arc::new(AtomicBool::new(false));
    let loads: Vec<_> = (0..4)
        .map(|_| {
            let (payer, address, over) = (payer.clone(), serving.address.clone(), over.clone());
            tokio::spawn(async move {
                let mut answers = Answers::new();
                while !over.load(Ordering::SeqCst) {
                    pay(&payer, &address, &mut answers).await;
                }
                answers
            })
        })
        .collect();
    sqlx::any::install_default_drivers();
    let hand = sqlx::AnyPool::connect(&support::postgres_url().unwrap()).await.unwrap();
    let name = place.database_url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let mut dropped = 0_i64;
    for _ in 0..proof.n {
        let pause = Duration::from_millis(50 + u64::try_from(proof.dice.below(150)).unwrap());
        let began = Instant::now();
        while began.elapsed() < pause {
            tokio::task::yield_now().await;
        }
        let query = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                     where datname = $1";
        let count: i64 = sqlx::query_scalar(query).bind(&name).fetch_one(&hand).await.unwrap();
        dropped += count;
    }
    hand.close().await;
    over.store(true, Ordering::SeqCst);
    let mut answers = Answers::new();
    for load in loads {
        for (status, n) in load.await.unwrap() {
            *answers.entry(status).or_default() += n;
        }
    }
    proof.counted("connections dropped", dropped);
    proof.counted("answers", format!("{answers:?}"));
    only_temporary(&answers);
    assert!(works_again(&payer, &serving.address).await);
    serving.signal("-TERM");
    assert!(serving.wait(Duration::from_secs(25)).1);
    the_book_is_exact(&place);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_became_read_only_is_told_and_comes_back() {
    let place = Place::new();
    let Some(disk) = SmallDisk::mount(&place.folder) else { return };
    assert!(place.run(&["demo"]).status.success());
    let serving = Serving::start(&place, &[]);
    let payer = signed_in(&place, &serving).await;
    let mut answers = Answers::new();
    assert!(pay(&payer, &serving.address, &mut answers).await, "{answers:?}");
    let remount = |how: &str| {
        let options = format!("remount,{how}");
        let folder = place.folder.display().to_string();
        let mut mount = std::process::Command::new("mount");
        mount.args(["-o", &options, &folder]).output().unwrap().status.success()
    };
    // Refused while files are open for writing, as most systems do: then permissions have to do.
    if remount("ro") {
        for _ in 0..4 {
            pay(&payer, &serving.address, &mut answers).await;
        }
        assert!(remount("rw"));
    } else {
        let file = place.folder.join("paydown.sqlite");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).unwrap();
        pay(&payer, &serving.address, &mut answers).await;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    assert!(works_again(&payer, &serving.address).await);
    only_temporary(&answers);
    serving.signal("-TERM");
    assert!(serving.wait(Duration::from_secs(25)).1);
    the_book_is_exact(&place);
    drop(disk);
}
