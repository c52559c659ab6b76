//! Whole payments, as browsers make them: preview, start, card, and the gateway's webhook that
//! posts them while the payer reads on.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use receivables::ids::PaymentId;
use serde_json::{Value, json};
use server::work;
use tokio::sync::watch;

use crate::Outcome;
use crate::book::AMOUNT;
use crate::figures::Run;
use crate::reading::{Session, preview_request};
use crate::stage::Stage;
use crate::web_client::{self, Client};

/// Posting goes on this long after the last click before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(60);

const COUNT_UNPOSTED: &str = "
select count(*) from payment where state <> 'posted' and session_hash <> 'a session'";

/// How the payers fared until their click, and how their payments fared until posted.
pub async fn measure(stage: &Stage, sessions: &[Session], time: Duration) -> Outcome<(Run, Run)> {
    let (stop, stopped) = watch::channel(false);
    let gateway = tokio::spawn(stage.sandbox.clone().keep_time());
    let working = tokio::spawn(work::run(stage.portal.clone(), stopped));
    let start = Instant::now();
    let payers = sessions.iter().map(|session| payer(stage, session, start, time));
    let each = try_join_all(payers).await?.concat();
    let started = Run { count: each.len(), took: start.elapsed(), each };
    wait_until_all_are_posted(stage).await?;
    let posted = Run { count: started.count, took: start.elapsed(), each: Vec::new() };
    stop.send(true)?;
    working.await?;
    gateway.abort();
    Ok((started, posted))
}

async fn payer(
    stage: &Stage,
    session: &Session,
    start: Instant,
    time: Duration,
) -> Outcome<Vec<Duration>> {
    let mut client = Client::connect(stage.address).await?;
    let preview = preview_request(session);
    let mut each = Vec::new();
    while start.elapsed() < time {
        let began = Instant::now();
        client.expect(200, &preview).await?;
        let previewed: Value = serde_json::from_slice(&client.body)?;
        let (ms, chance) = stage.portal.id_parts();
        let id = PaymentId::from_parts(ms, &chance);
        let body = json!({
            "id": id,
            "amount": AMOUNT,
            "currency": "USD",
            "direction": session.direction,
            "fingerprint": previewed["preview"]["fingerprint"],
        });
        let path = format!("/api/v1/accounts/{}/payments", session.account_id);
        let key = format!("idempotency-key: {id}\r\n");
        let request = web_client::post(&path, &session.cookie, &key, &body.to_string());
        match client.exchange(&request).await? {
            201 => {}
            // The payment before was posted between the preview and the start: as for a payer,
            // the preview is shown anew.
            409 => continue,
            status => {
                let body = String::from_utf8_lossy(&client.body);
                return Err(format!("a payment was not started: {status} {body}").into());
            }
        }
        let payment: Value = serde_json::from_slice(&client.body)?;
        each.push(began.elapsed());
        let form = &payment["card_form"];
        let intent = form["gateway_ref"].as_str().ok_or("there is no card form")?;
        let body = json!({ "client_secret": form["client_secret"], "card": "success" });
        let path = format!("/sandbox/intents/{intent}/confirm");
        let request = web_client::post(&path, &session.cookie, "", &body.to_string());
        client.expect(200, &request).await?;
    }
    Ok(each)
}

async fn wait_until_all_are_posted(stage: &Stage) -> Outcome {
    let end = Instant::now() + PATIENCE;
    loop {
        let query = sqlx::query_scalar(COUNT_UNPOSTED);
        let left: i64 = query.fetch_one(stage.portal.db.read()).await?;
        if left == 0 {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(format!("{left} payments were not posted").into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
