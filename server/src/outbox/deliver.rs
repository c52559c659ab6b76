//! Doing what is due.

use std::time::Duration;

use super::enqueue::OutboxKind;
use super::letter::Letter;
use super::senders::SendError;
use super::store::{Claim, Claimed, Forget, Lane, Settle, matter};
use crate::db::DbError;
use crate::state::Portal;
use crate::work_list::NewWorkItem;

/// For one delivery.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// Longer than the 20 rows of a claim take when each uses up its timeout.
const LEASE_SECONDS: i64 = 300;
const LONGEST_WAIT_SECONDS: i64 = 6 * 3_600;
/// From here on a person should look; the tries go on.
pub(super) const WORRYING_TRIES: i64 = 8;
const KEPT_DAYS: i64 = 30;

/// What one pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryCount {
    pub sent: u32,
    /// Done without sending: nobody to send to, too late to be of use, nowhere configured.
    pub dropped: u32,
    /// To be tried again.
    pub failed: u32,
}

enum Outcome {
    Sent,
    Dropped(&'static str),
    Failed(SendError),
}

/// Delivers everything that is due now, once. What fails becomes due later.
pub async fn deliver_due(portal: &Portal) -> Result<DeliveryCount, DbError> {
    let (mails, write_backs) =
        tokio::try_join!(empty(portal, Lane::Mails), empty(portal, Lane::WriteBacks))?;
    Ok(DeliveryCount {
        sent: mails.sent + write_backs.sent,
        dropped: mails.dropped + write_backs.dropped,
        failed: mails.failed + write_backs.failed,
    })
}

/// Clears away what was done long ago; call it now and then.
pub async fn forget_old(portal: &Portal) -> Result<(), DbError> {
    let before = portal.now().plus_minutes(-KEPT_DAYS * 24 * 60);
    portal.db.write(Forget { before }).await
}

async fn empty(portal: &Portal, lane: Lane) -> Result<DeliveryCount, DbError> {
    let mut count = DeliveryCount::default();
    loop {
        let now = portal.now();
        let lease_until = now.plus_seconds(LEASE_SECONDS);
        let claimed = portal.db.write(Claim { lane, now, lease_until }).await?;
        if claimed.is_empty() {
            return Ok(count);
        }
        for row in claimed {
            deliver(portal, &row, &mut count).await?;
        }
    }
}

async fn deliver(portal: &Portal, row: &Claimed, count: &mut DeliveryCount) -> Result<(), DbError> {
    let outcome = attempt(portal, row).await;
    let (id, kind, tries) = (row.id, row.kind.code(), row.tries);
    let settle = match outcome {
        Outcome::Sent => {
            count.sent += 1;
            tracing::info!(outbox = %id, kind, tries, "delivered");
            Settle::Done { id, at: portal.now(), remark: None, tries }
        }
        Outcome::Dropped(why) => {
            count.dropped += 1;
            tracing::info!(outbox = %id, kind, why, "there was nothing to deliver");
            Settle::Done { id, at: portal.now(), remark: Some(why.to_owned()), tries }
        }
        Outcome::Failed(error) => {
            count.failed += 1;
            tracing::warn!(outbox = %id, kind, tries, %error, "not delivered yet");
            let now = portal.now();
            let item = (tries >= WORRYING_TRIES).then(|| NewWorkItem {
                id: portal.work_item_id(),
                matter: matter(id),
                account_id: None,
                why: format!("A {kind} was not delivered in {tries} tries; they go on."),
                now,
            });
            let due_at = now.plus_seconds(wait_seconds(tries));
            Settle::Again { id, due_at, error: error.to_string(), item }
        }
    };
    portal.db.write(settle).await
}

async fn attempt(portal: &Portal, row: &Claimed) -> Outcome {
    let sent = match row.kind {
        OutboxKind::SignInMail
        | OutboxKind::ReceiptMail
        | OutboxKind::RefundMail
        | OutboxKind::InvitationMail => {
            let Ok(letter) = serde_json::from_str::<Letter>(&row.payload) else {
                return Outcome::Failed(SendError::new("the stored letter cannot be read"));
            };
            let Some(to) = &letter.to else { return Outcome::Dropped("nobody to write to") };
            if letter.useless_after.is_some_and(|end| end <= portal.now()) {
                return Outcome::Dropped("too late to be of use");
            }
            portal.senders.mail.send(row.id, to, &letter, portal.now()).await
        }
        OutboxKind::WriteBack => match &portal.senders.write_back {
            None => return Outcome::Dropped("no backend configured"),
            Some(backend) => backend.send(row.id, row.payload.clone()).await,
        },
    };
    sent.map_or_else(Outcome::Failed, |()| Outcome::Sent)
}

/// 15 s, 30 s, 1 min … 6 h. The hours matter: a mail server may be down overnight.
fn wait_seconds(tries: i64) -> i64 {
    let doublings = u32::try_from(tries.saturating_sub(1).clamp(0, 20)).unwrap_or(0);
    (15_i64 << doublings).min(LONGEST_WAIT_SECONDS)
}

#[cfg(test)]
mod tests {
    use receivables::calendar::Micros;

    use super::*;

    #[test]
    fn the_waits_double_up_to_six_hours() {
        assert_eq!(wait_seconds(1), 15);
        assert_eq!(wait_seconds(2), 30);
        assert_eq!(wait_seconds(11), 15_360);
        assert_eq!(wait_seconds(12), 21_600);
        assert_eq!(wait_seconds(i64::MAX), 21_600);
        assert_eq!(wait_seconds(i64::MIN), 15);
        assert_eq!(Micros(0).plus_seconds(wait_seconds(1)), Micros(15_000_000));
    }
}
