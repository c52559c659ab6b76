//! Every SQL text of the server is prepared on both databases: what a compile-time check of one
//! engine would let pass, the other refuses here.

use std::sync::Arc;

use crate::support::{On, fresh_database};
use server::clock::SystemChance;
use sqlx::{Executor, SqlSafeStr};

fn every_text() -> Vec<&'static str> {
    let rooms = [
        server::accounts::SQL,
        server::audit::SQL,
        server::adjustments::SQL,
        server::backup::SQL,
        server::bills::SQL,
        server::counter::SQL,
        server::dashboard::SQL,
        server::desk::SQL,
        server::external_payments::SQL,
        server::gateway_events::SQL,
        server::health::SQL,
        server::imports::SQL,
        server::invitations::SQL,
        server::ledger::SQL,
        server::limits::SQL,
        server::passkeys::SQL,
        server::payments::SQL,
        server::privacy::SQL,
        server::receipts::SQL,
        server::search::SQL,
        server::timeline::SQL,
        server::work_list::SQL,
        server::installation::SQL,
    ];
    let mut texts = rooms.concat().concat();
    texts.extend(server::sign_in::sql());
    texts.extend(server::staff_sign_in::sql());
    texts.extend(server::outbox::SQL);
    texts.extend(server::gateway::sandbox::SQL);
    texts.extend(server::gateway::sandbox::SESSION_SQL);
    texts
}

async fn every_text_is_prepared(on: On) {
    let Some((database, folder)) = fresh_database(on, Arc::new(SystemChance)).await else { return };
    let mut connection = database.read().acquire().await.unwrap();
    for text in every_text() {
        if let Err(error) = connection.prepare(text.into_sql_str()).await {
            panic!("{on:?}: {error}\n{text}");
        }
    }
    drop(connection);
    database.close().await;
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test]
async fn every_sql_text_is_understood_by_sqlite() {
    every_text_is_prepared(On::Sqlite).await;
}

#[tokio::test]
async fn every_sql_text_is_understood_by_postgres() {
    every_text_is_prepared(On::Postgres).await;
}

/// A text that is not in a room's list would slip past the test above.
#[test]
fn every_sql_constant_is_in_its_rooms_list() {
    let known: Vec<String> = every_text().iter().map(|text| words(text)).collect();
    let mut missing = Vec::new();
    for file in rust_files(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))) {
        let source = std::fs::read_to_string(&file).unwrap();
        for (at, _) in source.match_indices("const ") {
            let Some(text) = constant(&source[at..]) else { continue };
            let first = words(&text).split(' ').next().unwrap_or("").to_owned();
            let is_sql = ["select", "insert", "update", "delete", "with"].contains(&&*first);
            if is_sql && !known.contains(&words(&text)) {
                missing.push(format!("{}: {text}", file.display()));
            }
        }
    }
    assert!(missing.is_empty(), "not in a room's SQL list:\n{}", missing.join("\n"));
}

/// The text of `const NAME: &str = "…";`, if that is what stands here.
fn constant(source: &str) -> Option<String> {
    let statement = source.split_once(';')?.0;
    let (head, value) = statement.split_once('=')?;
    let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
    head.contains("&str").then(|| value.replace("\\\n", "").to_owned())
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn rust_files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files
}
