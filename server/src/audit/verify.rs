//! Verifying: every place from the first, every hash, and where the chain breaks first.

use std::fmt;
use std::str::FromStr;

use sqlx::{AnyConnection, Row};
use thiserror::Error;

use super::act::StoredAct;
use super::seal::BEGINNING;
use crate::db::DbError;

const PAGE: &str = "
select n, hash, id, kind, actor, about, account_id, at, request, digest from audit_act
where n > $1 order by n limit $2";

const UNSEALED: &str = "select count(*) from audit_act where n is null";

pub(super) const SQL: &[&str] = &[PAGE, UNSEALED];

const A_PAGE: i64 = 1_000;

/// The last act's place and hash: kept elsewhere, it proves later that nothing was cut off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    pub n: i64,
    pub hash: String,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.n, self.hash)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a head is a number, a colon and 64 hexadecimal digits")]
pub struct HeadMalformed;

impl FromStr for Head {
    type Err = HeadMalformed;

    fn from_str(text: &str) -> Result<Self, HeadMalformed> {
        let (n, hash) = text.trim().split_once(':').ok_or(HeadMalformed)?;
        let n = n.parse().map_err(|_| HeadMalformed)?;
        let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if n < 1 || !is_hash {
            return Err(HeadMalformed);
        }
        Ok(Self { n, hash: hash.to_ascii_lowercase() })
    }
}

/// What the trail says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    pub head: Head,
    /// Acts of the last moments that have no place yet.
    pub unsealed: i64,
    /// The first place that is not as it was sealed, in words.
    pub broken: Option<String>,
}

/// Walks the chain from its beginning, against a head that was kept, if there is one. It ends at
/// the first break: behind it nothing can be vouched for.
pub async fn verify(tx: &mut AnyConnection, kept: Option<&Head>) -> Result<Trail, DbError> {
    let unsealed = sqlx::query(UNSEALED).fetch_one(&mut *tx).await?.try_get(0)?;
    let mut head = Head { n: 0, hash: BEGINNING.to_owned() };
    loop {
        let rows = sqlx::query(PAGE).bind(head.n).bind(A_PAGE).fetch_all(&mut *tx).await?;
        for row in &rows {
            if let Some(broken) = step(&mut head, row, kept)? {
                return Ok(Trail { head, unsealed, broken: Some(broken) });
            }
        }
        if (rows.len() as i64) < A_PAGE {
            break;
        }
    }
    let broken = kept.filter(|kept| kept.n > head.n).map(|kept| {
        format!(
            "act {} is missing: the trail was cut off before the kept head {}",
            head.n + 1,
            kept.n
        )
    });
    Ok(Trail { head, unsealed, broken })
}

/// Moves the head on by one act, or says why it cannot.
fn step(
    head: &mut Head,
    row: &sqlx::any::AnyRow,
    kept: Option<&Head>,
) -> Result<Option<String>, DbError> {
    let (n, hash): (i64, String) = (row.try_get("n")?, row.try_get("hash")?);
    let expected = head.n + 1;
    if n != expected {
        return Ok(Some(format!("act {expected} is missing")));
    }
    let act = StoredAct::read(row)?;
    if act.hash(n, &head.hash) != hash {
        return Ok(Some(format!("act {n} ({}) is not as it was sealed", act.id)));
    }
    if kept.is_some_and(|kept| kept.n == n && kept.hash != hash) {
        return Ok(Some(format!(
            "act {n} ({}) is not the kept head: the trail was rewritten",
            act.id
        )));
    }
    *head = Head { n, hash };
    Ok(None)
}
