//! A portal with a million bills: how fast they come in from a file beside bare inserts of the
//! same rows, how much memory that takes, and how long staff wait for what they look up then.

mod bare;
mod files;
mod looking_up;
mod memory;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use receivables::money::Currency;
use server::clock::SystemChance;
use server::db::Engine;
use server::imports::{FileMap, ImportArgs, run, run_payments};

use crate::Outcome;
use crate::figures::{Rounds, Row, Run, Table};
use crate::stage::Stage;

const BILLS: usize = 1_000_000;

/// `PAYDOWN_BENCH_BILLS`, for a quicker and rougher look.
fn bills() -> usize {
    let told = std::env::var("PAYDOWN_BENCH_BILLS").ok();
    told.and_then(|text| text.parse().ok()).unwrap_or(BILLS)
}

pub async fn measure(engine: Engine) -> Outcome {
    let bills = bills();
    let stage = Stage::open(engine).await?;
    let ours = take_in_bills(&stage, bills).await?;
    let mut rows = Vec::new();
    if engine == Engine::Sqlite {
        let fresh = Stage::open(engine).await?;
        let limit = tokio::task::block_in_place(|| bare::insert(&fresh, bills))?;
        fresh.close().await?;
        rows.push(Row::of("bare SQL, one connection, 500 bills a commit", &limit));
        let row = Row::beside("a file of bills", &ours, &limit);
        rows.push(row.with_target("20,000 rows/s"));
    } else {
        rows.push(Row::of("a file of bills", &ours));
    }
    let payments = (bills / 50).max(100);
    rows.push(Row::of("a file of payments", &take_in_payments(&stage, payments).await?));
    let title = format!("{bills} bills and {payments} payments from files on {}", stage.name());
    Table { title, unit: "rows/s", reference: Some("bare SQL"), rows }.print();
    looking_up::measure(&stage, bills).await?;
    stage.say_that_the_book_is_exact().await?;
    stage.close().await
}

async fn take_in_bills(stage: &Stage, bills: usize) -> Outcome<Rounds> {
    let (file, map) = files::of_bills(&stage.folder, bills)?;
    let args = args(&file, &map);
    let watch = memory::watch();
    let began = Instant::now();
    let portal = &stage.portal;
    let summary =
        run(&args, &portal.db, &portal.zone, portal.clock.as_ref(), Arc::new(SystemChance)).await?;
    let took = began.elapsed();
    println!("{}\n", watch.say());
    if summary.new_bills != bills {
        return Err(format!("{} of {bills} bills came in", summary.new_bills).into());
    }
    Ok(once(bills, took))
}

async fn take_in_payments(stage: &Stage, payments: usize) -> Outcome<Rounds> {
    let (file, map) = files::of_payments(&stage.folder, payments)?;
    let args = args(&file, &map);
    let FileMap::Payments(map) = FileMap::load(&args.map)? else {
        return Err("the map of payments is not one".into());
    };
    let began = Instant::now();
    let summary = run_payments(&stage.portal, &args, &map).await?;
    let took = began.elapsed();
    if summary.new + summary.needs_person != payments as u64 {
        return Err(format!("{summary}").into());
    }
    Ok(once(payments, took))
}

fn once(count: usize, took: Duration) -> Rounds {
    let mut rounds = Rounds::default();
    rounds.add(Run { count, took, each: Vec::new() });
    rounds
}

fn args(file: &Path, map: &Path) -> ImportArgs {
    ImportArgs {
        file: file.to_owned(),
        map: map.display().to_string(),
        dry_run: false,
        as_of: None,
        currency: Some(Currency::USD),
    }
}
