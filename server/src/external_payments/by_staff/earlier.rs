//! Likely duplicates: the same account, amount and reference, received within a week.

use receivables::api::external_payments::{EarlierPayment, ExternalPaymentState};
use receivables::calendar::CivilDate;
use receivables::ids::{AccountId, PaymentId};
use receivables::money::MinorUnits;
use receivables::tender::Tender;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::db::DbError;
use crate::state::Portal;

const DAYS: i32 = 7;

/// What was received outside and has not all gone back, whoever recorded it; an import's
/// reference is its name for the payment.
const POSTED: &str = "
select p.id, 'posted' as state, p.tender, p.started_at, p.started_by as recorded_by,
  case when x.id is null then p.gateway_ref else x.reference end as reference
from payment p left join external_payment x on x.id = p.id
where p.account_id = $1 and p.started_at >= $2 and p.started_at < $3 and p.amount = $4
  and p.state = 'posted' and p.gateway <> $5 and p.refunded < p.received
order by p.started_at desc, p.id desc";

/// What waits for approval has no payment yet.
const PROPOSED: &str = "
select id, state, tender, received_on, recorded_by, reference from external_payment
where account_id = $1 and amount = $2 and state = 'proposed'
order by id desc";

pub const SQL: &[&str] = &[POSTED, PROPOSED];

/// What is looked for.
pub struct Likeness<'a> {
    pub account_id: AccountId,
    pub amount: MinorUnits,
    pub received_on: CivilDate,
    pub reference: Option<&'a str>,
}

/// The newest payment that looks the same.
pub async fn find(
    tx: &mut AnyConnection,
    portal: &Portal,
    like: &Likeness<'_>,
) -> Result<Option<EarlierPayment>, DbError> {
    let account = like.account_id.to_string();
    let query = sqlx::query(PROPOSED).bind(&account).bind(like.amount.get());
    for row in query.fetch_all(&mut *tx).await? {
        let on: String = row.try_get("received_on")?;
        let on = CivilDate::parse(&on)
            .map_err(|_| DbError::inconsistent("external_payment", "received_on", on))?;
        if let Some(found) = same(&row, on, like)? {
            return Ok(Some(found));
        }
    }
    // Each such payment began at some instant of its day, wherever the hands stood.
    let half_a_day = 12 * 60;
    let from = portal.zone.noon(like.received_on.plus_days(-DAYS)).plus_minutes(-half_a_day);
    let until = portal.zone.noon(like.received_on.plus_days(DAYS)).plus_minutes(half_a_day);
    let query = sqlx::query(POSTED).bind(&account).bind(from.0).bind(until.0);
    let query = query.bind(like.amount.get()).bind(portal.gateway_name());
    for row in query.fetch_all(&mut *tx).await? {
        let at = receivables::calendar::Micros(row.try_get("started_at")?);
        if let Some(found) = same(&row, portal.zone.day(at), like)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn same(
    row: &AnyRow,
    received_on: CivilDate,
    like: &Likeness<'_>,
) -> Result<Option<EarlierPayment>, DbError> {
    let reference: Option<String> = row.try_get("reference")?;
    let is_near = like.received_on.days_since(received_on).abs() <= DAYS;
    if !is_near || !is_same_reference(reference.as_deref(), like.reference) {
        return Ok(None);
    }
    let id: String = row.try_get("id")?;
    let wrong = |column| DbError::inconsistent("external_payment", column, &id);
    let text = |column| row.try_get::<String, _>(column);
    Ok(Some(EarlierPayment {
        payment_id: PaymentId::parse(&id).map_err(|_| wrong("id"))?,
        state: ExternalPaymentState::parse(&text("state")?).ok_or_else(|| wrong("state"))?,
        tender: Tender::parse(&text("tender")?).ok_or_else(|| wrong("tender"))?,
        received_on,
        reference,
        recorded_by: text("recorded_by")?,
    }))
}

/// A file's row is known by its source and its reference: `cheques/1001`.
fn is_same_reference(known: Option<&str>, typed: Option<&str>) -> bool {
    let typed = essence(typed);
    let in_file = known.and_then(|known| known.split_once('/')).map(|(_, reference)| reference);
    essence(known) == typed || in_file.is_some_and(|known| essence(Some(known)) == typed)
}

/// A reference however it is copied: `No. 10-01` and `NO 1001`.
fn essence(reference: Option<&str>) -> String {
    let signs = reference.unwrap_or_default().chars().filter(|sign| sign.is_alphanumeric());
    signs.flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_known_again_however_it_is_copied() {
        for copied in ["no. 10-01", "NO 1001", " no1001 "] {
            assert_eq!(essence(Some(copied)), "NO1001", "{copied:?}");
        }
        assert_eq!(essence(Some(" - ")), essence(None));
        assert!(is_same_reference(Some("cheques/1001"), Some("10-01")));
        assert!(!is_same_reference(Some("cheques/1001"), Some("1")));
        assert!(!is_same_reference(Some("cheques/1001"), None));
        assert_ne!(essence(Some("1001")), essence(Some("1002")));
    }
}
