//! The tables of this room: payment, payment_attempt, payment_history.

use receivables::allocation::{Direction, Preview};
use receivables::calendar::Micros;
use receivables::ids::{AccountId, PaymentId};
use receivables::money::{Currency, MinorUnits};
use receivables::payment::{PaymentEvent, PaymentState};
use receivables::tender::Tender;
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Executor, Row};

use crate::db::{Command, DbError, expect_rows};
use crate::sign_in::Reach;

/// A payment as stored.
#[derive(Clone, Debug)]
pub struct PaymentRecord {
    pub id: PaymentId,
    pub account_id: AccountId,
    pub started_by: String,
    pub session_hash: Option<String>,
    pub idempotency_key: String,
    pub request_hash: String,
    pub amount: MinorUnits,
    pub currency: Currency,
    pub tender: Tender,
    pub method: Option<String>,
    pub direction: Direction,
    pub preview: Preview,
    pub state: PaymentState,
    pub decline: Option<String>,
    pub gateway: String,
    pub gateway_ref: Option<String>,
    pub received: MinorUnits,
    /// Went back to the payer, is on its way there, was taken back by the payer's bank. Written
    /// by what moves the money and by nothing else.
    pub refunded: MinorUnits,
    pub refunding: MinorUnits,
    pub withdrawn: MinorUnits,
    pub started_at: Micros,
    pub expires_at: Micros,
    pub changed_at: Micros,
    pub look_at: Option<Micros>,
    pub looks: i64,
    pub asked_at: Micros,
    pub version: i64,
}

impl PaymentRecord {
    /// What of it can still go back.
    pub fn refundable(&self) -> MinorUnits {
        self.received.less(self.refunded).less(self.refunding).less(self.withdrawn)
    }
}

macro_rules! select_payment {
    ($rest:literal) => {
        select_payment!("", $rest)
    };
    ($more:literal, $rest:literal) => {
        concat!(
            "select p.id, p.account_id, p.started_by, p.session_hash, p.idempotency_key, ",
            "p.request_hash, p.amount, p.currency, p.tender, p.method, p.direction, p.preview, ",
            "p.state, p.decline, p.gateway, p.gateway_ref, p.received, p.refunded, p.refunding, ",
            "p.withdrawn, p.started_at, p.expires_at, p.changed_at, p.look_at, p.looks, ",
            "p.asked_at, p.version",
            $more,
            " from payment p ",
            $rest
        )
    };
}

const FIND: &str = select_payment!("where p.id = $1");

/// With the address of the customer who started it, if a customer did.
const FIND_WITH_PAYER: &str = select_payment!(
    ", c.email as payer_email",
    "left join customer c on c.id = p.started_by where p.id = $1"
);

const FIND_WITHIN: &str = select_payment!(
    "where p.id = $1 and ($2 = '*' or exists (select 1 from account_customer c \
     where c.account_id = p.account_id and c.customer_id = $2))"
);

const FIND_BY_KEY: &str =
    select_payment!("where p.account_id = $1 and p.started_by = $2 and p.idempotency_key = $3");

const FIND_BY_GATEWAY_REF: &str = select_payment!("where p.gateway = $1 and p.gateway_ref = $2");

const IN_FLIGHT: &str = select_payment!(
    "where p.account_id = $1 and p.state in ('created', 'awaiting_payer', 'processing', 'unknown') \
     order by p.started_at, p.id"
);

const TO_LOOK_AT: &str =
    select_payment!("where p.look_at is not null and p.look_at <= $1 order by p.look_at limit $2");

pub(super) const INSERT: &str = "
insert into payment
  (id, account_id, started_by, session_hash, idempotency_key, request_hash, amount, currency,
   tender, method, direction, preview, fingerprint, state, decline, gateway, gateway_ref,
   received, started_at, expires_at, changed_at, look_at, looks, asked_at, version)
values
  ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
   $21, $22, $23, $24, $25)";

/// Only from the version that was read: two pieces of news cannot both move it.
const CHANGE: &str = "
update payment
set state = $3, decline = $4, gateway_ref = $5, received = $6, tender = $7, method = $8,
  changed_at = $9, look_at = $10, looks = $11, version = version + 1
where id = $1 and version = $2";

pub(super) const INSERT_HISTORY: &str = "
insert into payment_history (payment_id, n, event, state, at) values ($1, $2, $3, $4, $5)";

const INSERT_ATTEMPT: &str = "
insert into payment_attempt (payment_id, operation, n, gateway_key, started_at)
select $1, $2, coalesce(max(n), 0) + 1, $3, $4 from payment_attempt
where payment_id = $1 and operation = $2";

const ANSWER_ATTEMPT: &str = "
update payment_attempt set answered_at = $3, outcome = $4
where payment_id = $1 and gateway_key = $2 and answered_at is null";

const ASKED: &str = "
update payment set asked_at = $2 where id = $1 and asked_at <= $3";

pub(super) const SQL: &[&str] = &[
    FIND,
    FIND_WITH_PAYER,
    FIND_WITHIN,
    FIND_BY_KEY,
    FIND_BY_GATEWAY_REF,
    IN_FLIGHT,
    TO_LOOK_AT,
    INSERT,
    CHANGE,
    INSERT_HISTORY,
    INSERT_ATTEMPT,
    ANSWER_ATTEMPT,
    ASKED,
];

pub async fn find(
    db: impl Executor<'_, Database = Any>,
    id: PaymentId,
) -> Result<Option<PaymentRecord>, DbError> {
    let row = sqlx::query(FIND).bind(id.to_string()).fetch_optional(db).await?;
    row.as_ref().map(record).transpose()
}

/// The payment, and to whom its receipt goes.
pub(super) async fn find_with_payer(
    db: impl Executor<'_, Database = Any>,
    id: PaymentId,
) -> Result<Option<(PaymentRecord, Option<String>)>, DbError> {
    let row = sqlx::query(FIND_WITH_PAYER).bind(id.to_string()).fetch_optional(db).await?;
    row.map(|row| Ok((record(&row)?, row.try_get("payer_email")?))).transpose()
}

/// The owner stands in the query: someone else's payment is simply not found.
pub async fn find_within(
    db: impl Executor<'_, Database = Any>,
    id: PaymentId,
    reach: Reach,
) -> Result<Option<PaymentRecord>, DbError> {
    let query = sqlx::query(FIND_WITHIN).bind(id.to_string()).bind(reach.owner());
    query.fetch_optional(db).await?.as_ref().map(record).transpose()
}

pub(super) async fn find_by_key(
    db: impl Executor<'_, Database = Any>,
    account_id: AccountId,
    started_by: &str,
    key: &str,
) -> Result<Option<PaymentRecord>, DbError> {
    let query = sqlx::query(FIND_BY_KEY).bind(account_id.to_string()).bind(started_by).bind(key);
    query.fetch_optional(db).await?.as_ref().map(record).transpose()
}

pub async fn find_by_gateway_ref(
    db: impl Executor<'_, Database = Any>,
    gateway: &str,
    gateway_ref: &str,
) -> Result<Option<PaymentRecord>, DbError> {
    let query = sqlx::query(FIND_BY_GATEWAY_REF).bind(gateway).bind(gateway_ref);
    query.fetch_optional(db).await?.as_ref().map(record).transpose()
}

/// The payments of an account that hold reservations, oldest first.
pub async fn in_flight(
    db: impl Executor<'_, Database = Any>,
    account_id: AccountId,
) -> Result<Vec<PaymentRecord>, DbError> {
    let rows = sqlx::query(IN_FLIGHT).bind(account_id.to_string()).fetch_all(db).await?;
    rows.iter().map(record).collect()
}

/// The payments the sweep has to look at now.
pub async fn to_look_at(
    db: impl Executor<'_, Database = Any>,
    now: Micros,
    at_most: i64,
) -> Result<Vec<PaymentRecord>, DbError> {
    let rows = sqlx::query(TO_LOOK_AT).bind(now.0).bind(at_most).fetch_all(db).await?;
    // One that cannot be read must not keep the others from being looked at.
    let readable = rows.iter().filter_map(|row| match record(row) {
        Ok(payment) => Some(payment),
        Err(error) => {
            tracing::error!(%error, "a payment cannot be looked at");
            None
        }
    });
    Ok(readable.collect())
}

pub(super) async fn insert(tx: &mut AnyConnection, payment: &PaymentRecord) -> Result<(), DbError> {
    let written = bind_payment(sqlx::query(INSERT), payment)?.execute(tx).await?;
    expect_rows(&written, 1, "payment")
}

type AnyQuery<'q> = sqlx::query::Query<'q, Any, sqlx::any::AnyArguments>;

/// Binds the columns of [`INSERT`], in their order.
pub(super) fn bind_payment<'q>(
    query: AnyQuery<'q>,
    payment: &PaymentRecord,
) -> Result<AnyQuery<'q>, DbError> {
    let id = payment.id;
    let json_of = |what: Result<String, serde_json::Error>, column| {
        what.map_err(|_| DbError::inconsistent("payment", column, id))
    };
    let direction = json_of(serde_json::to_string(&payment.direction), "direction")?;
    let preview = json_of(serde_json::to_string(&payment.preview), "preview")?;
    Ok(query
        .bind(id.to_string())
        .bind(payment.account_id.to_string())
        .bind(payment.started_by.clone())
        .bind(payment.session_hash.clone())
        .bind(payment.idempotency_key.clone())
        .bind(payment.request_hash.clone())
        .bind(payment.amount.get())
        .bind(payment.currency.code().to_owned())
        .bind(payment.tender.code())
        .bind(payment.method.clone())
        .bind(direction)
        .bind(preview)
        .bind(payment.preview.fingerprint.as_str().to_owned())
        .bind(payment.state.code())
        .bind(payment.decline.clone())
        .bind(payment.gateway.clone())
        .bind(payment.gateway_ref.clone())
        .bind(payment.received.get())
        .bind(payment.started_at.0)
        .bind(payment.expires_at.0)
        .bind(payment.changed_at.0)
        .bind(payment.look_at.map(|at| at.0))
        .bind(payment.looks)
        .bind(payment.asked_at.0)
        .bind(payment.version))
}

/// Writes a changed payment and what changed it.
pub(super) async fn change(
    tx: &mut AnyConnection,
    payment: &PaymentRecord,
    event: PaymentEvent,
) -> Result<(), DbError> {
    let written = sqlx::query(CHANGE)
        .bind(payment.id.to_string())
        .bind(payment.version)
        .bind(payment.state.code())
        .bind(payment.decline.as_deref())
        .bind(payment.gateway_ref.as_deref())
        .bind(payment.received.get())
        .bind(payment.tender.code())
        .bind(payment.method.as_deref())
        .bind(payment.changed_at.0)
        .bind(payment.look_at.map(|at| at.0))
        .bind(payment.looks)
        .execute(&mut *tx)
        .await?;
    expect_rows(&written, 1, "payment")?;
    write_history(tx, payment, payment.version + 1, event.code()).await
}

pub(super) async fn write_history(
    tx: &mut AnyConnection,
    payment: &PaymentRecord,
    n: i64,
    event: &'static str,
) -> Result<(), DbError> {
    let written = sqlx::query(INSERT_HISTORY)
        .bind(payment.id.to_string())
        .bind(n)
        .bind(event)
        .bind(payment.state.code())
        .bind(payment.changed_at.0)
        .execute(tx)
        .await?;
    expect_rows(&written, 1, "payment_history")
}

/// A call that could move money, written with its key before it is made.
pub(super) async fn write_attempt(
    tx: &mut AnyConnection,
    payment_id: PaymentId,
    operation: &str,
    gateway_key: &str,
    now: Micros,
) -> Result<(), DbError> {
    let written = sqlx::query(INSERT_ATTEMPT)
        .bind(payment_id.to_string())
        .bind(operation)
        .bind(gateway_key)
        .bind(now.0)
        .execute(tx)
        .await?;
    expect_rows(&written, 1, "payment_attempt")
}

pub(super) async fn answer_attempt(
    tx: &mut AnyConnection,
    payment_id: PaymentId,
    gateway_key: &str,
    outcome: &str,
    now: Micros,
) -> Result<(), DbError> {
    // A repeated answer finds the attempt answered, and that is fine.
    sqlx::query(ANSWER_ATTEMPT)
        .bind(payment_id.to_string())
        .bind(gateway_key)
        .bind(now.0)
        .bind(outcome)
        .execute(tx)
        .await?;
    Ok(())
}

/// Takes the turn to ask the gateway for someone who waits; false when another just did.
pub struct TakeTurn {
    pub id: PaymentId,
    pub now: Micros,
    /// Not if somebody asked later than this.
    pub not_since: Micros,
}

impl Command for TakeTurn {
    type Reply = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, DbError> {
        let query = sqlx::query(ASKED).bind(self.id.to_string()).bind(self.now.0);
        Ok(query.bind(self.not_since.0).execute(tx).await?.rows_affected() == 1)
    }
}

fn record(row: &AnyRow) -> Result<PaymentRecord, DbError> {
    let id: String = row.try_get("id")?;
    let wrong = |column| DbError::inconsistent("payment", column, &id);
    let text = |column| row.try_get::<String, _>(column);
    let micros = |column| row.try_get::<i64, _>(column).map(Micros);
    let look_at: Option<i64> = row.try_get("look_at")?;
    Ok(PaymentRecord {
        id: PaymentId::parse(&id).map_err(|_| wrong("id"))?,
        account_id: AccountId::parse(&text("account_id")?).map_err(|_| wrong("account_id"))?,
        started_by: text("started_by")?,
        session_hash: row.try_get("session_hash")?,
        idempotency_key: text("idempotency_key")?,
        request_hash: text("request_hash")?,
        amount: MinorUnits::new(row.try_get("amount")?),
        currency: Currency::parse(&text("currency")?).map_err(|_| wrong("currency"))?,
        tender: Tender::parse(&text("tender")?).ok_or_else(|| wrong("tender"))?,
        method: row.try_get("method")?,
        direction: serde_json::from_str(&text("direction")?).map_err(|_| wrong("direction"))?,
        preview: serde_json::from_str(&text("preview")?).map_err(|_| wrong("preview"))?,
        state: PaymentState::parse(&text("state")?).ok_or_else(|| wrong("state"))?,
        decline: row.try_get("decline")?,
        gateway: text("gateway")?,
        gateway_ref: row.try_get("gateway_ref")?,
        received: MinorUnits::new(row.try_get("received")?),
        refunded: MinorUnits::new(row.try_get("refunded")?),
        refunding: MinorUnits::new(row.try_get("refunding")?),
        withdrawn: MinorUnits::new(row.try_get("withdrawn")?),
        started_at: micros("started_at")?,
        expires_at: micros("expires_at")?,
        changed_at: micros("changed_at")?,
        look_at: look_at.map(Micros),
        looks: row.try_get("looks")?,
        asked_at: micros("asked_at")?,
        version: row.try_get("version")?,
    })
}
