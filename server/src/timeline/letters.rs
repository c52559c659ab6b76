//! Letters about the account: the outbox keeps them for some weeks after they were sent.

use receivables::api::timeline::{TimelineKind, TimelineRow, Who};
use receivables::calendar::Micros;
use receivables::ids::AccountId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::cursor::{Cursor, Placed, Source, bound};
use crate::clock::instant_text;
use crate::db::DbError;

/// An outbox row that is done with a remark was not sent.
const LETTERS: &str = "
select id, created_at, done_at, last_error from outbox
where account_id = $1 and kind <> 'write_back'
  and created_at <= $2 and (created_at < $2 or (created_at = $2 and id < $3))
order by created_at desc, id desc limit $4";

pub(super) const SQL: &[&str] = &[LETTERS];

pub async fn letters(
    connection: &mut AnyConnection,
    account_id: AccountId,
    after: Option<&Cursor>,
    limit: i64,
) -> Result<Vec<Placed>, DbError> {
    let (at, id) = bound(after, Source::Letters);
    let query = sqlx::query(LETTERS).bind(account_id.to_string()).bind(at).bind(id).bind(limit);
    query.fetch_all(connection).await?.iter().map(placed).collect()
}

fn placed(row: &AnyRow) -> Result<Placed, DbError> {
    let at: i64 = row.try_get("created_at")?;
    let done_at: Option<i64> = row.try_get("done_at")?;
    let why: Option<String> = row.try_get("last_error")?;
    let kind = match (done_at, &why) {
        (Some(_), None) => TimelineKind::LetterSent,
        (Some(_), Some(_)) => TimelineKind::LetterNotSent,
        (None, _) => TimelineKind::LetterWaiting,
    };
    let place = Cursor { at, source: Source::Letters, id: row.try_get("id")? };
    let row = TimelineRow { why, ..plain(at, kind, Who::Portal) };
    Ok(Placed { place, row: Some(row) })
}

/// A row that is about nothing yet.
pub(super) fn plain(at: i64, kind: TimelineKind, who: Who) -> TimelineRow {
    TimelineRow {
        at: instant_text(Micros(at)),
        kind,
        who,
        why: None,
        on: None,
        amount: None,
        bills: Vec::new(),
        tender: None,
        method: None,
        receipt_number: None,
        person: None,
        payment_id: None,
        refund_id: None,
        dispute_id: None,
        adjustment_id: None,
        invitation_id: None,
        customer_id: None,
    }
}
