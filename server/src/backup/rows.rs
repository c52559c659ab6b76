//! Every row of every table from one database into another, of one moment and in one
//! transaction. The tables are the program's own and the same on both engines; what they are is
//! read from the side that is SQLite, in the order they were made, so that what is referred to
//! comes first.

use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, Row};

use crate::db::{Command, DbError, ROWS_AT_MOST, snapshot, widened};

/// Copies all rows; the reply says how many of which table.
pub struct CopyRows {
    pub from: AnyPool,
    pub alter: Arc<dyn Alter>,
}

/// What becomes of rows on their way.
pub trait Alter: Send + Sync {
    fn copies(&self, table: &str) -> bool;
    fn text(&self, table: &str, column: &str, text: String) -> Option<String>;
    fn number(&self, table: &str, column: &str, number: i64) -> Option<i64>;
}

/// Everything as it is.
pub(super) struct Unaltered;

impl Alter for Unaltered {
    fn copies(&self, _table: &str) -> bool {
        true
    }

    fn text(&self, _table: &str, _column: &str, text: String) -> Option<String> {
        Some(text)
    }

    fn number(&self, _table: &str, _column: &str, number: i64) -> Option<i64> {
        Some(number)
    }
}

impl Command for CopyRows {
    type Reply = Vec<(String, i64)>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Self::Reply, DbError> {
        let mut from = snapshot(&self.from).await?;
        let tables = if from.backend_name() == "SQLite" {
            tables(&mut from).await?
        } else {
            tables(&mut *tx).await?
        };
        let mut copied = Vec::with_capacity(tables.len());
        for table in tables.into_iter().filter(|table| self.alter.copies(&table.name)) {
            // A new database has the few rows that its migrations put there.
            let empty = format!("delete from {}", table.name);
            sqlx::query(AssertSqlSafe(empty)).execute(&mut *tx).await?;
            let rows = copy_table(&mut from, tx, &table, self.alter.as_ref()).await?;
            copied.push((table.name, rows));
        }
        Ok(copied)
    }
}

pub(super) struct Table {
    pub name: String,
    columns: Vec<Column>,
}

struct Column {
    name: String,
    is_text: bool,
}

enum Value {
    Text(Option<String>),
    Number(Option<i64>),
}

/// The tables of a SQLite database, in the order they were made.
pub(super) async fn tables(sqlite: &mut AnyConnection) -> Result<Vec<Table>, DbError> {
    let all = "select name from sqlite_master where type = 'table' \
               and name not like 'sqlite!_%' escape '!' and name <> '_sqlx_migrations' order by rowid";
    let mut tables = Vec::new();
    for row in sqlx::query(all).fetch_all(&mut *sqlite).await? {
        let name: String = row.try_get(0)?;
        let of_table = "select name, type from pragma_table_info($1) order by cid";
        let columns = sqlx::query(of_table).bind(&name).fetch_all(&mut *sqlite).await?;
        let columns = columns.iter().map(|row| column(&name, row));
        tables.push(Table { columns: columns.collect::<Result<_, _>>()?, name });
    }
    Ok(tables)
}

fn column(table: &str, row: &AnyRow) -> Result<Column, DbError> {
    let (name, kind): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    let is_text = match kind.to_ascii_lowercase().as_str() {
        "text" => true,
        "bigint" => false,
        _ => return Err(DbError::SetUp(format!("{table}.{name} is neither text nor bigint"))),
    };
    Ok(Column { name, is_text })
}

async fn copy_table(
    from: &mut AnyConnection,
    into: &mut AnyConnection,
    table: &Table,
    alter: &dyn Alter,
) -> Result<i64, DbError> {
    let names = table.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>();
    let (names, name) = (names.join(", "), &table.name);
    let select = format!("select {names} from {name}");
    let places = (1..=table.columns.len()).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
    let insert = format!("insert into {name} ({names}) values ({places})");
    // Names of tables and columns of our own migrations, and nothing else.
    let mut rows = sqlx::query(AssertSqlSafe(select)).fetch(from);
    let mut copied = 0;
    let mut waiting = Vec::with_capacity(ROWS_AT_MOST);
    loop {
        let row = rows.try_next().await?;
        let is_last = row.is_none();
        if let Some(row) = row {
            waiting.push(values(table, &row, alter)?);
        }
        if waiting.len() == ROWS_AT_MOST || (is_last && !waiting.is_empty()) {
            copied += waiting.len() as i64;
            write(into, &insert, std::mem::take(&mut waiting)).await?;
        }
        if is_last {
            return Ok(copied);
        }
    }
}

fn values(table: &Table, row: &AnyRow, alter: &dyn Alter) -> Result<Vec<Value>, DbError> {
    let value = |(at, column): (usize, &Column)| {
        let name = &column.name;
        Ok(if column.is_text {
            let text: Option<String> = row.try_get(at)?;
            Value::Text(text.and_then(|text| alter.text(&table.name, name, text)))
        } else {
            let number: Option<i64> = row.try_get(at)?;
            Value::Number(number.and_then(|number| alter.number(&table.name, name, number)))
        })
    };
    table.columns.iter().enumerate().map(value).collect()
}

async fn write(
    into: &mut AnyConnection,
    insert: &str,
    rows: Vec<Vec<Value>>,
) -> Result<(), DbError> {
    let mut query = sqlx::query(AssertSqlSafe(widened(insert, rows.len())));
    for value in rows.into_iter().flatten() {
        query = match value {
            Value::Text(text) => query.bind(text),
            Value::Number(number) => query.bind(number),
        };
    }
    query.execute(into).await?;
    Ok(())
}
