//! What a device is asked to sign, kept on the server until the answer comes.

use receivables::calendar::Micros;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{AnyConnection, Row};
use url::Url;
use webauthn_rs::{Webauthn, WebauthnBuilder};

use crate::db::{Command, DbError};
use crate::problem::Refusal;
use crate::state::Portal;

/// As long as the browser's own dialogue waits.
const MINUTES: i64 = 5;

const KEEP: &str = "
insert into passkey_ceremony (id, state, expires_at) values ($1, $2, $3)
on conflict (id) do update set state = excluded.state, expires_at = excluded.expires_at";

const TAKE: &str = "
delete from passkey_ceremony where id = $1 and expires_at > $2 returning state";

const FORGET: &str = "delete from passkey_ceremony where expires_at < $1";

pub(super) const SQL: &[&str] = &[KEEP, TAKE, FORGET];

/// Checks signatures for this portal's address. None where that is a bare IP address, which the
/// standard lets nobody make passkeys for.
pub struct Passkeys(Option<Webauthn>);

impl Passkeys {
    pub fn at(public_url: &str, biller: &str) -> Self {
        let build = || {
            let origin = Url::parse(public_url).ok()?;
            let builder = WebauthnBuilder::new(origin.domain()?, &origin).ok()?;
            builder.rp_name(biller).build().ok()
        };
        Self(build())
    }

    pub const fn are_possible(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn checker(&self) -> Result<&Webauthn, Refusal> {
        self.0.as_ref().ok_or_else(|| {
            let words = "This portal's address cannot have passkeys.";
            Refusal::conflict("passkeys-unavailable", words)
        })
    }
}

/// Keeps what was asked; what was asked under this id before counts no more.
pub(super) async fn keep(
    portal: &Portal,
    id: String,
    state: &impl Serialize,
) -> Result<(), Refusal> {
    let state = serde_json::to_string(state).map_err(|_| Refusal::fault())?;
    let expires_at = portal.now().plus_minutes(MINUTES);
    Ok(portal.db.write(Keep { id, state, expires_at }).await?)
}

struct Keep {
    id: String,
    state: String,
    expires_at: Micros,
}

impl Command for Keep {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        let query = sqlx::query(KEEP).bind(&self.id).bind(&self.state).bind(self.expires_at.0);
        query.execute(tx).await?;
        Ok(())
    }
}

/// Takes what was asked out of the table, inside the command that looks at the answer.
pub(super) async fn take<T: DeserializeOwned>(
    tx: &mut AnyConnection,
    id: &str,
    now: Micros,
) -> Result<Option<T>, DbError> {
    let row = sqlx::query(TAKE).bind(id).bind(now.0).fetch_optional(tx).await?;
    let Some(row) = row else { return Ok(None) };
    let state: String = row.try_get("state")?;
    let wrong = |_| DbError::inconsistent("passkey_ceremony", "state", "of a ceremony");
    serde_json::from_str(&state).map(Some).map_err(wrong)
}

/// Clears away what nobody answered; call it now and then.
pub async fn forget_old_ceremonies(portal: &Portal) -> Result<(), DbError> {
    portal.db.write(Forget { before: portal.now() }).await
}

struct Forget {
    before: Micros,
}

impl Command for Forget {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        sqlx::query(FORGET).bind(self.before.0).execute(tx).await?;
        Ok(())
    }
}
