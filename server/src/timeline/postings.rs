//! What moved money or what is owed: the book's postings, but for those that an act tells better
//! (credit notes, write-offs, refunds), as the act knows who and why.

use std::collections::HashMap;

use receivables::api::timeline::{TimelineBill, TimelineKind, TimelineRow};
use receivables::calendar::CivilDate;
use receivables::ids::{AccountId, BillId, DisputeId, PaymentId};
use receivables::money::MinorUnits;
use receivables::tender::Tender;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::cursor::{Cursor, Placed, Source, bound};
use super::letters::plain;
use super::who::who;
use crate::db::DbError;

macro_rules! page_of_postings {
    ($head:literal, $rest:literal) => {
        concat!(
            $head,
            " from (select id, kind, source, source_ref, payment_id, effective_on, recorded_at ",
            "from posting where account_id = $1 and kind not in ('credit_note', 'write_off', ",
            "'adjustment_reversed', 'refund_paid', 'refund_returned') ",
            "and recorded_at <= $2 and (recorded_at < $2 or id < $3) ",
            "order by recorded_at desc, id desc limit $4) x ",
            $rest
        )
    };
}

/// What staff moved is signed by an act of its own; what was paid, by who started it.
const POSTINGS: &str = page_of_postings!(
    "select x.id, x.kind, x.source, x.payment_id, x.effective_on, x.recorded_at, \
     coalesce(y.actor, z.actor, case when x.kind = 'payment_received' then p.started_by end, \
       case when d.id is not null then 'gateway' end, x.source) as actor, \
     c.name as customer_name, m.name as member_name, \
     p.tender, p.method, r.number as receipt_number, b.id as bill_id, b.number as bill_number, \
     d.id as dispute_id, coalesce(d.reason, w.duplicate_reason, w.note) as reason, \
     (select cast(coalesce(sum(e.amount), 0) as bigint) from entry e \
       where e.posting_id = x.id and e.amount > 0) as amount",
    "left join audit_act y on y.id = x.id || '_by' \
     left join audit_act z on z.id = 'match/' || x.source_ref and x.kind = 'payment_received' \
     left join payment p on p.id = x.payment_id \
     left join external_payment w on w.id = x.payment_id and x.kind = 'payment_received' \
     left join receipt r on r.payment_id = x.payment_id and x.kind = 'payment_received' \
     left join bill b on b.id = x.source_ref and x.kind in ('bill_issued', 'bill_cancelled') \
     left join dispute d on d.id = x.source_ref \
       and x.kind in ('dispute_withdrawn', 'dispute_reinstated') \
     left join customer c on c.id = coalesce(y.actor, z.actor, p.started_by) \
     left join staff_member m on m.id = coalesce(y.actor, z.actor, p.started_by) \
     order by x.recorded_at desc, x.id desc"
);

const APPLICATIONS: &str = page_of_postings!(
    "select x.id, a.bill_id, b.number, a.amount",
    "join application a on a.posting_id = x.id join bill b on b.id = a.bill_id \
     order by x.id, coalesce(b.due_on, '9'), b.number, a.id"
);

pub(super) const SQL: &[&str] = &[POSTINGS, APPLICATIONS];

pub async fn postings(
    connection: &mut AnyConnection,
    account_id: AccountId,
    after: Option<&Cursor>,
    limit: i64,
    gateway: &str,
) -> Result<Vec<Placed>, DbError> {
    let (account, (at, id)) = (account_id.to_string(), bound(after, Source::Postings));
    let query = sqlx::query(POSTINGS).bind(&account).bind(at).bind(&id).bind(limit);
    let rows = query.fetch_all(&mut *connection).await?;
    let query = sqlx::query(APPLICATIONS).bind(&account).bind(at).bind(&id).bind(limit);
    let mut settled = HashMap::<String, Vec<TimelineBill>>::new();
    for row in query.fetch_all(connection).await? {
        let bill = bill(row.try_get("bill_id")?, row.try_get("number")?, row.try_get("amount")?)?;
        settled.entry(row.try_get("id")?).or_default().push(bill);
    }
    rows.iter().map(|row| placed(row, &mut settled, gateway)).collect()
}

fn bill(id: String, number: String, amount: i64) -> Result<TimelineBill, DbError> {
    let bill_id = BillId::parse(&id).map_err(|_| DbError::inconsistent("bill", "id", &id))?;
    Ok(TimelineBill { bill_id, number, amount: Some(MinorUnits::new(amount)) })
}

fn placed(
    row: &AnyRow,
    settled: &mut HashMap<String, Vec<TimelineBill>>,
    gateway: &str,
) -> Result<Placed, DbError> {
    let id: String = row.try_get("id")?;
    let at: i64 = row.try_get("recorded_at")?;
    let place = Cursor { at, source: Source::Postings, id: id.clone() };
    let kind: String = row.try_get("kind")?;
    let source: String = row.try_get("source")?;
    let Some(kind) = kind_of(&kind, source == gateway) else {
        return Ok(Placed { place, row: None });
    };
    let wrong = |column| DbError::inconsistent("posting", column, &id);
    let text = |column| row.try_get::<Option<String>, _>(column);
    let amount: i64 = row.try_get("amount")?;
    let mut bills = settled.remove(&id).unwrap_or_default();
    if let (Some(bill_id), Some(number)) = (text("bill_id")?, text("bill_number")?) {
        bills.push(bill(bill_id, number, amount)?);
    }
    let on = text("effective_on")?.ok_or_else(|| wrong("effective_on"))?;
    let payment_id = text("payment_id")?.map(|id| PaymentId::parse(&id)).transpose();
    let dispute_id = text("dispute_id")?.map(|id| DisputeId::parse(&id)).transpose();
    let row = TimelineRow {
        why: text("reason")?,
        on: Some(CivilDate::parse(&on).map_err(|_| wrong("effective_on"))?),
        amount: Some(MinorUnits::new(amount)),
        bills,
        tender: text("tender")?.and_then(|code| Tender::parse(&code)),
        method: text("method")?,
        receipt_number: text("receipt_number")?,
        payment_id: payment_id.map_err(|_| wrong("payment_id"))?,
        dispute_id: dispute_id.map_err(|_| wrong("source_ref"))?,
        ..plain(at, kind, who(row, gateway)?)
    };
    Ok(Placed { place, row: Some(row) })
}

fn kind_of(posting: &str, through_gateway: bool) -> Option<TimelineKind> {
    Some(match posting {
        "bill_issued" => TimelineKind::BillIssued,
        "bill_cancelled" => TimelineKind::BillCancelled,
        "payment_received" if through_gateway => TimelineKind::PaymentReceived,
        "payment_received" => TimelineKind::ExternalPaymentRecorded,
        "payment_moved" => TimelineKind::PaymentMoved,
        "credit_applied" => TimelineKind::CreditApplied,
        "dispute_withdrawn" => TimelineKind::DisputeWithdrawn,
        "dispute_reinstated" => TimelineKind::DisputeReinstated,
        _ => return None,
    })
}
