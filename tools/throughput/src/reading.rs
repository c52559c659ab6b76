//! Requests that only read, over kept connections, each with a session of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use axum::routing::post;
use axum::{Json, Router};
use futures_util::future::try_join_all;
use receivables::allocation::Direction;
use receivables::ids::AccountId;
use serde_json::{Value, json};
use server::outbox;

use crate::Outcome;
use crate::book::{AMOUNT, Account};
use crate::figures::Run;
use crate::stage::Stage;
use crate::web_client::{self, Client};

/// A signed-in customer at a connection.
pub struct Session {
    pub account_id: AccountId,
    pub direction: Direction,
    pub cookie: String,
}

/// Signs in the first customers as they would: a code by mail, typed.
pub async fn sign_in(
    stage: &Stage,
    accounts: &[Account],
    how_many: usize,
) -> Outcome<Vec<Session>> {
    let mut sessions = Vec::with_capacity(how_many);
    let mut client = Client::connect(stage.address).await?;
    for account in accounts.iter().take(how_many) {
        let ask = json!({ "email": account.email }).to_string();
        client.expect(202, &web_client::post("/api/v1/sign-in/codes", "", "", &ask)).await?;
        let browser = client.cookies.join("; ");
        outbox::deliver_due(&stage.portal).await?;
        let code = code_for(&stage.folder.join("mail"), &account.email)?;
        let proof = json!({ "code": code }).to_string();
        let request = web_client::post("/api/v1/sign-in/session", &browser, "", &proof);
        client.expect(201, &request).await?;
        let is_session = |cookie: &&String| cookie.starts_with("__Host-pd_sid=");
        let cookie = client.cookies.iter().find(is_session).ok_or("no session cookie")?;
        sessions.push(Session {
            account_id: account.id,
            direction: account.direction.clone(),
            cookie: cookie.clone(),
        });
    }
    Ok(sessions)
}

/// `7K3M-9QXA`, from the newest mail to this address.
fn code_for(folder: &Path, email: &str) -> Outcome<String> {
    let mut files: Vec<_> = std::fs::read_dir(folder)?
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .map(|entry| entry.path())
        .collect();
    files.sort();
    for file in files.iter().rev() {
        let mail = std::fs::read_to_string(file)?;
        if mail.lines().any(|line| line == format!("To: {email}")) {
            let words = mail.lines().filter_map(|line| line.strip_prefix("    "));
            let is_code = |word: &&str| word.len() == 9 && word.as_bytes().get(4) == Some(&b'-');
            return words.map(str::trim).find(is_code).map(str::to_owned).ok_or("no code".into());
        }
    }
    Err("there is no mail".into())
}

/// A web server that repeats the JSON it is sent, and nothing else.
pub async fn bare_echo() -> Outcome<SocketAddr> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let echo = Router::new().route("/echo", post(|Json(said): Json<Value>| async { Json(said) }));
    tokio::spawn(async move { axum::serve(listener, echo).await });
    Ok(address)
}

pub fn echo_requests(connections: usize) -> Vec<Vec<u8>> {
    let body = json!({ "amount": AMOUNT, "currency": "USD" }).to_string();
    vec![web_client::post("/echo", "", "", &body); connections]
}

pub fn bill_requests(sessions: &[Session]) -> Vec<Vec<u8>> {
    let request = |session: &Session| {
        let path = format!("/api/v1/accounts/{}/due-periods", session.account_id);
        web_client::get(&path, &session.cookie)
    };
    sessions.iter().map(request).collect()
}

pub fn preview_requests(sessions: &[Session]) -> Vec<Vec<u8>> {
    sessions.iter().map(preview_request).collect()
}

pub fn preview_request(session: &Session) -> Vec<u8> {
    let path = format!("/api/v1/accounts/{}/allocation-previews", session.account_id);
    let body = json!({ "amount": AMOUNT, "currency": "USD", "direction": session.direction });
    web_client::post(&path, &session.cookie, "", &body.to_string())
}

/// Each connection asks the same again and again.
pub async fn measure(to: SocketAddr, requests: Vec<Vec<u8>>, time: Duration) -> Outcome<Run> {
    let clients = try_join_all(requests.iter().map(|_| Client::connect(to))).await?;
    let start = Instant::now();
    let readers = clients.into_iter().zip(requests).map(|(mut client, request)| {
        tokio::spawn(async move {
            let mut each = Vec::new();
            while start.elapsed() < time {
                let began = Instant::now();
                client.expect(200, &request).await?;
                each.push(began.elapsed());
            }
            Outcome::Ok(each)
        })
    });
    let mut each = Vec::new();
    for reader in readers.collect::<Vec<_>>() {
        each.extend(reader.await??);
    }
    Ok(Run { count: each.len(), took: start.elapsed(), each })
}
