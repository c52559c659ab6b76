//! `throughput`: payments posted and requests answered per second, on SQLite and, with
//! `PAYDOWN_TEST_POSTGRES`, on PostgreSQL.
//!
//! Every figure stands beside a reference measured in the same rounds: bare SQL that writes the
//! same rows, or a bare web server. Figures of two runs cannot be compared, ratios of one can.
//! Whatever wrote is followed by every invariant of the book: a fast wrong answer is not a
//! figure. Prints Markdown.

mod book;
mod figures;
mod limit;
mod many;
mod posting;
mod reading;
mod rows;
mod stage;
mod web_client;
mod whole;

use std::error::Error;
use std::time::Duration;

use book::Account;
use figures::{Rounds, Row, Table};
use server::db::Engine;
use stage::Stage;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

const ROUNDS: usize = 3;
const TIME: Duration = Duration::from_secs(2);
const PAYERS: [usize; 4] = [1, 8, 32, 64];
const ACCOUNTS: usize = 1_000;
const READERS: usize = 32;

#[tokio::main]
async fn main() -> Outcome {
    let mut engines = vec![Engine::Sqlite];
    match stage::postgres_url() {
        Some(_) => engines.push(Engine::Postgres),
        None => println!("PAYDOWN_TEST_POSTGRES is not set: on SQLite only.\n"),
    }
    for engine in engines {
        let stage = Stage::open(engine).await?;
        let accounts = book::open_accounts(&stage, ACCOUNTS).await?;
        if wanted("read") {
            read(&stage, &accounts).await?;
        }
        if wanted("pay") {
            pay_through_http(&stage, &accounts).await?;
        }
        if wanted("post") {
            post(&stage, &accounts).await?;
        }
        stage.close().await?;
        if wanted("many") {
            many::measure(engine).await?;
        }
    }
    Ok(())
}

/// `throughput read post` measures only those; without words, all four.
fn wanted(group: &str) -> bool {
    let mut named = std::env::args().skip(1).peekable();
    named.peek().is_none() || named.any(|name| name == group)
}

/// The pages' requests beside a server that only repeats what it is sent.
async fn read(stage: &Stage, accounts: &[Account]) -> Outcome {
    let sessions = reading::sign_in(stage, accounts, READERS).await?;
    let echo = reading::bare_echo().await?;
    let mut bare = Rounds::default();
    let mut bill = Rounds::default();
    let mut preview = Rounds::default();
    for _ in 0..ROUNDS {
        bare.add(reading::measure(echo, reading::echo_requests(READERS), TIME).await?);
        bill.add(reading::measure(stage.address, reading::bill_requests(&sessions), TIME).await?);
        let previews = reading::preview_requests(&sessions);
        preview.add(reading::measure(stage.address, previews, TIME).await?);
    }
    let target = if stage.engine == Engine::Sqlite { "≥ 0.35" } else { "≥ 0.22" };
    let table = Table {
        title: format!("Requests on {}, {READERS} connections", stage.name()),
        unit: "requests/s",
        reference: Some("bare web server"),
        rows: vec![
            Row::of("bare web server, JSON echo", &bare),
            Row::beside("current bill, 12 open bills", &bill, &bare).with_target(target),
            Row::beside("preview of a payment", &preview, &bare),
        ],
    };
    table.print();
    println!("Server and clients share this machine.\n");
    Ok(())
}

/// Everything a payer's click sets off, until the receipt is in the book.
async fn pay_through_http(stage: &Stage, accounts: &[Account]) -> Outcome {
    let sessions = reading::sign_in(stage, accounts, READERS).await?;
    let mut started = Rounds::default();
    let mut posted = Rounds::default();
    for _ in 0..ROUNDS {
        let (start, post) = whole::measure(stage, &sessions, TIME).await?;
        started.add(start);
        posted.add(post);
    }
    let table = Table {
        title: format!("Whole payments through HTTP on {}, {READERS} payers", stage.name()),
        unit: "payments/s",
        reference: None,
        rows: vec![
            Row::of("started: previewed, committed, known to the sandbox", &started),
            Row::of("from the card to posted, by webhook", &posted),
        ],
    };
    table.print();
    println!("The sandbox that plays the gateway works on the same machine and database.");
    stage.say_that_the_book_is_exact().await
}

/// Posting beside bare SQL that writes the same rows.
async fn post(stage: &Stage, accounts: &[Account]) -> Outcome {
    let mut waiting = book::Waiting::default();
    waiting.fill(stage, accounts, 200).await?;
    posting::measure(&stage.portal, &waiting, 8, Duration::from_millis(300)).await?;
    let limit = limit::Limit::of(stage).await?;
    let mut bare = Rounds::default();
    let mut ours = PAYERS.map(|payers| (payers, Rounds::default()));
    for _ in 0..ROUNDS {
        waiting.fill(stage, accounts, 4_000).await?;
        bare.add(limit.measure(&waiting, TIME).await?);
        for (payers, rounds) in &mut ours {
            waiting.fill(stage, accounts, 4_000).await?;
            rounds.add(posting::measure(&stage.portal, &waiting, *payers, TIME).await?);
        }
    }
    let target = if stage.engine == Engine::Sqlite { "≥ 0.60" } else { "≥ 1.00" };
    let mut rows = vec![Row::of(limit.name(), &bare)];
    for (payers, rounds) in &ours {
        let row = Row::beside(&format!("payments::post, {payers} at once"), rounds, &bare);
        rows.push(if *payers >= 32 { row.with_target(target) } else { row });
    }
    let table = Table {
        title: format!("Payments posted on {}, three bills each", stage.name()),
        unit: "payments/s",
        reference: Some("bare SQL"),
        rows,
    };
    table.print();
    stage.say_that_the_book_is_exact().await
}
