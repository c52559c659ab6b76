//! Browsing the trail: its sealed acts, the newest first, each held against the one before it.

use receivables::api::audit_acts::{AuditAct, AuditChain, AuditPage};
use receivables::calendar::Micros;
use receivables::ids::AccountId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::act::StoredAct;
use super::seal::{BEGINNING, last};
use crate::clock::instant_text;
use crate::db::DbError;

macro_rules! acts {
    ($which:literal) => {
        concat!(
            "select a.n, a.hash, a.id, a.kind, a.actor, a.about, a.account_id, a.at, a.request, \
             a.digest, p.hash as hash_before from audit_act a \
             left join audit_act p on p.n = a.n - 1 where a.n < $1 ",
            $which,
            " order by a.n desc limit $2"
        )
    };
}

const ALL: &str = acts!("");
const BY_ACTOR: &str = acts!(
    "and a.digest is null and a.actor = $3 and ($4 = '' or a.kind = $4) \
     and ($5 = '' or a.account_id = $5)"
);
const BY_KIND: &str = acts!(
    "and a.digest is null and a.kind = $4 and ($3 = '' or a.actor = $3) \
     and ($5 = '' or a.account_id = $5)"
);
const BY_ACCOUNT: &str = acts!(
    "and a.digest is null and a.account_id = $5 and ($3 = '' or a.actor = $3) \
     and ($4 = '' or a.kind = $4)"
);

const UNSEALED: &str = "select count(*) from audit_act where n is null";

pub(super) const SQL: &[&str] = &[ALL, BY_ACTOR, BY_KIND, BY_ACCOUNT, UNSEALED];

/// Which acts, below which place. With a filter, of people's acts alone: a posting is an act too,
/// of the part of the portal that posted it, and is looked for on its account.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub below: Option<i64>,
    pub limit: usize,
    pub actor: String,
    pub kind: String,
    pub account: Option<AccountId>,
}

impl Wanted {
    fn text(&self) -> &'static str {
        if self.account.is_some() {
            BY_ACCOUNT
        } else if !self.actor.is_empty() {
            BY_ACTOR
        } else if !self.kind.is_empty() {
            BY_KIND
        } else {
            ALL
        }
    }
}

/// Acts in the order of the chain from its end, each held against the one before it; and whether
/// there are more.
pub async fn acts(
    connection: &mut AnyConnection,
    wanted: &Wanted,
) -> Result<(Vec<AuditAct>, bool), DbError> {
    let text = wanted.text();
    let at_most = i64::try_from(wanted.limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut query = sqlx::query(text).bind(wanted.below.unwrap_or(i64::MAX)).bind(at_most);
    if text != ALL {
        let account = wanted.account.map(|id| id.to_string()).unwrap_or_default();
        query = query.bind(&wanted.actor).bind(&wanted.kind).bind(account);
    }
    let rows = query.fetch_all(&mut *connection).await?;
    let items = rows.iter().take(wanted.limit).map(act).collect::<Result<Vec<_>, _>>()?;
    let is_more = rows.len() > items.len();
    Ok((items, is_more))
}

fn act(row: &AnyRow) -> Result<AuditAct, DbError> {
    let (n, hash): (i64, String) = (row.try_get("n")?, row.try_get("hash")?);
    let before: Option<String> = row.try_get("hash_before")?;
    let before = before.or_else(|| (n == 1).then(|| BEGINNING.to_owned()));
    let act = StoredAct::read(row)?;
    let account_id = act.account_id.as_deref().map(AccountId::parse).transpose();
    Ok(AuditAct {
        n,
        holds: before.is_some_and(|before| act.hash(n, &before) == hash),
        hash,
        account_id: account_id
            .map_err(|_| DbError::inconsistent("audit_act", "account_id", &act.id))?,
        at: instant_text(Micros(act.at)),
        id: act.id,
        kind: act.kind,
        actor: act.actor,
        about: act.about,
        request: act.request,
    })
}

/// A page of acts, and what is known of the chain without walking all of it.
pub async fn browse(
    connection: &mut AnyConnection,
    wanted: &Wanted,
    verified: Option<(Micros, bool)>,
) -> Result<AuditPage, DbError> {
    let (items, is_more) = acts(&mut *connection, wanted).await?;
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
