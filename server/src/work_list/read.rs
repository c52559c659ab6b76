//! The work list as staff read it: each matter with what it is about and the one thing to do.

use receivables::api::work_items::{WorkAction, WorkCount, WorkItemPage, WorkItemRow};
use receivables::calendar::Micros;
use receivables::ids::{AccountId, AdjustmentId, PaymentId, RefundId, WorkItemId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::item::WorkKind;
use crate::clock::instant_text;
use crate::db::DbError;

/// The gateway's names lead to payments of ours by the gateway's name and theirs.
const OPEN: &str = "
select w.id, w.kind, w.thing, w.thing_id, w.why, w.opened_at, w.account_id,
  a.number as account_number, coalesce(p.id, g.id, d.payment_id, r.payment_id) as payment_id
from (select id, kind, thing, thing_id, why, opened_at, account_id from work_item
  where done_at is null and ($1 = '' or kind = $1)
    and (opened_at > $2 or (opened_at = $2 and id > $3))
  order by opened_at, id limit $4) w
left join account a on a.id = w.account_id
left join payment p on w.thing = 'payment' and p.id = w.thing_id
left join payment g on w.thing = 'gateway_intent' and g.gateway = $5
  and g.gateway_ref = w.thing_id
left join dispute d on w.thing = 'gateway_dispute' and d.gateway = $5
  and d.gateway_ref = w.thing_id
left join refund r on w.thing = 'refund' and r.id = w.thing_id
order by w.opened_at, w.id";

const COUNTS: &str = "
select kind, count(*) as n from work_item where done_at is null group by kind order by kind";

pub(super) const SQL: &[&str] = &[OPEN, COUNTS];

/// The row after which a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkCursor {
    opened_at: i64,
    id: WorkItemId,
}

impl WorkCursor {
    pub fn parse(text: &str) -> Option<Self> {
        let (opened_at, id) = text.split_once('~')?;
        let opened_at = opened_at.parse().ok().filter(|at| *at >= 0)?;
        Some(Self { opened_at, id: WorkItemId::parse(id).ok()? })
    }
}

pub async fn page(
    connection: &mut AnyConnection,
    kind: Option<WorkKind>,
    (after, limit): (Option<WorkCursor>, u16),
    gateway: &str,
) -> Result<WorkItemPage, DbError> {
    let (opened_at, id) =
        after.map_or((-1, String::new()), |after| (after.opened_at, after.id.to_string()));
    let rows = sqlx::query(OPEN)
        .bind(kind.map_or("", WorkKind::code))
        .bind(opened_at)
        .bind(id)
        .bind(i64::from(limit) + 1)
        .bind(gateway)
        .fetch_all(&mut *connection)
        .await?;
    let shown = &rows[..rows.len().min(usize::from(limit))];
    let items = shown.iter().map(item).collect::<Result<Vec<_>, _>>()?;
    let mut next = None;
    if let Some(last) = shown.last().filter(|_| rows.len() > shown.len()) {
        let (at, id): (i64, String) = (last.try_get("opened_at")?, last.try_get("id")?);
        next = Some(format!("{at}~{id}"));
    }
    let counts = sqlx::query(COUNTS).fetch_all(connection).await?;
    let count = |row: &AnyRow| {
        Ok::<_, DbError>(WorkCount { kind: row.try_get("kind")?, open: row.try_get("n")? })
    };
    Ok(WorkItemPage { items, next, counts: counts.iter().map(count).collect::<Result<_, _>>()? })
}

fn item(row: &AnyRow) -> Result<WorkItemRow, DbError> {
    let id: String = row.try_get("id")?;
    let wrong = |column| DbError::inconsistent("work_item", column, &id);
    let text = |column| row.try_get::<String, _>(column);
    let optional = |column| row.try_get::<Option<String>, _>(column);
    let (kind, thing, thing_id) = (text("kind")?, text("thing")?, text("thing_id")?);
    let account_id = optional("account_id")?.map(|id| AccountId::parse(&id)).transpose();
    let payment_id = optional("payment_id")?.or_else(|| Some(thing_id.clone()));
    Ok(WorkItemRow {
        id: WorkItemId::parse(&id).map_err(|_| wrong("id"))?,
        action: WorkKind::parse(&kind).ok_or_else(|| wrong("kind"))?.action(),
        why: text("why")?,
        since: instant_text(Micros(row.try_get("opened_at")?)),
        account_id: account_id.map_err(|_| wrong("account_id"))?,
        account_number: optional("account_number")?,
        payment_id: payment_id.and_then(|id| PaymentId::parse(&id).ok()),
        refund_id: RefundId::parse(&thing_id).ok(),
        adjustment_id: AdjustmentId::parse(&thing_id).ok(),
        kind,
        thing,
        thing_id,
    })
}

impl WorkKind {
    const fn action(self) -> WorkAction {
        match self {
            Self::UnmatchedMoney => WorkAction::Match,
            Self::ApprovalWaits => WorkAction::Decide,
            Self::PaymentUnclear | Self::PaymentSlow | Self::RefundUnclear => {
                WorkAction::SeePayment
            }
            Self::RefundReturned | Self::NotDelivered => WorkAction::SeeAccount,
            Self::Disputed => WorkAction::AnswerDispute,
            Self::IntentDiffers | Self::EventNotApplied | Self::MoneyWentBack => {
                WorkAction::CheckGateway
            }
            Self::GlassBroken => WorkAction::CheckStaff,
            Self::WatchedTable => WorkAction::CheckTable,
        }
    }
}
