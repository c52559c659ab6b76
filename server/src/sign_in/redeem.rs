//! Turning a code or link into a session: once, in the browser that asked, within five tries.

use receivables::calendar::Micros;
use receivables::ids::CustomerId;
use sqlx::{AnyConnection, Row};

use super::code::Code;
use super::session::{NewSession, Opening, Session};
use super::token::Token;
use crate::db::{Command, DbError};
use crate::state::Portal;

// Only the newest code of a browser counts: asking again means the older mail is forgotten.
const FIND_NEWEST: &str = "
select id from sign_in_code
where browser_hash = $1 and used_at is null and expires_at > $2
order by created_at desc, id desc limit 1";

// The try is taken before anything is compared: of a thousand guesses sent at once, five count.
const TAKE_A_TRY: &str = "
update sign_in_code set tries_left = tries_left - 1
where id = $1 and used_at is null and tries_left > 0
returning email, code_hash, link_hash";

const HAS_NO_TRIES: &str = "
select id from sign_in_code where id = $1 and used_at is null and tries_left = 0";

const USE_UP: &str = "
update sign_in_code set used_at = $2 where id = $1 and used_at is null";

const FIND_CUSTOMER: &str = "select id from customer where email = $1";

pub(super) const SQL: &[&str] = &[FIND_NEWEST, TAKE_A_TRY, HAS_NO_TRIES, USE_UP, FIND_CUSTOMER];

#[derive(Clone, Debug)]
pub enum Redeemed {
    SignedIn(Session),
    /// Wrong, expired, used, or of another browser: which one is nobody's business.
    Invalid,
    TooManyTries,
}

/// The code as typed, or the link's secret.
pub enum SignInProof {
    Code(String),
    Link(String),
}

/// What the browser sent.
pub struct Claimed {
    pub proof: SignInProof,
    pub browser: Token,
}

/// Opens a session as `opening` says if the proof is right.
pub async fn redeem(
    portal: &Portal,
    claimed: Claimed,
    opening: Opening,
) -> Result<Redeemed, DbError> {
    let Claimed { proof, browser } = claimed;
    let redeem = Redeem {
        proof: match proof {
            SignInProof::Code(typed) => {
                ProofHash::Code(Code::parse(&typed).map(|code| code.hash_for(&browser)))
            }
            SignInProof::Link(secret) => {
                ProofHash::Link(Token::parse(&secret).map(|secret| secret.hash()))
            }
        },
        browser_hash: browser.hash(),
        opening,
        now: portal.now(),
    };
    portal.db.write(redeem).await
}

/// Nothing where what was sent cannot be right; it costs a try all the same.
enum ProofHash {
    Code(Option<String>),
    Link(Option<String>),
}

struct Redeem {
    proof: ProofHash,
    browser_hash: String,
    opening: Opening,
    now: Micros,
}

impl Command for Redeem {
    type Reply = Redeemed;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Redeemed, DbError> {
        let newest = sqlx::query(FIND_NEWEST)
            .bind(&self.browser_hash)
            .bind(self.now.0)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(newest) = newest else { return Ok(Redeemed::Invalid) };
        let id: String = newest.try_get("id")?;
        let Some(row) = sqlx::query(TAKE_A_TRY).bind(&id).fetch_optional(&mut *tx).await? else {
            let locked = sqlx::query(HAS_NO_TRIES).bind(&id).fetch_optional(&mut *tx).await?;
            return Ok(if locked.is_some() { Redeemed::TooManyTries } else { Redeemed::Invalid });
        };
        let (expected, given) = match &self.proof {
            ProofHash::Code(given) => (row.try_get::<String, _>("code_hash")?, given),
            ProofHash::Link(given) => (row.try_get::<String, _>("link_hash")?, given),
        };
        if given.as_ref() != Some(&expected) {
            return Ok(Redeemed::Invalid);
        }
        let used = sqlx::query(USE_UP).bind(&id).bind(self.now.0).execute(&mut *tx).await?;
        let email: String = row.try_get("email")?;
        let customer = sqlx::query(FIND_CUSTOMER).bind(&email).fetch_optional(&mut *tx).await?;
        let (1, Some(customer)) = (used.rows_affected(), customer) else {
            return Ok(Redeemed::Invalid);
        };
        let customer: String = customer.try_get("id")?;
        let customer_id = CustomerId::parse(&customer)
            .map_err(|_| DbError::inconsistent("customer", "id", &customer))?;
        let new = NewSession { customer_id, now: self.now };
        self.opening.open(tx, new).await.map(Redeemed::SignedIn)
    }
}
