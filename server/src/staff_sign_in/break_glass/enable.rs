//! Breaking the glass at the machine, and mending it.

use receivables::calendar::Micros;
use sqlx::AnyConnection;
use thiserror::Error;

use super::ISSUER;
use super::secrets::{Sealed, draw_password, seal};
use super::totp::Seed;
use crate::audit::{self, NewAct};
use crate::clock::{Chance, instant_text};
use crate::db::{Command, Database, DbError, expect_rows};

const MOST_HOURS: u16 = 24;
const LONGEST_NAME: usize = 60;

const ENABLE: &str = "
insert into break_glass (name, password_hash, seed_salt, seed_sealed, last_step, wrong_tries,
  wrong_since, enabled_at, expires_at)
values ($1, $2, $3, $4, 0, 0, 0, $5, $6)
on conflict (name) do update set
  password_hash = excluded.password_hash, seed_salt = excluded.seed_salt,
  seed_sealed = excluded.seed_sealed, last_step = 0, wrong_tries = 0, wrong_since = 0,
  enabled_at = excluded.enabled_at, expires_at = excluded.expires_at";

const DISABLE: &str = "delete from break_glass where name = $1";

const END_SESSIONS: &str = "
update staff_session set ended_at = $3
where ended_at is null
  and member_id in (select id from staff_member where issuer = $1 and subject = $2)";

pub(super) const SQL: &[&str] = &[ENABLE, DISABLE, END_SESSIONS];

#[derive(Debug, Error)]
pub enum GlassRefusal {
    #[error("a name has 1 to {LONGEST_NAME} letters, digits, dots, dashes or underscores")]
    Name,
    #[error("the hours are 1 to {MOST_HOURS}")]
    Hours,
    #[error("the glass is not broken for this name")]
    NotThere,
    #[error("the password cannot be hashed")]
    Hash,
    #[error(transparent)]
    Database(#[from] DbError),
}

/// What is printed once.
pub struct Enabled {
    pub name: String,
    pub password: String,
    seed: Seed,
    pub expires_at: Micros,
}

impl std::fmt::Display for Enabled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, password, seed, expires_at } = self;
        let key = seed.base32();
        writeln!(f, "Until {}, as an admin who moves no money,", instant_text(*expires_at))?;
        writeln!(f, "at /staff/break-glass. Shown this once:")?;
        writeln!(f, "name      {name}")?;
        writeln!(f, "password  {password}")?;
        writeln!(f, "key       {key}")?;
        writeln!(f, "otpauth://totp/Paydown:{name}?secret={key}&issuer=Paydown")?;
        write!(f, "The key, or the line below it, is for an authenticator app.")
    }
}

/// Lets somebody in by this name for some hours. An earlier password of that name ends.
pub async fn enable(
    database: &Database,
    chance: &dyn Chance,
    now: Micros,
    name: &str,
    hours: u16,
) -> Result<Enabled, GlassRefusal> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(fits) {
        return Err(GlassRefusal::Name);
    }
    if !(1..=MOST_HOURS).contains(&hours) {
        return Err(GlassRefusal::Hours);
    }
    let (password, seed) = (draw_password(chance), Seed::draw(chance));
    let sealed = seal(&password, &seed, chance).ok_or(GlassRefusal::Hash)?;
    let expires_at = now.plus_minutes(i64::from(hours) * 60);
    let name = name.to_owned();
    database.write(Enable { name: name.clone(), sealed, now, expires_at }).await?;
    Ok(Enabled { name, password, seed, expires_at })
}

struct Enable {
    name: String,
    sealed: Sealed,
    now: Micros,
    expires_at: Micros,
}

impl Command for Enable {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        end_sessions(tx, &self.name, self.now).await?;
        let written = sqlx::query(ENABLE)
            .bind(&self.name)
            .bind(&self.sealed.password_hash)
            .bind(&self.sealed.seed_salt)
            .bind(&self.sealed.seed_sealed)
            .bind(self.now.0)
            .bind(self.expires_at.0)
            .execute(&mut *tx)
            .await?;
        expect_rows(&written, 1, "break_glass")?;
        record(tx, &self.name, "break_glass_enabled", self.now).await
    }
}

/// Ends it before its time: the password, and every session opened by it.
pub async fn disable(database: &Database, now: Micros, name: &str) -> Result<(), GlassRefusal> {
    let was_there = database.write(Disable { name: name.to_owned(), now }).await?;
    if was_there { Ok(()) } else { Err(GlassRefusal::NotThere) }
}

struct Disable {
    name: String,
    now: Micros,
}

impl Command for Disable {
    type Reply = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, DbError> {
        let deleted = sqlx::query(DISABLE).bind(&self.name).execute(&mut *tx).await?;
        if deleted.rows_affected() == 0 {
            return Ok(false);
        }
        end_sessions(tx, &self.name, self.now).await?;
        record(tx, &self.name, "break_glass_disabled", self.now).await?;
        Ok(true)
    }
}

async fn end_sessions(tx: &mut AnyConnection, name: &str, now: Micros) -> Result<(), DbError> {
    sqlx::query(END_SESSIONS).bind(ISSUER).bind(name).bind(now.0).execute(tx).await?;
    Ok(())
}

async fn record(
    tx: &mut AnyConnection,
    name: &str,
    what: &str,
    now: Micros,
) -> Result<(), DbError> {
    let act = NewAct {
        id: format!("{ISSUER}/{name}/{what}/{}", now.0),
        kind: what.to_owned(),
        actor: "operator".to_owned(),
        about: format!("{ISSUER}/{name}"),
        account_id: None,
        at: now,
        request: None,
        digest: None,
    };
    audit::record(tx, &act).await
}
