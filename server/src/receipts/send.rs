//! Mailing a receipt: a letter in the outbox, in the posting's own transaction.

use receivables::calendar::Micros;
use receivables::ids::OutboxId;
use receivables::receipt::Receipt;
use sqlx::{AnyConnection, Row};

use super::letter;
use crate::db::DbError;
use crate::outbox::{Letter, NewOutbox, OutboxKind, enqueue};
use crate::state::Portal;

const FIND_PAYER: &str = "select email from customer where id = $1";

const FIND_HOLDERS: &str = "
select c.email from customer c
join account_customer a on a.customer_id = c.id
where a.account_id = $1
order by c.id";

pub(super) const SQL: &[&str] = &[FIND_PAYER, FIND_HOLDERS];

/// Writes one letter to the customer who paid; when no customer did, one to every customer of
/// the account.
pub async fn send(
    tx: &mut AnyConnection,
    portal: &Portal,
    receipt: &Receipt,
    started_by: &str,
    now: Micros,
) -> Result<(), DbError> {
    let mut receivers = addresses(&mut *tx, FIND_PAYER, started_by).await?;
    if receivers.is_empty() {
        receivers = addresses(&mut *tx, FIND_HOLDERS, &receipt.account_id.to_string()).await?;
    }
    let letter = letter::write(receipt, &portal.settings.public_url);
    for to in receivers {
        let (ms, chance) = portal.id_parts();
        let new = NewOutbox {
            id: OutboxId::from_parts(ms, &chance),
            account_id: Some(receipt.account_id),
            kind: OutboxKind::ReceiptMail,
            payload: Letter { to: Some(to), ..letter.clone() }.payload(),
            due_at: now,
        };
        enqueue(&mut *tx, &new, now).await?;
    }
    Ok(())
}

async fn addresses(
    tx: &mut AnyConnection,
    text: &'static str,
    of: &str,
) -> Result<Vec<String>, DbError> {
    let rows = sqlx::query(text).bind(of).fetch_all(&mut *tx).await?;
    rows.iter().map(|row| row.try_get(0).map_err(Into::into)).collect()
}
