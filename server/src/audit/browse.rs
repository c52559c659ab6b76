//! Browsing the trail: its sealed acts, the newest first, each held against the one before it.

use receivables::api::audit_acts::{AuditAct, AuditChain, AuditPage};
use receivables::calendar::Micros;
use receivables::ids::AccountId;
use sqlx::{AnyConnection, Row};

use super::act::StoredAct;
use super::seal::{BEGINNING, last};
use crate::clock::instant_text;
use crate::db::DbError;

const ACTS: &str = "
select n, hash, id, kind, actor, about, account_id, at, request, digest from audit_act
where n < $1 order by n desc limit $2";

const UNSEALED: &str = "select count(*) from audit_act where n is null";

pub(super) const SQL: &[&str] = &[ACTS, UNSEALED];

/// A page of acts below a place, and what is known of the chain without walking all of it.
pub async fn browse(
    connection: &mut AnyConnection,
    (below, limit): (Option<i64>, u16),
    verified: Option<(Micros, bool)>,
) -> Result<AuditPage, DbError> {
    // One more: the act that the page's last one follows.
    let query = sqlx::query(ACTS).bind(below.unwrap_or(i64::MAX)).bind(i64::from(limit) + 1);
    let rows = query.fetch_all(&mut *connection).await?;
    let mut items = Vec::with_capacity(rows.len());
    for (at, row) in rows.iter().enumerate().take(usize::from(limit)) {
        let (n, hash): (i64, String) = (row.try_get("n")?, row.try_get("hash")?);
        let before = match rows.get(at + 1) {
            Some(before) => (before.try_get("n")?, before.try_get("hash")?),
            None => (0, BEGINNING.to_owned()),
        };
        let act = StoredAct::read(row)?;
        let holds = before.0 + 1 == n && act.hash(n, &before.1) == hash;
        let account_id = act.account_id.as_deref().map(AccountId::parse).transpose();
        items.push(AuditAct {
            n,
            hash,
            holds,
            account_id: account_id
                .map_err(|_| DbError::inconsistent("audit_act", "account_id", &act.id))?,
            at: instant_text(Micros(act.at)),
            id: act.id,
            kind: act.kind,
            actor: act.actor,
            about: act.about,
            request: act.request,
        });
    }
    let is_more = rows.len() > items.len();
    let next = items.last().filter(|_| is_more).map(|act| act.n.to_string());
    let unsealed = sqlx::query(UNSEALED).fetch_one(&mut *connection).await?.try_get(0)?;
    let head = last(connection).await?;
    let chain = AuditChain {
        head_n: head.n,
        head_hash: head.hash,
        unsealed,
        verified_at: verified.map(|(at, _)| instant_text(at)),
        holds: verified.map(|(_, holds)| holds),
    };
    Ok(AuditPage { items, next, chain })
}
