//! API clients: programs of the biller's, each with scopes and with one or two keys that expire,
//! so that a new key is in use before the old one ends. A key is shown once and kept as a hash.

use receivables::api::api_clients::{ApiClientDocument, ApiKeyDocument};
use receivables::calendar::Micros;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, Row};
use thiserror::Error;

use super::caller::ApiClient;
use super::operator::is_a_name;
use super::token::Token;
use super::trail;
use super::words::Scopes;
use crate::clock::{Chance, instant_text};
use crate::db::{Command, DbError, expect_rows};
use crate::state::Portal;

/// Says at a glance, in a log or a leak, what kind of secret this is.
const KEY_PREFIX: &str = "pdk_";
const MOST_LIVE_KEYS: i64 = 2;
pub const LONGEST_LIFE_DAYS: i64 = 400;
const MINUTE: i64 = 60 * 1_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

// One question for every reason: a key that is wrong, ended or expired is answered alike, and
// costs the same work.
const FIND: &str = "
select c.name, c.scopes, k.id, k.last_used_at
from api_key k join api_client c on c.name = k.client
where k.key_hash = $1 and k.ended_at is null and k.expires_at > $2 and c.ended_at is null";

const NOTE_USE: &str = "
update api_key set last_used_at = $2
where id = $1 and (last_used_at is null or last_used_at < $2)";

const ADD_CLIENT: &str = "
insert into api_client (name, scopes, created_by, created_at) values ($1, $2, $3, $4)
on conflict (name) do nothing";

// Takes the client's row, so that of several rotations at once one goes first.
const LOCK_CLIENT: &str = "
update api_client set version = version + 1 where name = $1 and ended_at is null";

const COUNT_LIVE: &str = "
select count(*) from api_key where client = $1 and ended_at is null and expires_at > $2";

const ADD_KEY: &str = "
insert into api_key (id, client, key_hash, created_by, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6)";

const END_KEY: &str = "
update api_key set ended_at = $3 where client = $1 and id = $2 and ended_at is null";

const END_CLIENT: &str = "
update api_client set ended_at = $2 where name = $1 and ended_at is null";

const END_KEYS: &str = "
update api_key set ended_at = $2 where client = $1 and ended_at is null";

const CLIENTS: &str = "select name, scopes, created_by, ended_at from api_client order by name";

const KEYS: &str = "
select id, client, created_at, expires_at, last_used_at, ended_at
from api_key order by client, created_at, id";

pub(super) const SQL: &[&str] = &[
    FIND,
    NOTE_USE,
    ADD_CLIENT,
    LOCK_CLIENT,
    COUNT_LIVE,
    ADD_KEY,
    END_KEY,
    END_CLIENT,
    END_KEYS,
    CLIENTS,
    KEYS,
];

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ApiClientRefusal {
    #[error("a name has 1 to 60 letters, digits, dots, dashes or underscores")]
    Name,
    #[error("this name has been given already; a name is never given twice")]
    NameTaken,
    #[error("a key lives between 1 and {LONGEST_LIFE_DAYS} days")]
    Life,
    #[error("there is no such client or key, or it has ended already")]
    NotThere,
    #[error("this client has two keys that open: end one of them first")]
    TwoKeys,
}

/// The client whose key this is; none where it opens nothing.
pub(super) async fn find(portal: &Portal, key: &str) -> Result<Option<ApiClient>, DbError> {
    let Some(token) = key.strip_prefix(KEY_PREFIX).and_then(Token::parse) else { return Ok(None) };
    let now = portal.now();
    let query = sqlx::query(FIND).bind(token.hash()).bind(now.0);
    let Some(row) = query.fetch_optional(portal.db.read()).await? else { return Ok(None) };
    let name: String = row.try_get("name")?;
    let scopes = scopes(&row, &name)?;
    let used: Option<i64> = row.try_get("last_used_at")?;
    // At most once a minute: a write for every request would make reading as dear as paying.
    if used.is_none_or(|used| now.0.saturating_sub(used) >= MINUTE) {
        match portal.db.write(NoteUse { id: row.try_get("id")?, now }).await {
            Ok(()) => {}
            Err(error) if error.is_busy() => {
                tracing::warn!(%error, "a key's use was not noted");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Some(ApiClient { name, scopes }))
}

fn scopes(row: &AnyRow, name: &str) -> Result<Scopes, DbError> {
    Scopes::parse(row.try_get("scopes")?)
        .ok_or_else(|| DbError::inconsistent("api_client", "scopes", name))
}

struct NoteUse {
    id: String,
    now: Micros,
}

impl Command for NoteUse {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        sqlx::query(NOTE_USE).bind(&self.id).bind(self.now.0).execute(tx).await?;
        Ok(())
    }
}

/// A key that is to be made, by whom and for how long.
struct NewKey {
    id: String,
    token: Token,
    by: String,
    now: Micros,
    expires_at: Micros,
}

impl NewKey {
    fn draw(
        by: &str,
        days: i64,
        now: Micros,
        chance: &dyn Chance,
    ) -> Result<Self, ApiClientRefusal> {
        if !(1..=LONGEST_LIFE_DAYS).contains(&days) {
            return Err(ApiClientRefusal::Life);
        }
        let mut id = [0; 4];
        chance.fill(&mut id);
        let expires_at = Micros(now.0.saturating_add(days.saturating_mul(DAY)));
        let token = Token::draw(chance);
        Ok(Self { id: hex::encode(id), token, by: by.to_owned(), now, expires_at })
    }

    fn shown(&self) -> ShownKey {
        let key = format!("{KEY_PREFIX}{}", self.token.reveal());
        ShownKey { id: self.id.clone(), key, expires_at: self.expires_at }
    }

    async fn insert(&self, tx: &mut AnyConnection, client: &str) -> Result<(), DbError> {
        let written = sqlx::query(ADD_KEY)
            .bind(&self.id)
            .bind(client)
            .bind(self.token.hash())
            .bind(&self.by)
            .bind(self.now.0)
            .bind(self.expires_at.0)
            .execute(&mut *tx)
            .await?;
        expect_rows(&written, 1, "api_key")?;
        let about = format!("{client}/{}", self.id);
        trail::record(tx, "api_key_given", &about, (&self.by, self.now)).await
    }
}

/// A key as it is shown, this once.
#[derive(Clone)]
pub struct ShownKey {
    pub id: String,
    pub key: String,
    pub expires_at: Micros,
}

/// Makes a client with its first key.
pub struct AddApiClient {
    client: String,
    scopes: Scopes,
    key: NewKey,
}

impl AddApiClient {
    pub fn new(
        (client, scopes): (&str, Scopes),
        by: &str,
        days: i64,
        now: Micros,
        chance: &dyn Chance,
    ) -> Result<(Self, ShownKey), ApiClientRefusal> {
        if !is_a_name(client) {
            return Err(ApiClientRefusal::Name);
        }
        let key = NewKey::draw(by, days, now, chance)?;
        let shown = key.shown();
        Ok((Self { client: client.to_owned(), scopes, key }, shown))
    }
}

impl Command for AddApiClient {
    type Reply = Result<(), ApiClientRefusal>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Self::Reply, DbError> {
        let written = sqlx::query(ADD_CLIENT)
            .bind(&self.client)
            .bind(self.scopes.to_string())
            .bind(&self.key.by)
            .bind(self.key.now.0)
            .execute(&mut *tx)
            .await?;
        if written.rows_affected() == 0 {
            return Ok(Err(ApiClientRefusal::NameTaken));
        }
        self.key.insert(tx, &self.client).await.map(Ok)
    }
}

/// Makes one more key for a client, beside the one in use.
pub struct RotateApiKey {
    client: String,
    key: NewKey,
}

impl RotateApiKey {
    pub fn new(
        client: &str,
        by: &str,
        days: i64,
        now: Micros,
        chance: &dyn Chance,
    ) -> Result<(Self, ShownKey), ApiClientRefusal> {
        let key = NewKey::draw(by, days, now, chance)?;
        let shown = key.shown();
        Ok((Self { client: client.to_owned(), key }, shown))
    }
}

impl Command for RotateApiKey {
    type Reply = Result<(), ApiClientRefusal>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Self::Reply, DbError> {
        let locked = sqlx::query(LOCK_CLIENT).bind(&self.client).execute(&mut *tx).await?;
        if locked.rows_affected() == 0 {
            return Ok(Err(ApiClientRefusal::NotThere));
        }
        let count = sqlx::query(COUNT_LIVE).bind(&self.client).bind(self.key.now.0);
        let live: i64 = count.fetch_one(&mut *tx).await?.try_get(0)?;
        if live >= MOST_LIVE_KEYS {
            return Ok(Err(ApiClientRefusal::TwoKeys));
        }
        self.key.insert(tx, &self.client).await.map(Ok)
    }
}

/// Ends one key, or without a key the client with all of them.
pub struct EndApiClient {
    pub client: String,
    pub key: Option<String>,
    pub by: String,
    pub now: Micros,
}

impl Command for EndApiClient {
    type Reply = Result<(), ApiClientRefusal>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Self::Reply, DbError> {
        let ended = match &self.key {
            Some(key) => {
                let query = sqlx::query(END_KEY).bind(&self.client).bind(key).bind(self.now.0);
                query.execute(&mut *tx).await?
            }
            None => {
                let keys = sqlx::query(END_KEYS).bind(&self.client).bind(self.now.0);
                keys.execute(&mut *tx).await?;
                let client = sqlx::query(END_CLIENT).bind(&self.client).bind(self.now.0);
                client.execute(&mut *tx).await?
            }
        };
        if ended.rows_affected() == 0 {
            return Ok(Err(ApiClientRefusal::NotThere));
        }
        let about = match &self.key {
            Some(key) => format!("{}/{key}", self.client),
            None => self.client.clone(),
        };
        trail::record(tx, "api_key_ended", &about, (&self.by, self.now)).await.map(Ok)
    }
}

/// Every client with its keys, without what would open anything.
pub async fn api_clients(pool: &AnyPool) -> Result<Vec<ApiClientDocument>, DbError> {
    let mut clients = Vec::new();
    for row in sqlx::query(CLIENTS).fetch_all(pool).await? {
        let name: String = row.try_get("name")?;
        let scopes = scopes(&row, &name)?.iter().collect();
        let ended: Option<i64> = row.try_get("ended_at")?;
        clients.push(ApiClientDocument {
            name,
            scopes,
            created_by: row.try_get("created_by")?,
            ended_at: ended.map(|at| instant_text(Micros(at))),
            keys: Vec::new(),
        });
    }
    for row in sqlx::query(KEYS).fetch_all(pool).await? {
        let client: String = row.try_get("client")?;
        let at = |column| row.try_get::<Option<i64>, _>(column).map(|at| at.map(Micros));
        let key = ApiKeyDocument {
            id: row.try_get("id")?,
            created_at: instant_text(Micros(row.try_get("created_at")?)),
            expires_at: instant_text(Micros(row.try_get("expires_at")?)),
            last_used_at: at("last_used_at")?.map(instant_text),
            ended_at: at("ended_at")?.map(instant_text),
        };
        if let Some(client) = clients.iter_mut().find(|known| known.name == client) {
            client.keys.push(key);
        }
    }
    Ok(clients)
}
