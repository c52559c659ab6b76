//! Beginning a sign-in: what has to come back is kept here, for this browser, for ten minutes.

use receivables::calendar::Micros;
use sqlx::AnyConnection;

use super::provider::Asking;
use super::refusal::StaffRefusal;
use crate::db::{Command, DbError, expect_rows};
use crate::sign_in::Token;
use crate::state::Portal;

pub const MINUTES: i64 = 10;

const INSERT: &str = "
insert into staff_sign_in_begun
  (state_hash, browser_hash, nonce, pkce_verifier, begun_at, expires_at)
values ($1, $2, $3, $4, $5, $6)";

const FORGET: &str = "delete from staff_sign_in_begun where expires_at < $1";

pub(super) const SQL: &[&str] = &[INSERT, FORGET];

/// Where the browser goes to sign in.
pub async fn begin(portal: &Portal, browser: &Token) -> Result<String, StaffRefusal> {
    let provider = portal.identity_provider.as_ref().ok_or(StaffRefusal::NotSetUp)?;
    let now = portal.now();
    let metadata = provider.metadata(now).await?;
    let chance = portal.chance.as_ref();
    let [state, nonce, pkce_verifier] = std::array::from_fn(|_| Token::draw(chance));
    let asking = Asking {
        state: state.reveal(),
        nonce: nonce.reveal(),
        pkce_verifier: pkce_verifier.reveal(),
    };
    let address = provider.sign_in_address(&metadata, &asking);
    let (state_hash, browser_hash) = (state.hash(), browser.hash());
    portal.db.write(Begin { state_hash, browser_hash, nonce, pkce_verifier, now }).await?;
    Ok(address)
}

struct Begin {
    state_hash: String,
    browser_hash: String,
    nonce: Token,
    pkce_verifier: Token,
    now: Micros,
}

impl Command for Begin {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        let written = sqlx::query(INSERT)
            .bind(&self.state_hash)
            .bind(&self.browser_hash)
            .bind(self.nonce.reveal())
            .bind(self.pkce_verifier.reveal())
            .bind(self.now.0)
            .bind(self.now.plus_minutes(MINUTES).0)
            .execute(&mut *tx)
            .await?;
        expect_rows(&written, 1, "staff_sign_in_begun")
    }
}

/// Clears away sign-ins that were begun and never came back; call it now and then.
pub async fn forget_old(portal: &Portal) -> Result<(), DbError> {
    portal.db.write(Forget { before: portal.now() }).await
}

struct Forget {
    before: Micros,
}

impl Command for Forget {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        sqlx::query(FORGET).bind(self.before.0).execute(&mut *tx).await?;
        Ok(())
    }
}
