//! The mail that tells the biller that somebody came in through the broken glass. It goes to the
//! address customers write to, which people read: the portal knows no address of its staff.

use std::sync::LazyLock;

use receivables::calendar::Micros;
use receivables::ids::OutboxId;
use serde::Serialize;
use sqlx::AnyConnection;

use crate::clock::instant_text;
use crate::db::DbError;
use crate::outbox::{Letter, NewOutbox, OutboxKind, Sender, Templates, enqueue, templates};
use crate::state::Portal;

static TEMPLATES: LazyLock<Templates> =
    templates!("templates/subject.txt", "templates/letter.txt", "templates/letter.html");

#[derive(Serialize)]
struct Words<'a> {
    biller: &'a str,
    name: &'a str,
    at: String,
    until: String,
}

/// A letter that is written once it is known that somebody came in, and until when.
pub(super) struct Notice {
    id: OutboxId,
    to: String,
    sender: Sender,
}

impl Notice {
    pub fn of(portal: &Portal) -> Self {
        let biller = &portal.settings.biller;
        Self {
            id: portal.outbox_id(),
            to: biller.email.clone(),
            sender: Sender { biller: biller.name.clone(), demo: portal.is_demo() },
        }
    }

    pub async fn send(
        &self,
        tx: &mut AnyConnection,
        name: &str,
        (now, until): (Micros, Micros),
    ) -> Result<(), DbError> {
        // A biller without an address has the work list alone.
        if self.to.is_empty() {
            return Ok(());
        }
        let in_words = |at| instant_text(at).replace('T', " ").replace('Z', " UTC");
        let biller = &self.sender.biller;
        let words = Words { biller, name, at: in_words(now), until: in_words(until) };
        let letter = Letter { to: Some(self.to.clone()), ..TEMPLATES.write(&self.sender, words) };
        let (payload, kind) = (letter.payload(), OutboxKind::SignInMail);
        let mail = NewOutbox { id: self.id, account_id: None, kind, payload, due_at: now };
        enqueue(tx, &mail, now).await
    }
}
