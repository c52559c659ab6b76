//! The caller's account by one question: is the session open, is the account theirs, and how
//! does it stand? Each question more would cost a trip to the database in every request.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use receivables::api::roles::AccountRole;
use receivables::ids::AccountId;
use sqlx::{AnyConnection, Row};

use super::show::{AccountRow, account_row};
use crate::problem::Refusal;
use crate::sign_in::{
    Action, Caller, Customer, Resource, Session, SessionKey, account_role, caller_of,
    customers_session, note_use, require,
};
use crate::state::{Portal, Shared};
use crate::web::Path;

/// The owner stands in the query itself: of an account of someone else only the session is
/// found. The states are those in which a payment holds bills, as the index has them.
const FIND: &str = "
select s.customer_id, s.created_at, s.last_seen_at, s.idle_until, s.absolute_until, s.method,
  s.remembered, c.role, a.number, a.name, a.currency, a.allocation_order, a.credit, a.version,
  (select count(*) from payment p where p.account_id = a.id
    and p.state in ('created', 'awaiting_payer', 'processing', 'unknown')) as in_flight
from session s
left join account_customer c on c.customer_id = s.customer_id and c.account_id = $3
left join account a on a.id = c.account_id
where s.token_hash = $1 and s.ended_at is null and s.idle_until > $2 and s.absolute_until > $2";

/// For staff and clients, whose to see every account is.
const FIND_ANY: &str = "
select a.number, a.name, a.currency, a.allocation_order, a.credit, a.version,
  (select count(*) from payment p where p.account_id = a.id
    and p.state in ('created', 'awaiting_payer', 'processing', 'unknown')) as in_flight
from account a where a.id = $1";

pub(super) const SQL: &[&str] = &[FIND, FIND_ANY];

/// The account a request names, and who asks for it. Nothing of it is told before
/// [`Self::allowed`] has let the caller do what they want with it.
#[derive(Clone, Debug)]
pub struct CallersAccount {
    caller: Caller,
    resource: Resource,
    account: Option<AccountRow>,
}

impl FromRequestParts<Shared> for CallersAccount {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, portal: &Shared) -> Result<Self, Refusal> {
        let wanted = Wanted::of(parts, portal).await?;
        let found = wanted.find(&mut *portal.db.read().acquire().await?, portal).await?;
        let caller = found.by.noted(portal).await?;
        Ok(Self { caller, resource: found.resource, account: found.account })
    }
}

impl CallersAccount {
    /// The caller and the account, if this is theirs to do; else 401 to nobody, 403 to whose it
    /// is not, and to customers what is not theirs answers like what is not there.
    pub fn allowed(self, action: Action) -> Result<(Caller, AccountRow), Refusal> {
        require(&self.caller, action, self.resource)?;
        Ok((self.caller, self.account.ok_or_else(Refusal::not_found)?))
    }
}

/// What a request asks to see, and by which proof.
pub struct Wanted {
    proof: Proof,
    account_id: AccountId,
}

enum Proof {
    Session(SessionKey),
    /// Staff and clients.
    Known(Caller),
}

/// Who asked. Note a session's use only after the connection is given back: nobody may hold one
/// while waiting for another.
pub enum By {
    Session(Session),
    Known(Caller),
}

impl By {
    pub async fn noted(self, portal: &Portal) -> Result<Caller, Refusal> {
        match self {
            Self::Session(session) => {
                let session = note_use(portal, session).await?;
                Ok(Caller::Customer(Customer::of(session)))
            }
            Self::Known(caller) => Ok(caller),
        }
    }
}

/// Whoever asked, and the account if they may see such a one.
pub struct Found {
    pub by: By,
    pub resource: Resource,
    pub account: Option<AccountRow>,
    pub payments_in_flight: i64,
}

impl Wanted {
    pub async fn of(parts: &mut Parts, portal: &Shared) -> Result<Self, Refusal> {
        let proof = match customers_session(&parts.headers) {
            Some(key) => Proof::Session(key),
            None => match caller_of(&parts.headers, portal).await? {
                Caller::Nobody => return Err(Refusal::unauthenticated()),
                caller => Proof::Known(caller),
            },
        };
        match (Path::from_request_parts(parts, portal).await, proof) {
            (Ok(Path(account_id)), proof) => Ok(Self { proof, account_id }),
            (Err(refusal), Proof::Known(_)) => Err(refusal),
            // Who is not signed in is told that first, whatever they asked for.
            (Err(refusal), Proof::Session(_)) => match caller_of(&parts.headers, portal).await? {
                Caller::Nobody => Err(Refusal::unauthenticated()),
                Caller::Customer(_) | Caller::Staff(_) | Caller::Client(_) => Err(refusal),
            },
        }
    }

    pub async fn find(
        self,
        connection: &mut AnyConnection,
        portal: &Portal,
    ) -> Result<Found, Refusal> {
        match self.proof {
            Proof::Session(key) => find_own(connection, portal, key, self.account_id).await,
            Proof::Known(caller) => find_any(connection, caller, self.account_id).await,
        }
    }
}

async fn find_own(
    connection: &mut AnyConnection,
    portal: &Portal,
    key: SessionKey,
    id: AccountId,
) -> Result<Found, Refusal> {
    let query = sqlx::query(FIND).bind(key.hash()).bind(portal.now().0).bind(id.to_string());
    let row = query.fetch_optional(connection).await?;
    let row = row.ok_or_else(Refusal::unauthenticated)?;
    let role: Option<String> = row.try_get("role")?;
    let role: Option<AccountRole> = role.map(|code| account_role(&code)).transpose()?;
    Ok(Found {
        resource: Resource::Account(role),
        account: role.map(|_| account_row(&row, id)).transpose()?,
        payments_in_flight: row.try_get("in_flight")?,
        by: By::Session(key.session_of(&row)?),
    })
}

async fn find_any(
    connection: &mut AnyConnection,
    caller: Caller,
    id: AccountId,
) -> Result<Found, Refusal> {
    let row = sqlx::query(FIND_ANY).bind(id.to_string()).fetch_optional(connection).await?;
    let payments_in_flight = row.as_ref().map_or(Ok(0), |row| row.try_get("in_flight"))?;
    let account = row.map(|row| account_row(&row, id)).transpose()?;
    Ok(Found { by: By::Known(caller), resource: Resource::Portal, account, payments_in_flight })
}
