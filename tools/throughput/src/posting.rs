//! Posting as the portal does it, by so many payers at once.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use server::payments::PaymentRecord;
use server::payments::post::{PostOutcome, Received, post};
use server::state::Shared;

use crate::Outcome;
use crate::book::Waiting;
use crate::figures::Run;

pub async fn measure(
    portal: &Shared,
    waiting: &Waiting,
    payers: usize,
    time: Duration,
) -> Outcome<Run> {
    let start = Instant::now();
    let all = (0..payers).map(|_| payer(portal, waiting, start, time));
    let each = try_join_all(all).await?.concat();
    Ok(Run { count: each.len(), took: start.elapsed(), each })
}

async fn payer(
    portal: &Shared,
    waiting: &Waiting,
    start: Instant,
    time: Duration,
) -> Outcome<Vec<Duration>> {
    let mut each = Vec::new();
    while start.elapsed() < time
        && let Some(payment) = waiting.take()
    {
        let began = Instant::now();
        let portal = portal.clone();
        let received = received(&portal, payment);
        // A task of its own, as every request is.
        let outcome = tokio::spawn(async move { post(&portal, received).await }).await??;
        if outcome != PostOutcome::Posted {
            return Err(format!("a payment was not posted: {outcome:?}").into());
        }
        each.push(began.elapsed());
    }
    Ok(each)
}

fn received(portal: &Shared, payment: PaymentRecord) -> Received {
    Received {
        payment_id: payment.id,
        gateway_ref: payment.gateway_ref.unwrap_or_default(),
        amount: payment.amount,
        currency: payment.currency,
        tender: payment.tender,
        method: Some("Visa 4242".to_owned()),
        effective_on: portal.today(),
    }
}
