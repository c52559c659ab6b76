//! What this database is: stamped once with the kind of money it holds, so that demo money can
//! never meet real money.

use receivables::api::portal::GatewayMode;
use sqlx::{AnyConnection, Row};
use thiserror::Error;

use crate::db::{Command, Database, DbError};

const FIND_STAMP: &str = "select value from installation where name = 'gateway_mode'";
const WRITE_STAMP: &str = "
insert into installation (name, value) values ('gateway_mode', $1) on conflict (name) do nothing";

/// Every SQL text of this file, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] = &[&[FIND_STAMP, WRITE_STAMP]];

#[derive(Debug, Error)]
#[error(
    "this database holds {stamped} money and the configuration says {wanted}: use the \
     database that belongs to the key, or the key that belongs to the database"
)]
pub struct AnotherMode {
    stamped: String,
    wanted: &'static str,
}

/// Stamps a new database with the mode, and refuses one that holds another kind of money.
pub async fn stamp(db: &Database, mode: GatewayMode) -> Result<Result<(), AnotherMode>, DbError> {
    let wanted = match mode {
        GatewayMode::Sandbox => "sandbox",
        GatewayMode::Test => "test",
        GatewayMode::Live => "live",
    };
    let stamped = db.write(Stamp(wanted)).await?;
    Ok(if stamped == wanted { Ok(()) } else { Err(AnotherMode { stamped, wanted }) })
}

struct Stamp(&'static str);

impl Command for Stamp {
    type Reply = String;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<String, DbError> {
        sqlx::query(WRITE_STAMP).bind(self.0).execute(&mut *tx).await?;
        Ok(sqlx::query(FIND_STAMP).fetch_one(tx).await?.try_get(0)?)
    }
}
