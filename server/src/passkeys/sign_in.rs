//! Signing in with a passkey: the device says whose it is, and proves it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use receivables::calendar::Micros;
use receivables::ids::CustomerId;
use sqlx::{AnyConnection, Row};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, PublicKeyCredential, RequestChallengeResponse,
};

use super::register::uuid_of;
use super::{ceremony, store};
use crate::db::{Command, DbError, expect_rows};
use crate::problem::Refusal;
use crate::sign_in::{NewSession, Opening, Session, Token};
use crate::state::{Portal, Shared};

const FIND: &str = "select customer_id, credential from passkey where id = $1";

const NOTE_USE: &str = "
update passkey set credential = $2, last_used_at = $3 where id = $1";

pub(super) const SQL: &[&str] = &[FIND, NOTE_USE];

/// One for a browser: asking again forgets what was asked before.
fn ceremony_of(browser: &Token) -> String {
    format!("sign-in/{}", browser.hash())
}

/// What the device is asked; nobody has to say who they are first.
pub(super) async fn ask(
    portal: &Portal,
    browser: &Token,
) -> Result<RequestChallengeResponse, Refusal> {
    let checker = portal.passkeys.checker()?;
    let asked = checker.start_discoverable_authentication();
    let (mut challenge, state) = asked.map_err(|error| {
        tracing::error!(%error, "a passkey cannot be asked for");
        Refusal::fault()
    })?;
    // The button asks for it; nothing lies in wait in a field.
    challenge.mediation = None;
    ceremony::keep(portal, ceremony_of(browser), &state).await?;
    Ok(challenge)
}

/// Opens a session if the answer is right.
pub(super) async fn finish(
    portal: &Shared,
    browser: &Token,
    credential: PublicKeyCredential,
    opening: Opening,
) -> Result<Option<Session>, DbError> {
    let (ceremony, now) = (ceremony_of(browser), portal.now());
    let finish = Finish { portal: portal.clone(), ceremony, credential, opening, now };
    portal.db.write(finish).await
}

struct Finish {
    portal: Shared,
    ceremony: String,
    credential: PublicKeyCredential,
    opening: Opening,
    now: Micros,
}

impl Command for Finish {
    type Reply = Option<Session>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Option<Session>, DbError> {
        let state: Option<DiscoverableAuthentication> =
            ceremony::take(tx, &self.ceremony, self.now).await?;
        let (Some(state), Ok(checker)) = (state, self.portal.passkeys.checker()) else {
            return Ok(None);
        };
        let id = URL_SAFE_NO_PAD.encode(self.credential.get_credential_id());
        let found = sqlx::query(FIND).bind(&id).fetch_optional(&mut *tx).await?;
        let Some(row) = found else { return Ok(None) };
        let customer_id = CustomerId::parse(row.try_get("customer_id")?)
            .map_err(|_| DbError::inconsistent("passkey", "customer_id", &id))?;
        // The library leaves it to us whether the device means the same person.
        let meant = checker.identify_discoverable_authentication(&self.credential);
        if !meant.is_ok_and(|(user, _)| uuid_of(customer_id).is_ok_and(|owner| owner == user)) {
            return Ok(None);
        }
        let credential: String = row.try_get("credential")?;
        let mut passkey = store::read(&credential)?;
        let given = &self.credential;
        let checked = checker.finish_discoverable_authentication_v2(given, state, &passkey);
        let result = match checked {
            Ok(result) if result.user_verified() => result,
            Ok(_) => return Ok(None),
            Err(error) => {
                tracing::info!(security = "passkey-invalid", %error, "a passkey was refused");
                return Ok(None);
            }
        };
        passkey.update_credential(&result);
        let credential = serde_json::to_string(&passkey)
            .map_err(|_| DbError::inconsistent("passkey", "credential", &id))?;
        let query = sqlx::query(NOTE_USE).bind(&id).bind(credential).bind(self.now.0);
        expect_rows(&query.execute(&mut *tx).await?, 1, "passkey")?;
        let new = NewSession { customer_id, now: self.now };
        self.opening.open(tx, new).await.map(Some)
    }
}
