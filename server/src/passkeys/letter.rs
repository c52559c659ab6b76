//! The mail that tells a customer of a passkey added or removed: who has their mailbox for ten
//! minutes must not be able to stay unseen.

use std::sync::LazyLock;

use receivables::calendar::Micros;
use receivables::ids::{CustomerId, OutboxId};
use serde::Serialize;
use sqlx::{AnyConnection, Row};

use crate::db::DbError;
use crate::outbox::{Letter, NewOutbox, OutboxKind, Sender, Templates, enqueue, templates};
use crate::state::Portal;

const ADDRESS: &str = "select email from customer where id = $1";

pub(super) const SQL: &[&str] = &[ADDRESS];

static TEMPLATES: LazyLock<Templates> =
    templates!("templates/subject.txt", "templates/letter.txt", "templates/letter.html");

#[derive(Serialize)]
struct Words<'a> {
    biller: &'a str,
    added: bool,
    device: &'a str,
    link: String,
}

/// Tells the customer; `device` is where a passkey was added, none when one was removed.
pub(super) async fn tell(
    tx: &mut AnyConnection,
    portal: &Portal,
    customer_id: CustomerId,
    device: Option<&str>,
    (id, now): (OutboxId, Micros),
) -> Result<(), DbError> {
    let row = sqlx::query(ADDRESS).bind(customer_id.to_string()).fetch_one(&mut *tx).await?;
    let settings = &portal.settings;
    let sender = Sender { biller: settings.biller.name.clone(), demo: portal.is_demo() };
    let words = Words {
        biller: &settings.biller.name,
        added: device.is_some(),
        device: device.unwrap_or_default(),
        link: format!("{}/your-sign-in", settings.public_url),
    };
    let letter = TEMPLATES.write(&sender, words);
    let payload = Letter { to: Some(row.try_get("email")?), ..letter }.payload();
    let kind = OutboxKind::SignInMail;
    enqueue(tx, &NewOutbox { id, account_id: None, kind, payload, due_at: now }, now).await
}
