//! Finishing a sign-in: what came back fits what was begun, the provider vouches for somebody
//! who proved themselves twice, and they have a role here.

use receivables::calendar::Micros;
use receivables::ids::MemberId;
use sqlx::{AnyConnection, Row};

use super::member::{self, Known};
use super::provider::IdentityProvider;
use super::refusal::StaffRefusal;
use super::session::{self, Lifetimes, Opening};
use super::verify::{Expected, NotProven, Proven, verify};
use crate::db::{Command, DbError};
use crate::problem::request_name;
use crate::sign_in::Token;
use crate::state::Portal;

const TAKE: &str = "
delete from staff_sign_in_begun where state_hash = $1 and browser_hash = $2
returning nonce, pkce_verifier, expires_at";

pub(super) const SQL: &[&str] = &[TAKE];

/// What came back with the browser.
pub struct Returned {
    pub state: Token,
    pub browser: Token,
    pub outcome: Result<String, String>,
    /// RFC 9207: who says so.
    pub issuer: Option<String>,
    /// The session that the browser had before, which ends.
    pub before: Option<Token>,
}

/// The new session's token, or why there is none.
pub async fn finish(portal: &Portal, returned: Returned) -> Result<Token, StaffRefusal> {
    let provider = portal.identity_provider.as_ref().ok_or(StaffRefusal::NotSetUp)?;
    let (state_hash, browser_hash) = (returned.state.hash(), returned.browser.hash());
    let begun = portal.db.write(Take { state_hash, browser_hash }).await?;
    let begun = begun.filter(|begun| begun.expires_at > portal.now());
    let begun = begun.ok_or(StaffRefusal::NotBegunHere)?;
    let issuer = &portal.settings.staff_sign_in.issuer;
    if returned.issuer.is_some_and(|said| said != *issuer) {
        return Err(NotProven::Untrue("the answer is another issuer's".to_owned()).into());
    }
    let code = returned.outcome.map_err(StaffRefusal::NotSignedIn)?;
    let proven = prove(portal, provider, code, begun).await?;
    let settings = &portal.settings.staff_sign_in;
    let roles = settings.role_map.roles_of(&proven.role_words).ok_or(StaffRefusal::NoRole)?;
    let (ms, chance) = portal.id_parts();
    let new_id = MemberId::from_parts(ms, &chance);
    let token = Token::draw(portal.chance.as_ref());
    let enter = Enter {
        known: Known { issuer: issuer.clone(), proven, new_id },
        before: returned.before,
        opening: Opening {
            token: token.clone(),
            roles,
            lifetimes: Lifetimes::of(portal),
            not_after: None,
            request: request_name(),
            now: portal.now(),
        },
    };
    let member_id = portal.db.write(enter).await?.ok_or(StaffRefusal::Ended)?;
    tracing::info!(security = "staff-signed-in", member = %member_id, "signed in");
    Ok(token)
}

async fn prove(
    portal: &Portal,
    provider: &IdentityProvider,
    code: String,
    begun: Begun,
) -> Result<Proven, StaffRefusal> {
    let now = portal.now();
    let metadata = provider.metadata(now).await?;
    let token = provider.exchange(&metadata, code, begun.pkce_verifier).await?;
    let expected = Expected {
        client_id: provider.client_id(),
        nonce: &begun.nonce,
        now,
        settings: &portal.settings.staff_sign_in,
    };
    match verify(&token, &metadata, &expected) {
        // The provider may have changed its keys since we asked for them.
        Err(NotProven::UnknownKey) => {
            let metadata = provider.fresh_metadata(now).await?;
            Ok(verify(&token, &metadata, &expected)?)
        }
        proven => Ok(proven?),
    }
}

struct Begun {
    nonce: String,
    pkce_verifier: String,
    expires_at: Micros,
}

/// Takes what was begun away, so that it comes back once.
struct Take {
    state_hash: String,
    browser_hash: String,
}

impl Command for Take {
    type Reply = Option<Begun>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Option<Begun>, DbError> {
        let query = sqlx::query(TAKE).bind(&self.state_hash).bind(&self.browser_hash);
        let Some(row) = query.fetch_optional(&mut *tx).await? else { return Ok(None) };
        Ok(Some(Begun {
            nonce: row.try_get("nonce")?,
            pkce_verifier: row.try_get("pkce_verifier")?,
            expires_at: Micros(row.try_get("expires_at")?),
        }))
    }
}

struct Enter {
    known: Known,
    before: Option<Token>,
    opening: Opening,
}

impl Command for Enter {
    type Reply = Option<MemberId>;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Option<MemberId>, DbError> {
        let Opening { now, request, .. } = &self.opening;
        let Some(member_id) = member::find_or_add(tx, &self.known, *now).await? else {
            return Ok(None);
        };
        if let Some(before) = &self.before {
            session::end(tx, before, request.clone(), *now).await?;
        }
        session::open(tx, &self.opening, member_id).await?;
        Ok(Some(member_id))
    }
}
