//! The hash of a posting with its entries and applications. The audit trail keeps it, so that a
//! book which was changed past the database's guards, and still adds up, is found out.

use sha2::{Digest, Sha256};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::NewPosting;
use crate::audit::{NewAct, canonical};
use crate::db::DbError;

const POSTINGS: &str = "
select x.id, x.account_id, x.kind, x.source, x.source_ref, x.payment_id, x.adjustment_id,
  x.effective_on, cast(x.recorded_at as text) as recorded_at, a.digest
from posting x join audit_act a on a.id = x.id
where x.id > $1 order by x.id limit $2";

const ENTRIES: &str = "
select posting_id, cast(line as text) as line, account_id, book_account, bill_id, currency,
  cast(amount as text) as amount
from entry where posting_id > $1 and posting_id <= $2 order by posting_id, entry.line";

const APPLICATIONS: &str = "
select posting_id, id, payment_id, adjustment_id, bill_id, cast(amount as text) as amount,
  reverses, reason, applied_on
from application where posting_id > $1 and posting_id <= $2 order by posting_id, id";

const MISSING: &str = "
select a.id from audit_act a
where a.digest is not null and not exists (select 1 from posting x where x.id = a.id)";

pub(super) const SQL: &[&str] = &[POSTINGS, ENTRIES, APPLICATIONS, MISSING];

const A_PAGE: i64 = 500;

/// The act that a posting is, to be recorded with it.
pub(super) fn act_of(posting: &NewPosting) -> NewAct {
    let id = posting.id.to_string();
    let payment = posting.payment_id.map(|id| id.to_string());
    let adjustment = posting.adjustment_id.map(|id| id.to_string());
    let about = payment.or(adjustment).unwrap_or_else(|| posting.source_ref.clone());
    NewAct {
        id,
        kind: posting.kind.code().to_owned(),
        actor: posting.source.clone(),
        about,
        account_id: Some(posting.account_id),
        at: posting.recorded_at,
        request: None,
        digest: Some(digest_of(posting)),
    }
}

fn digest_of(posting: &NewPosting) -> String {
    let (id, account) = (posting.id.to_string(), posting.account_id.to_string());
    let payment = posting.payment_id.map(|id| id.to_string());
    let adjustment = posting.adjustment_id.map(|id| id.to_string());
    let (on, at) = (posting.effective_on.to_string(), posting.recorded_at.0.to_string());
    let mut text = canonical([
        Some(id.as_str()),
        Some(&account),
        Some(posting.kind.code()),
        Some(&posting.source),
        Some(&posting.source_ref),
        payment.as_deref(),
        adjustment.as_deref(),
        Some(&on),
        Some(&at),
    ]);
    for (line, entry) in (1..).zip(&posting.entries) {
        let (line, amount): (String, _) = (i64::to_string(&line), entry.amount.get().to_string());
        let (book_account, bill) =
            (entry.book_account.code(), entry.bill_id.map(|id| id.to_string()));
        text.push_str(&canonical([
            Some(line.as_str()),
            Some(&account),
            Some(&book_account),
            bill.as_deref(),
            Some(posting.currency.code()),
            Some(&amount),
        ]));
    }
    let mut applications: Vec<_> = posting.applications.iter().collect();
    applications.sort_by_key(|application| application.id.to_string());
    for application in applications {
        let (id, bill) = (application.id.to_string(), application.bill_id.to_string());
        let amount = application.amount.get().to_string();
        let reverses = application.reverses.map(|id| id.to_string());
        text.push_str(&canonical([
            Some(id.as_str()),
            payment.as_deref(),
            adjustment.as_deref(),
            Some(&bill),
            Some(&amount),
            reverses.as_deref(),
            Some(application.reason.code()),
            Some(&on),
        ]));
    }
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// The postings that are not what the audit trail says was written.
pub(super) async fn changed(tx: &mut AnyConnection) -> Result<Vec<String>, DbError> {
    let missing = sqlx::query(MISSING).fetch_all(&mut *tx).await?;
    let mut changed =
        missing.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
    let mut after = String::new();
    loop {
        let postings = sqlx::query(POSTINGS).bind(&after).bind(A_PAGE).fetch_all(&mut *tx).await?;
        let Some(last) = postings.last() else { return Ok(changed) };
        let last: String = last.try_get("id")?;
        let entries = sqlx::query(ENTRIES).bind(&after).bind(&last).fetch_all(&mut *tx).await?;
        let applied = sqlx::query(APPLICATIONS).bind(&after).bind(&last).fetch_all(&mut *tx);
        let (entries, applied) = (Lines::of(&entries)?, applied.await?);
        let applied = Lines::of(&applied)?;
        for posting in &postings {
            let id: String = posting.try_get("id")?;
            let mut text = fields(posting, 0..9)?;
            text.push_str(&entries.text(&id)?);
            text.push_str(&applied.text(&id)?);
            let digest: Option<String> = posting.try_get("digest")?;
            if digest != Some(hex::encode(Sha256::digest(text.as_bytes()))) {
                changed.push(id);
            }
        }
        after = last;
    }
}

/// The rows of a page, found by their posting.
struct Lines<'r>(std::collections::HashMap<String, Vec<&'r AnyRow>>);

impl<'r> Lines<'r> {
    fn of(rows: &'r [AnyRow]) -> Result<Self, DbError> {
        let mut lines = std::collections::HashMap::<String, Vec<&AnyRow>>::new();
        for row in rows {
            lines.entry(row.try_get("posting_id")?).or_default().push(row);
        }
        Ok(Self(lines))
    }

    /// In the order of their line or id, without the posting's own id.
    fn text(&self, posting: &str) -> Result<String, DbError> {
        let mut text = String::new();
        for row in self.0.get(posting).into_iter().flatten() {
            text.push_str(&fields(row, 1..row.len())?);
        }
        Ok(text)
    }
}

fn fields(row: &AnyRow, columns: std::ops::Range<usize>) -> Result<String, DbError> {
    let fields = columns.map(|column| row.try_get::<Option<String>, _>(column));
    let fields = fields.collect::<Result<Vec<_>, _>>()?;
    Ok(canonical(fields.iter().map(Option::as_deref)))
}
