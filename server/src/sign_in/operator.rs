//! Staff who put things right by the API or the command line: each has a key of their own, shown
//! once, kept as a hash, sent as `Authorization: Bearer …`.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use receivables::calendar::Micros;
use sqlx::{AnyConnection, AnyPool, Row};
use thiserror::Error;

use super::token::Token;
use crate::db::{Command, DbError};
use crate::problem::Refusal;
use crate::state::Shared;

/// Says at a glance, in a log or a leak, what kind of secret this is.
const KEY_PREFIX: &str = "pdop_";
const LONGEST_NAME: usize = 60;

const FIND: &str = "select name from operator where key_hash = $1 and ended_at is null";

const ADD: &str = "
insert into operator (name, key_hash, created_at) values ($1, $2, $3)
on conflict (name) do nothing";

const END: &str = "update operator set ended_at = $2 where name = $1 and ended_at is null";

const ALL: &str = "select name, ended_at from operator order by name";

pub(super) const SQL: &[&str] = &[FIND, ADD, END, ALL];

/// A member of staff, proven by their key. A handler that takes this answers 401 to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OperatorRefusal {
    #[error("a name has 1 to {LONGEST_NAME} letters, digits, dots, dashes or underscores")]
    Name,
    #[error("this name has been given already; a name is never given twice")]
    NameTaken,
    #[error("there is no such operator, or their key has ended already")]
    NotThere,
}

impl FromRequestParts<Shared> for Operator {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, portal: &Shared) -> Result<Self, Refusal> {
        let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(Refusal::unauthenticated());
        };
        let key = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
        let token = key.and_then(|key| Token::parse(key.trim().strip_prefix(KEY_PREFIX)?));
        let token = token.ok_or_else(Refusal::unauthenticated)?;
        let found = sqlx::query(FIND).bind(token.hash()).fetch_optional(portal.db.read()).await?;
        let row = found.ok_or_else(Refusal::unauthenticated)?;
        Ok(Self { name: row.try_get("name")? })
    }
}

/// Gives a new operator a key.
pub struct AddOperator {
    name: String,
    token: Token,
    now: Micros,
}

impl AddOperator {
    /// The command, and the key to show once.
    pub fn new(
        name: &str,
        chance: &dyn crate::clock::Chance,
        now: Micros,
    ) -> Result<(Self, String), OperatorRefusal> {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        let length = name.chars().count();
        if length == 0 || length > LONGEST_NAME || !name.chars().all(fits) {
            return Err(OperatorRefusal::Name);
        }
        let token = Token::draw(chance);
        let key = format!("{KEY_PREFIX}{}", token.reveal());
        Ok((Self { name: name.to_owned(), token, now }, key))
    }
}

impl Command for AddOperator {
    type Reply = Result<(), OperatorRefusal>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Self::Reply, DbError> {
        let query = sqlx::query(ADD).bind(&self.name).bind(self.token.hash()).bind(self.now.0);
        let written = query.execute(tx).await?.rows_affected();
        Ok(if written == 1 { Ok(()) } else { Err(OperatorRefusal::NameTaken) })
    }
}

/// Ends an operator's key. What they did stays under their name.
pub struct EndOperator {
    pub name: String,
    pub now: Micros,
}

impl Command for EndOperator {
    type Reply = Result<(), OperatorRefusal>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Self::Reply, DbError> {
        let written = sqlx::query(END).bind(&self.name).bind(self.now.0).execute(tx).await?;
        Ok(if written.rows_affected() == 1 { Ok(()) } else { Err(OperatorRefusal::NotThere) })
    }
}

/// Every operator, and whether their key still opens anything.
pub async fn operators(pool: &AnyPool) -> Result<Vec<(String, bool)>, DbError> {
    let rows = sqlx::query(ALL).fetch_all(pool).await?;
    rows.iter()
        .map(|row| {
            let ended: Option<i64> = row.try_get("ended_at")?;
            Ok((row.try_get("name")?, ended.is_none()))
        })
        .collect()
}
