//! The caller's account by one question: is the session open, is the account theirs, and how
//! does it stand? Each question more would cost a trip to the database in every request.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use receivables::ids::AccountId;
use sqlx::{AnyConnection, Row};

use super::show::{AccountRow, account_row};
use crate::problem::Refusal;
use crate::sign_in::{self, Caller, Session, SessionKey};
use crate::state::{Portal, Shared};
use crate::web::Path;

/// The owner stands in the query itself: of an account of someone else only the session is
/// found. The states are those in which a payment holds bills, as the index has them.
const FIND: &str = "
select s.customer_id, s.last_seen_at, s.idle_until, s.absolute_until,
  a.number, a.name, a.currency, a.allocation_order, a.credit, a.version,
  (select count(*) from payment p where p.account_id = a.id
    and p.state in ('created', 'awaiting_payer', 'processing', 'unknown')) as in_flight
from session s
left join account_customer c on c.customer_id = s.customer_id and c.account_id = $3
left join account a on a.id = c.account_id
where s.token_hash = $1 and s.ended_at is null and s.idle_until > $2 and s.absolute_until > $2";

pub(super) const SQL: &[&str] = &[FIND];

/// An account that the caller may see. A handler that takes this answers 401 to everybody who
/// is not signed in, and to the others what is not theirs like what is not there.
#[derive(Clone, Debug)]
pub struct CallersAccount {
    pub caller: Caller,
    pub account: AccountRow,
}

impl FromRequestParts<Shared> for CallersAccount {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, portal: &Shared) -> Result<Self, Refusal> {
        let wanted = Wanted::of(parts, portal).await?;
        let found = wanted.find(&mut *portal.db.read().acquire().await?, portal).await?;
        let session = sign_in::note_use(portal, found.session).await?;
        let account = found.account.ok_or_else(Refusal::not_found)?;
        Ok(Self { caller: Caller::of(session), account })
    }
}

/// What a request asks to see, and by which session.
pub struct Wanted {
    session: SessionKey,
    account_id: AccountId,
}

/// An open session, and its customer's account if there is such a one. Note the session's use
/// only after the connection is given back: nobody may hold one while waiting for another.
pub struct Found {
    pub session: Session,
    pub account: Option<AccountRow>,
    pub payments_in_flight: i64,
}

impl Wanted {
    pub async fn of(parts: &mut Parts, portal: &Shared) -> Result<Self, Refusal> {
        let session = SessionKey::of(&parts.headers).ok_or_else(Refusal::unauthenticated)?;
        match Path::from_request_parts(parts, portal).await {
            Ok(Path(account_id)) => Ok(Self { session, account_id }),
            // Who is not signed in is told that first, whatever they asked for.
            Err(refusal) => Caller::from_request_parts(parts, portal).await.and(Err(refusal)),
        }
    }

    pub async fn find(
        self,
        connection: &mut AnyConnection,
        portal: &Portal,
    ) -> Result<Found, Refusal> {
        let (key, id) = (self.session, self.account_id);
        let query = sqlx::query(FIND).bind(key.hash()).bind(portal.now().0).bind(id.to_string());
        let row = query.fetch_optional(connection).await?;
        let row = row.ok_or_else(Refusal::unauthenticated)?;
        let number: Option<String> = row.try_get("number")?;
        let account = number.map(|_| account_row(&row, id)).transpose()?;
        let payments_in_flight = row.try_get("in_flight")?;
        Ok(Found { session: key.session_of(&row)?, account, payments_in_flight })
    }
}
