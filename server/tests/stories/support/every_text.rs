//! Everything that is written in a database, to be searched.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Column, Row};

/// Every text of every table, with where it stands.
pub async fn every_text(database: &server::db::Database) -> Vec<(String, String)> {
    let names = match database.engine() {
        server::db::Engine::Sqlite => {
            "select name from sqlite_master where type = 'table' and name not like 'sqlite%'"
        }
        server::db::Engine::Postgres => {
            "select cast(table_name as text) from information_schema.tables \
             where table_schema = 'public'"
        }
    };
    let tables: Vec<String> = sqlx::query_scalar(names).fetch_all(database.read()).await.unwrap();
    let mut texts = Vec::new();
    for table in tables.iter().filter(|table| *table != "_sqlx_migrations") {
        let all = AssertSqlSafe(format!("select * from {table}"));
        for row in sqlx::query(all).fetch_all(database.read()).await.unwrap() {
            for column in row.columns() {
                if let Ok(Some(text)) = row.try_get::<Option<String>, _>(column.ordinal()) {
                    texts.push((format!("{table}.{}", column.name()), text));
                }
            }
        }
    }
    texts
}

/// Every column that holds texts, in which tables there are none of them too.
pub async fn text_columns(database: &server::db::Database) -> BTreeSet<String> {
    let columns = match database.engine() {
        server::db::Engine::Sqlite => {
            "select t.name || '.' || c.name from sqlite_master t, pragma_table_info(t.name) c \
             where t.type = 'table' and t.name not like 'sqlite%' \
               and t.name not like '\\_sqlx%' escape '\\' and lower(c.type) = 'text'"
        }
        server::db::Engine::Postgres => {
            "select cast(table_name || '.' || column_name as text) \
             from information_schema.columns \
             where table_schema = 'public' and table_name not like '\\_sqlx%' \
               and data_type = 'text'"
        }
    };
    sqlx::query_scalar(columns).fetch_all(database.read()).await.unwrap().into_iter().collect()
}

pub fn where_it_stands<'t>(texts: &'t [(String, String)], wanted: &str) -> Vec<&'t str> {
    let wanted = wanted.to_lowercase();
    let found = texts.iter().filter(|(_, text)| text.to_lowercase().contains(&wanted));
    found.map(|(place, _)| place.as_str()).collect()
}
