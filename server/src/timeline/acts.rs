//! What is no posting: the audit trail's acts about the account, with what their things say.

use receivables::api::timeline::{TimelineBill, TimelineKind, TimelineRow};
use receivables::ids::{
    AccountId, AdjustmentId, BillId, CustomerId, DisputeId, InvitationId, PaymentId, RefundId,
};
use receivables::money::MinorUnits;
use receivables::tender::Tender;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::cursor::{Cursor, Placed, Source, bound};
use super::letters::plain;
use super::who::who;
use crate::db::DbError;

/// Left out is what a posting tells: who moved a payment, and who said whose money it is.
const ACTS: &str = "
select x.id, x.kind, x.actor, x.about, x.at, c.name as customer_name, m.name as member_name,
  j.kind as adjustment_kind, b.id as bill_id, b.number as bill_number,
  coalesce(r.payment_id, d.payment_id, p.id, e.id) as payment_id,
  coalesce(j.amount, r.amount, d.amount, e.amount, p.amount) as amount, e.tender,
  coalesce(j.reason, h.reason, d.reason, e.duplicate_reason, e.note,
    case when x.kind = 'refund_created' then r.reason else r.failure end,
    case when x.kind = 'payment_failed' then p.decline end) as why,
  coalesce(i.name, g.name) as person
from (select id, kind, actor, about, at from audit_act
  where account_id = $1 and digest is null and kind not in ('payment_moved_by', 'money_matched',
      'external_payment_recorded')
    and at <= $2 and (at < $2 or (at = $2 and id < $3))
  order by at desc, id desc limit $4) x
left join customer c on c.id = x.actor
left join staff_member m on m.id = x.actor
left join adjustment j on j.id = x.about
left join bill_hold h on h.id = x.id
left join bill b on b.id = coalesce(j.bill_id, h.bill_id)
left join refund r on r.id = x.about
left join dispute d on d.id = x.about
left join payment p on p.id = x.about
left join external_payment e on e.id = x.about
left join invitation i on i.id = x.about
left join customer g on g.id = x.about
order by x.at desc, x.id desc";

pub(super) const SQL: &[&str] = &[ACTS];

pub async fn acts(
    connection: &mut AnyConnection,
    account_id: AccountId,
    after: Option<&Cursor>,
    limit: i64,
    gateway: &str,
) -> Result<Vec<Placed>, DbError> {
    let (at, id) = bound(after, Source::Acts);
    let query = sqlx::query(ACTS).bind(account_id.to_string()).bind(at).bind(id).bind(limit);
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(|row| placed(row, gateway)).collect()
}

fn placed(row: &AnyRow, gateway: &str) -> Result<Placed, DbError> {
    let id: String = row.try_get("id")?;
    let at: i64 = row.try_get("at")?;
    let place = Cursor { at, source: Source::Acts, id: id.clone() };
    let text = |column| row.try_get::<Option<String>, _>(column);
    let act: String = row.try_get("kind")?;
    let is_write_off = text("adjustment_kind")?.as_deref() == Some("write_off");
    let Some(kind) = kind_of(&act, is_write_off) else { return Ok(Placed { place, row: None }) };
    let about: String = row.try_get("about")?;
    let wrong = |column| DbError::inconsistent("audit_act", column, &id);
    let payment_id = text("payment_id")?.map(|id| PaymentId::parse(&id)).transpose();
    let bill_id = text("bill_id")?.map(|id| BillId::parse(&id)).transpose();
    let amount = row.try_get::<Option<i64>, _>("amount")?.map(MinorUnits::new);
    let bill = bill_id.map_err(|_| wrong("about"))?.zip(text("bill_number")?);
    let bill = bill.map(|(bill_id, number)| TimelineBill { bill_id, number, amount: None });
    let row = TimelineRow {
        why: text("why")?,
        amount,
        tender: text("tender")?.and_then(|code| Tender::parse(&code)),
        bills: bill.into_iter().collect(),
        person: text("person")?,
        payment_id: payment_id.map_err(|_| wrong("about"))?,
        refund_id: RefundId::parse(&about).ok(),
        dispute_id: DisputeId::parse(&about).ok(),
        adjustment_id: AdjustmentId::parse(&about).ok(),
        invitation_id: InvitationId::parse(&about).ok(),
        customer_id: CustomerId::parse(&about).ok(),
        ..plain(at, kind, who(row, gateway)?)
    };
    Ok(Placed { place, row: Some(row) })
}

fn kind_of(act: &str, is_write_off: bool) -> Option<TimelineKind> {
    Some(match act {
        "payment_created" => TimelineKind::PaymentStarted,
        "payment_failed" => TimelineKind::PaymentFailed,
        "payment_cancelled" => TimelineKind::PaymentCancelled,
        "payment_expired" => TimelineKind::PaymentExpired,
        "external_payment_proposed" => TimelineKind::ExternalPaymentProposed,
        "external_payment_approved" => TimelineKind::ExternalPaymentApproved,
        "external_payment_declined" => TimelineKind::ExternalPaymentDeclined,
        "adjustment_proposed" if is_write_off => TimelineKind::WriteOffProposed,
        "adjustment_proposed" => TimelineKind::CreditNoteGiven,
        "adjustment_approved" => TimelineKind::WriteOffApproved,
        "adjustment_declined" => TimelineKind::WriteOffDeclined,
        "adjustment_reversed" if is_write_off => TimelineKind::WriteOffReversed,
        "adjustment_reversed" => TimelineKind::CreditNoteReversed,
        "bill_held" => TimelineKind::BillHeld,
        "bill_released" => TimelineKind::BillReleased,
        "refund_created" => TimelineKind::RefundRequested,
        "refund_done" => TimelineKind::RefundDone,
        "refund_failed" => TimelineKind::RefundFailed,
        "refund_refused" => TimelineKind::RefundRefused,
        "refund_cancelled" => TimelineKind::RefundCancelled,
        "dispute_open" => TimelineKind::DisputeOpened,
        "dispute_won" => TimelineKind::DisputeWon,
        "dispute_lost" => TimelineKind::DisputeLost,
        "dispute_closed" => TimelineKind::DisputeClosed,
        "invitation_invited" => TimelineKind::PersonInvited,
        "invitation_sent_again" => TimelineKind::InvitationSentAgain,
        "invitation_accepted" => TimelineKind::InvitationAccepted,
        "invitation_revoked" => TimelineKind::InvitationRevoked,
        "access_taken_back" => TimelineKind::AccessTakenBack,
        _ => return None,
    })
}
