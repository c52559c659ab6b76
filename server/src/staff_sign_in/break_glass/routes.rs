//! The page of the broken glass. While it is whole there is no such page.

use axum::Router;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;

use super::enter::{Typed, enter, is_broken};
use crate::limits;
use crate::problem::Refusal;
use crate::sign_in::read_cookie;
use crate::staff_sign_in::page::Page;
use crate::staff_sign_in::{HOME, cookie};
use crate::state::Shared;
use crate::web::{ClientAddress, FromOurPage};

const PATH: &str = "/staff/break-glass";

pub fn pages() -> Router<Shared> {
    Router::new().route(PATH, get(show).post(come_in))
}

async fn show(State(portal): State<Shared>) -> Result<Response, Refusal> {
    if !is_broken(&portal).await? {
        return Err(Refusal::not_found());
    }
    let words = "For when your company's identity provider is down. Every use is recorded.";
    let page = Page { asks_for_password: true, ..Page::new("Emergency sign-in", words) };
    Ok(page.answer(&portal, StatusCode::OK))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    name: String,
    password: String,
    code: String,
}

async fn come_in(
    _: FromOurPage,
    State(portal): State<Shared>,
    from: ClientAddress,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    if !is_broken(&portal).await? {
        return Err(Refusal::not_found());
    }
    if let Err(refusal) = limits::count_sign_in(&portal, "broken glass", from).await {
        return Ok(Page::refused(&portal, &refusal));
    }
    let Fields { name, password, code } = fields;
    let before = read_cookie(&headers, cookie::SESSION);
    let Some(token) = enter(&portal, Typed { name, password, code, before }).await? else {
        tracing::warn!(security = "break-glass", "an emergency sign-in was refused");
        let words = "The name, the password or the code is wrong, or was tried too often. After \
            five tries wait a quarter of an hour.";
        let page = Page { asks_for_password: true, ..Page::new("You are not signed in", words) };
        return Ok(page.answer(&portal, StatusCode::UNAUTHORIZED));
    };
    tracing::warn!(security = "break-glass", "an emergency sign-in opened a session");
    let mut response = Redirect::to(HOME).into_response();
    cookie::append(&mut response, cookie::session(&token));
    Ok(response)
}
