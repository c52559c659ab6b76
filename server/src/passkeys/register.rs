//! Making a passkey: the device is asked for one, and what it brings is kept.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use receivables::api::passkeys::PasskeyRow;
use receivables::calendar::Micros;
use receivables::ids::{CustomerId, OutboxId};
use serde_json::Value;
use sqlx::AnyConnection;
use uuid::Uuid;
use webauthn_rs::prelude::{PasskeyRegistration, RegisterPublicKeyCredential};

use super::{ceremony, letter, store};
use crate::clock::instant_text;
use crate::db::{Command, DbError};
use crate::problem::Refusal;
use crate::sign_in::Session;
use crate::state::{Portal, Shared};

/// More devices than anybody has; a list that a person can read.
const MOST: usize = 20;

// A device does not give two keys one name; one that says so is refused.
const INSERT: &str = "
insert into passkey (id, customer_id, label, credential, created_at)
values ($1, $2, $3, $4, $5)
on conflict (id) do nothing";

pub(super) const SQL: &[&str] = &[INSERT];

/// One for a session: asking again forgets what was asked before.
fn ceremony_of(session: &Session) -> String {
    format!("register/{}", session.token_hash)
}

/// What the device is asked.
pub(super) async fn ask(
    portal: &Portal,
    session: &Session,
    (email, name): (&str, &str),
) -> Result<Value, Refusal> {
    let checker = portal.passkeys.checker()?;
    let known = store::of_customer(portal.db.read(), session.customer_id).await?;
    let known = known.iter().map(|stored| stored.passkey.cred_id().clone()).collect();
    let user = uuid_of(session.customer_id)?;
    let asked = checker.start_passkey_registration(user, email, name, Some(known));
    let (challenge, state) = asked.map_err(|error| {
        tracing::error!(%error, "a passkey cannot be asked for");
        Refusal::fault()
    })?;
    ceremony::keep(portal, ceremony_of(session), &state).await?;
    let mut options = serde_json::to_value(challenge.public_key).map_err(|_| Refusal::fault())?;
    // Found by the device itself, so that nobody has to type an address to sign in.
    if let Some(wanted) = options.get_mut("authenticatorSelection") {
        wanted["residentKey"] = Value::from("required");
        wanted["requireResidentKey"] = Value::from(true);
    }
    Ok(options)
}

/// Keeps the passkey that the device brings, if it is what was asked for.
pub(super) async fn finish(
    portal: &Shared,
    session: Session,
    credential: RegisterPublicKeyCredential,
    label: String,
) -> Result<PasskeyRow, Refusal> {
    let now = portal.now();
    let outbox_id = portal.outbox_id();
    let register = Register { portal: portal.clone(), session, credential, label, outbox_id, now };
    let kept = portal.db.write(register).await?;
    portal.work.outbox.notify_one();
    kept.ok_or_else(|| {
        let words = "This passkey could not be added. Try again.";
        Refusal::unprocessable("passkey-invalid", words).at("#/credential")
    })
}

struct Register {
    portal: Shared,
    session: Session,
    credential: RegisterPublicKeyCredential,
    label: String,
    outbox_id: OutboxId,
    now: Micros,
}

impl Command for Register {
    type Reply = Option<PasskeyRow>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Option<PasskeyRow>, DbError> {
        let id = ceremony_of(&self.session);
        let state: Option<PasskeyRegistration> = ceremony::take(tx, &id, self.now).await?;
        let (Some(state), Ok(checker)) = (state, self.portal.passkeys.checker()) else {
            return Ok(None);
        };
        let passkey = match checker.finish_passkey_registration(&self.credential, &state) {
            Ok(passkey) => passkey,
            Err(error) => {
                tracing::info!(security = "passkey-invalid", %error, "a passkey was refused");
                return Ok(None);
            }
        };
        let customer_id = self.session.customer_id;
        if store::of_customer(&mut *tx, customer_id).await?.len() >= MOST {
            return Ok(None);
        }
        let id = URL_SAFE_NO_PAD.encode(passkey.cred_id());
        let credential = serde_json::to_string(&passkey)
            .map_err(|_| DbError::inconsistent("passkey", "credential", &id))?;
        let written = sqlx::query(INSERT)
            .bind(&id)
            .bind(customer_id.to_string())
            .bind(&self.label)
            .bind(credential)
            .bind(self.now.0)
            .execute(&mut *tx)
            .await?;
        if written.rows_affected() == 0 {
            return Ok(None);
        }
        let told = (self.outbox_id, self.now);
        letter::tell(tx, &self.portal, customer_id, Some(&self.label), told).await?;
        let (label, created_at) = (self.label.clone(), instant_text(self.now));
        Ok(Some(PasskeyRow { id, label, created_at, last_used_at: None }))
    }
}

/// The name under which devices keep the key: of the person, not their address.
pub(super) fn uuid_of(id: CustomerId) -> Result<Uuid, Refusal> {
    let text = id.to_string();
    let digits = text.strip_prefix(CustomerId::PREFIX).unwrap_or_default();
    Uuid::try_parse(digits).map_err(|_| Refusal::fault())
}
