//! In the demo anybody may play staff: the door names two people and asks for no proof. It is there
//! only where the demo's mails can be read too, and no gateway's key was ever set.

use axum::Router;
use axum::extract::{Form, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use receivables::api::roles::StaffRole;
use receivables::ids::MemberId;
use serde::Deserialize;
use sqlx::AnyConnection;

use super::cookie;
use super::member::{self, Known};
use super::routes::DESK;
use super::session::{self, Lifetimes, Opening};
use super::verify::Proven;
use crate::db::{Command, DbError};
use crate::limits;
use crate::problem::{Refusal, request_name};
use crate::sign_in::{StaffRoles, Token, read_cookie};
use crate::state::{Portal, Shared};
use crate::web::{ClientAddress, FromOurPage};

const PATH: &str = "/staff/demo";
const ISSUER: &str = "demo";

pub fn pages() -> Router<Shared> {
    Router::new().route(PATH, post(come_in))
}

/// Whether the door is there.
pub fn is_open(portal: &Portal) -> bool {
    portal.is_demo() && portal.settings.demo && portal.identity_provider.is_none()
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Player {
    Clerk,
    Approver,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    player: Player,
}

impl Player {
    const fn name(self) -> &'static str {
        match self {
            Self::Clerk => "Carla Clerk",
            Self::Approver => "Abel Approver",
        }
    }

    const fn role(self) -> StaffRole {
        match self {
            Self::Clerk => StaffRole::Clerk,
            Self::Approver => StaffRole::Approver,
        }
    }
}

async fn come_in(
    _: FromOurPage,
    State(portal): State<Shared>,
    from: ClientAddress,
    headers: HeaderMap,
    Form(Fields { player }): Form<Fields>,
) -> Result<Response, Refusal> {
    let roles = StaffRoles::of(&[player.role()]);
    let Some(roles) = roles.filter(|_| is_open(&portal)) else {
        return Err(Refusal::not_found());
    };
    limits::count_sign_in(&portal, "staff sign-ins", from).await?;
    let (ms, chance) = portal.id_parts();
    let token = Token::draw(portal.chance.as_ref());
    let name = player.name().to_owned();
    let enter = Play {
        known: Known {
            issuer: ISSUER.to_owned(),
            proven: Proven { subject: name.clone(), name, role_words: Vec::new() },
            new_id: MemberId::from_parts(ms, &chance),
        },
        before: read_cookie(&headers, cookie::SESSION),
        opening: Opening {
            token: token.clone(),
            roles,
            lifetimes: Lifetimes::of(&portal),
            not_after: None,
            request: request_name(),
            now: portal.now(),
        },
    };
    if !portal.db.write(enter).await? {
        return Err(Refusal::not_found());
    }
    let mut response = Redirect::to(DESK).into_response();
    cookie::append(&mut response, cookie::session(&token));
    Ok(response)
}

struct Play {
    known: Known,
    before: Option<Token>,
    opening: Opening,
}

impl Command for Play {
    type Reply = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, DbError> {
        let now = self.opening.now;
        let Some(member_id) = member::find_or_add(tx, &self.known, now).await? else {
            return Ok(false);
        };
        if let Some(before) = &self.before {
            session::end(tx, before, self.opening.request.clone(), now).await?;
        }
        session::open(tx, &self.opening, member_id).await?;
        Ok(true)
    }
}
