//! Operators: staff with a key of their own, for the API and under whose name the command line
//! acts. The key is shown once, kept as a hash, sent as `Authorization: Bearer …`.

use receivables::calendar::Micros;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, Row};
use thiserror::Error;

use super::caller::{StaffMember, is_a_members};
use super::token::Token;
use super::trail::{self, TERMINAL};
use super::words::StaffRoles;
use crate::db::{Command, DbError};
use crate::state::Portal;

/// Says at a glance, in a log or a leak, what kind of secret this is.
const KEY_PREFIX: &str = "pdop_";
const LONGEST_NAME: usize = 60;

const FIND: &str = "select name, roles from operator where key_hash = $1 and ended_at is null";

const NAMED: &str = "select name, roles from operator where name = $1 and ended_at is null";

const ADD: &str = "
insert into operator (name, key_hash, roles, created_at) values ($1, $2, $3, $4)
on conflict (name) do nothing";

const GIVE_ROLES: &str = "update operator set roles = $2 where name = $1 and ended_at is null";

const END: &str = "update operator set ended_at = $2 where name = $1 and ended_at is null";

const ALL: &str = "select name, roles, ended_at from operator order by name";

pub(super) const SQL: &[&str] = &[FIND, NAMED, ADD, GIVE_ROLES, END, ALL];

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OperatorRefusal {
    #[error(
        "a name has 1 to {LONGEST_NAME} letters, digits, dots, dashes or underscores, and is no \
         member's id"
    )]
    Name,
    #[error("this name has been given already; a name is never given twice")]
    NameTaken,
    #[error("there is no such operator, or their key has ended already")]
    NotThere,
}

/// The operator whose key this is; none where it opens nothing.
pub(super) async fn find(portal: &Portal, key: &str) -> Result<Option<StaffMember>, DbError> {
    let Some(token) = key.strip_prefix(KEY_PREFIX).and_then(Token::parse) else { return Ok(None) };
    let query = sqlx::query(FIND).bind(token.hash());
    let row = query.fetch_optional(portal.db.read()).await?;
    row.map(|row| member(&row, portal.now())).transpose()
}

/// The operator of this name, as who is at the machine itself may act under any of them.
pub async fn named(portal: &Portal, name: &str) -> Result<Option<StaffMember>, DbError> {
    let row = sqlx::query(NAMED).bind(name).fetch_optional(portal.db.read()).await?;
    row.map(|row| member(&row, portal.now())).transpose()
}

fn member(row: &AnyRow, now: Micros) -> Result<StaffMember, DbError> {
    let name: String = row.try_get("name")?;
    let roles = roles(row, &name)?;
    Ok(StaffMember { name, roles, authenticated_at: now })
}

fn roles(row: &AnyRow, name: &str) -> Result<StaffRoles, DbError> {
    StaffRoles::parse(row.try_get("roles")?)
        .ok_or_else(|| DbError::inconsistent("operator", "roles", name))
}

/// Is this what staff and clients are called by?
pub(super) fn is_a_name(text: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    (1..=LONGEST_NAME).contains(&text.chars().count()) && text.chars().all(fits)
}

/// Gives a new operator a key.
pub struct AddOperator {
    name: String,
    token: Token,
    roles: StaffRoles,
    now: Micros,
}

impl AddOperator {
    /// The command, and the key to show once.
    pub fn new(
        name: &str,
        roles: StaffRoles,
        chance: &dyn crate::clock::Chance,
        now: Micros,
    ) -> Result<(Self, String), OperatorRefusal> {
        if !is_a_name(name) || is_a_members(name) {
            return Err(OperatorRefusal::Name);
        }
        let token = Token::draw(chance);
        let key = format!("{KEY_PREFIX}{}", token.reveal());
        Ok((Self { name: name.to_owned(), token, roles, now }, key))
    }
}

impl Command for AddOperator {
    type Reply = Result<(), OperatorRefusal>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Self::Reply, DbError> {
        let query = sqlx::query(ADD).bind(&self.name).bind(self.token.hash());
        let query = query.bind(self.roles.to_string()).bind(self.now.0);
        if query.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(Err(OperatorRefusal::NameTaken));
        }
        trail::record(tx, "operator_added", &self.name, (TERMINAL, self.now)).await.map(Ok)
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
        let query = sqlx::query(END).bind(&self.name).bind(self.now.0);
        if query.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(Err(OperatorRefusal::NotThere));
        }
        trail::record(tx, "operator_ended", &self.name, (TERMINAL, self.now)).await.map(Ok)
    }
}

/// Gives an operator other roles instead of the ones they have.
pub struct GiveRoles {
    pub name: String,
    pub roles: StaffRoles,
    pub now: Micros,
}

impl Command for GiveRoles {
    type Reply = Result<(), OperatorRefusal>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Self::Reply, DbError> {
        let query = sqlx::query(GIVE_ROLES).bind(&self.name).bind(self.roles.to_string());
        if query.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(Err(OperatorRefusal::NotThere));
        }
        trail::record(tx, "operator_roles", &self.name, (TERMINAL, self.now)).await.map(Ok)
    }
}

/// An operator, and whether their key still opens anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedOperator {
    pub name: String,
    pub roles: StaffRoles,
    pub is_open: bool,
}

pub async fn operators(pool: &AnyPool) -> Result<Vec<ListedOperator>, DbError> {
    let rows = sqlx::query(ALL).fetch_all(pool).await?;
    rows.iter()
        .map(|row| {
            let name: String = row.try_get("name")?;
            let ended: Option<i64> = row.try_get("ended_at")?;
            Ok(ListedOperator { roles: roles(row, &name)?, name, is_open: ended.is_none() })
        })
        .collect()
}
