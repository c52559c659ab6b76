//! Mailing a receipt: a letter in the outbox, in the posting's own transaction.

use receivables::calendar::Micros;
use receivables::ids::AccountId;
use receivables::receipt::Receipt;
use sqlx::{AnyConnection, Row};

use super::letter;
use crate::db::DbError;
use crate::outbox::{Letter, NewOutbox, OutboxKind};
use crate::state::Portal;

const FIND_HOLDERS: &str = "
select c.email from customer c
join account_customer a on a.customer_id = c.id
where a.account_id = $1
order by c.id";

pub(super) const SQL: &[&str] = &[FIND_HOLDERS];

/// One letter to the customer who paid, by their address; when no customer did, one to every
/// customer of the account.
pub async fn letters(
    tx: &mut AnyConnection,
    portal: &Portal,
    receipt: &Receipt,
    payer: Option<String>,
    now: Micros,
) -> Result<Vec<NewOutbox>, DbError> {
    let receivers = match payer {
        Some(payer) => vec![payer],
        None => holders(tx, receipt.account_id).await?,
    };
    let letter = letter::write(receipt, &portal.settings.public_url);
    let letter_to = |to| NewOutbox {
        id: portal.outbox_id(),
        account_id: Some(receipt.account_id),
        kind: OutboxKind::ReceiptMail,
        payload: Letter { to: Some(to), ..letter.clone() }.payload(),
        due_at: now,
    };
    Ok(receivers.into_iter().map(letter_to).collect())
}

/// The addresses of an account's customers.
pub async fn holders(tx: &mut AnyConnection, id: AccountId) -> Result<Vec<String>, DbError> {
    let rows = sqlx::query(FIND_HOLDERS).bind(id.to_string()).fetch_all(&mut *tx).await?;
    rows.iter().map(|row| row.try_get(0).map_err(Into::into)).collect()
}
