//! Money that came through the gateway without a payment started here: by a payment link, a
//! checkout of the biller's, or a payment of ours that is no longer in this database.
//!
//! A checkout names its account by a reference, an intent of ours by its note; both are looked
//! up and never guessed. What names none waits as unmatched money until an operator says whose
//! it is ([`match_money`]). However often and in whichever order news come, one intent is posted
//! once: its row is locked first, and it is posted by the one posting function.

use receivables::calendar::Micros;
use receivables::ids::{AccountId, PaymentId, WorkItemId};
use receivables::money::Money;
use sqlx::AnyConnection;

use super::filed::{self, Filed, MatchFiled};
use super::unmatched::{self, Known};
use crate::accounts;
use crate::audit::{self, NewAct};
use crate::db::{Command, DbError};
use crate::gateway::{CheckoutSession, Intent, NotAskable, askable};
use crate::payments::post::{PostOutcome, Received};
use crate::payments::{self, ReceivedOutside, news};
use crate::state::{Portal, Shared};
use crate::work_list::{self, Matter, NewWorkItem, Thing, WorkKind};

/// What became of such money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    Posted(PaymentId),
    PostedBefore,
    /// The book is broken; it is to be taken again when it is well.
    Halted,
    /// Kept for a person, with the reason.
    Unmatched(&'static str),
}

/// Who says whose money it is.
#[derive(Clone, Debug)]
enum Claim {
    /// The payer's link, if it says anything.
    Reference(Option<String>),
    /// The note that we left on an intent of ours.
    Note(AccountId),
    /// A member of staff, by the name under which their acts are recorded.
    Operator(AccountId, String),
}

impl Claim {
    const fn code(&self) -> &'static str {
        match self {
            Self::Reference(_) => "reference",
            Self::Note(_) => "note",
            Self::Operator(..) => "operator",
        }
    }
}

/// Takes money that the gateway says it received and that no payment here knows.
pub async fn take(
    portal: &Shared,
    intent: &Intent,
    session: Option<&CheckoutSession>,
) -> Result<Taken, DbError> {
    let claim = match (intent.payment_id, intent.account_id) {
        (Some(_), Some(account_id)) => Claim::Note(account_id),
        _ => Claim::Reference(session.and_then(|session| session.reference.clone())),
    };
    let started_at = intent.created.min(portal.now());
    let payment_id = intent.payment_id.unwrap_or_else(|| portal.payment_id());
    let known = Known {
        received: news::received(portal, payment_id, started_at, intent),
        received_at: started_at,
        session_ref: session.map(|session| session.session_ref.clone()),
        reference: session.and_then(|session| session.reference.clone()),
    };
    write(portal, known, claim).await
}

async fn write(portal: &Shared, known: Known, claim: Claim) -> Result<Taken, DbError> {
    if portal.book.is_halted() {
        return Ok(Taken::Halted);
    }
    let take = Take {
        portal: portal.clone(),
        known,
        claim,
        item_id: portal.work_item_id(),
        now: portal.now(),
    };
    let taken = portal.db.write(take).await?;
    if matches!(taken, Taken::Posted(_)) {
        portal.work.outbox.notify_one();
    }
    Ok(taken)
}

struct Take {
    portal: Shared,
    known: Known,
    claim: Claim,
    /// For the work list, should nobody be named.
    item_id: WorkItemId,
    now: Micros,
}

impl Command for Take {
    type Reply = Taken;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<Taken, DbError> {
        let gateway = self.portal.gateway_name();
        if unmatched::lock(tx, gateway, &self.known, self.now).await?.is_posted {
            return Ok(Taken::PostedBefore);
        }
        match self.post(tx).await? {
            Ok(payment_id) => {
                let gateway_ref = &self.known.received.gateway_ref;
                let by = self.claim.code();
                unmatched::mark(tx, gateway, gateway_ref, payment_id, by, self.now).await?;
                let ending = "resolved: it is posted";
                work_list::close(tx, &matter(gateway_ref), ending, self.now).await?;
                self.record_operator(tx, payment_id).await?;
                Ok(Taken::Posted(payment_id))
            }
            Err(why) => {
                work_list::open(tx, &self.item(why)).await?;
                Ok(Taken::Unmatched(why))
            }
        }
    }
}

impl Take {
    async fn post(
        &self,
        tx: &mut AnyConnection,
    ) -> Result<Result<PaymentId, &'static str>, DbError> {
        let account_id = match &self.claim {
            Claim::Note(account_id) | Claim::Operator(account_id, _) => Some(*account_id),
            Claim::Reference(None) => return Ok(Err("it names no account")),
            Claim::Reference(Some(reference)) => {
                accounts::find_by_name(&mut *tx, reference).await?
            }
        };
        let account = match account_id {
            Some(account_id) => accounts::lock(tx, account_id).await?,
            None => None,
        };
        let Some(account) = account else { return Ok(Err("it names an account that is not here")) };
        let Received { amount, currency, .. } = &self.known.received;
        if account.currency != *currency {
            return Ok(Err("the account it names is in another currency"));
        }
        if askable(Money::new(*amount, *currency)) == Err(NotAskable::Currency) {
            return Ok(Err("the gateway counts this currency by other units than we do"));
        }
        let outside = ReceivedOutside {
            received: self.known.received.clone(),
            received_at: self.known.received_at,
            started_by: self.claim.code(),
        };
        match payments::record_received(tx, &self.portal, &account, outside).await? {
            PostOutcome::Posted => Ok(Ok(self.known.received.payment_id)),
            // The row is ours alone and has no payment, so nothing can have posted it.
            _ => Err(DbError::inconsistent(
                "external_money",
                "payment_id",
                &self.known.received.gateway_ref,
            )),
        }
    }

    /// The posting is an act by itself; that a person said whose money it is, is another.
    async fn record_operator(
        &self,
        tx: &mut AnyConnection,
        payment_id: PaymentId,
    ) -> Result<(), DbError> {
        let Claim::Operator(account_id, by) = &self.claim else { return Ok(()) };
        let act = NewAct {
            id: format!("match/{}", self.known.received.gateway_ref),
            kind: "money_matched".to_owned(),
            actor: by.clone(),
            about: payment_id.to_string(),
            account_id: Some(*account_id),
            at: self.now,
            request: None,
            digest: None,
        };
        audit::record(tx, &act).await
    }

    fn item(&self, why: &str) -> NewWorkItem {
        let Received { amount, currency, gateway_ref, .. } = &self.known.received;
        let money = Money::new(*amount, *currency);
        NewWorkItem {
            id: self.item_id,
            matter: matter(gateway_ref),
            account_id: None,
            why: format!(
                "{money} came through the gateway and {why}: paydown match {gateway_ref} ACCOUNT"
            ),
            now: self.now,
        }
    }
}

fn matter(gateway_ref: &str) -> Matter {
    Matter::new(WorkKind::UnmatchedMoney, Thing::GatewayIntent, gateway_ref)
}

#[derive(Debug, thiserror::Error)]
pub enum MatchError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("there is no money known as {0}")]
    NoSuchMoney(String),
    #[error("there is no account {0}")]
    NoSuchAccount(String),
    #[error("{0} is posted already")]
    PostedBefore(String),
    #[error("the book is broken, so nothing is posted")]
    Halted,
    #[error("nothing was posted: {0}")]
    Refused(&'static str),
}

/// Somebody says whose money it is: it is posted to that account, named by number or id.
pub async fn match_money(
    portal: &Shared,
    (gateway_ref, account): (&str, &str),
    by: &str,
) -> Result<PaymentId, MatchError> {
    let pool = portal.db.read();
    let found = accounts::find_by_name(pool, account).await?;
    let account_id = found.ok_or_else(|| MatchError::NoSuchAccount(account.to_owned()))?;
    if let Some(filed) = filed::find(portal, gateway_ref).await? {
        return match_filed(portal, filed, account_id).await;
    }
    let known = unmatched::find(portal, portal.gateway_name(), gateway_ref).await?;
    let known = known.ok_or_else(|| MatchError::NoSuchMoney(gateway_ref.to_owned()))?;
    match write(portal, known, Claim::Operator(account_id, by.to_owned())).await? {
        Taken::Posted(payment_id) => Ok(payment_id),
        Taken::PostedBefore => Err(MatchError::PostedBefore(gateway_ref.to_owned())),
        Taken::Halted => Err(MatchError::Halted),
        Taken::Unmatched(why) => Err(MatchError::Refused(why)),
    }
}

async fn match_filed(
    portal: &Shared,
    filed: Filed,
    account_id: AccountId,
) -> Result<PaymentId, MatchError> {
    if portal.book.is_halted() {
        return Err(MatchError::Halted);
    }
    let payment_id = filed.payment_id;
    let matched = portal.db.write(MatchFiled { portal: portal.clone(), filed, account_id }).await?;
    matched.map(|()| payment_id).map_err(MatchError::Refused)
}

impl Portal {
    fn payment_id(&self) -> PaymentId {
        let (ms, chance) = self.id_parts();
        PaymentId::from_parts(ms, &chance)
    }
}
