//! Money that arrived without a start of ours: written down as a payment and posted in the
//! caller's transaction, by the one posting function.

use receivables::allocation::Direction;
use receivables::calendar::Micros;
use receivables::money::MinorUnits;
use receivables::payment::PaymentState;
use sqlx::AnyConnection;

use super::post::{Post, PostOutcome, Received};
use super::preview::view_in;
use super::store::{self, PaymentRecord};
use crate::accounts::LockedAccount;
use crate::db::{Command, DbError};
use crate::state::Shared;

/// Money that a gateway received, and whose it is said to be.
#[derive(Clone, Debug)]
pub struct ReceivedOutside {
    pub received: Received,
    pub received_at: Micros,
    /// Who said so, in place of a customer.
    pub started_by: &'static str,
}

/// Writes the payment and posts it. The caller holds the account's lock, has compared the
/// currency, and has made sure that no payment of this reference is there.
pub async fn record_received(
    tx: &mut AnyConnection,
    portal: &Shared,
    account: &LockedAccount,
    outside: ReceivedOutside,
) -> Result<PostOutcome, DbError> {
    let ReceivedOutside { received, received_at, started_by } = outside;
    let rules = portal.settings.payment_rules(account.currency);
    let view = view_in(tx, account, &rules, portal.today()).await?;
    let preview = view.preview_of_received(received.amount, &Direction::default());
    let preview = preview
        .map_err(|_| DbError::inconsistent("external_money", "amount", &received.gateway_ref))?;
    let payment = PaymentRecord {
        id: received.payment_id,
        account_id: account.id,
        started_by: started_by.to_owned(),
        session_hash: None,
        idempotency_key: received.gateway_ref.clone(),
        request_hash: preview.fingerprint.as_str().to_owned(),
        amount: received.amount,
        currency: received.currency,
        tender: received.tender,
        method: received.method.clone(),
        direction: Direction::default(),
        preview,
        state: PaymentState::Created,
        decline: None,
        gateway: portal.gateway_name().to_owned(),
        gateway_ref: Some(received.gateway_ref.clone()),
        received: MinorUnits::ZERO,
        refunded: MinorUnits::ZERO,
        refunding: MinorUnits::ZERO,
        withdrawn: MinorUnits::ZERO,
        started_at: received_at,
        expires_at: received_at,
        changed_at: portal.now(),
        look_at: None,
        looks: 0,
        asked_at: received_at,
        version: 0,
    };
    store::insert(tx, &payment).await?;
    store::write_history(tx, &payment, 0, "started").await?;
    Post { portal: portal.clone(), received }.apply(tx).await
}
