//! The table external_payment: what staff said of money they recorded.

use receivables::allocation::Direction;
use receivables::api::external_payments::ExternalPaymentState;
use receivables::calendar::{CivilDate, Micros};
use receivables::ids::{AccountId, PaymentId};
use receivables::money::{Currency, MinorUnits};
use receivables::tender::Tender;
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Executor, Row};

use crate::audit::{self, NewAct};
use crate::db::{DbError, expect_rows};
use crate::problem::request_name;

macro_rules! select_external_payment {
    ($rest:literal) => {
        concat!(
            "select x.id, x.account_id, x.amount, x.currency, x.tender, x.received_on, ",
            "x.reference, x.payer_name, x.fee, x.note, x.direction, x.mail_receipt, ",
            "x.duplicate_of, x.duplicate_reason, x.state, x.recorded_by, x.recorded_at, ",
            "x.decided_by, x.decided_at, x.idempotency_key, x.request_hash, ",
            "r.number as receipt_number from external_payment x ",
            "left join receipt r on r.payment_id = x.id ",
            $rest
        )
    };
}

const FIND: &str = select_external_payment!("where x.id = $1");

const FIND_BY_KEY: &str =
    select_external_payment!("where x.recorded_by = $1 and x.idempotency_key = $2");

const OF_ACCOUNT: &str =
    select_external_payment!("where x.account_id = $1 and x.id < $2 order by x.id desc limit $3");

const INSERT: &str = "
insert into external_payment
  (id, account_id, amount, currency, tender, received_on, reference, payer_name, fee, note,
   direction, mail_receipt, duplicate_of, duplicate_reason, state, recorded_by, recorded_at,
   idempotency_key, request_hash)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";

// The state it had is part of the question: a decision is made once.
const DECIDE: &str = "
update external_payment set state = $2, decided_by = $3, decided_at = $4
where id = $1 and state = 'proposed'";

const FORGET_WORDS: &str = "
update external_payment
set reference = null, payer_name = null, note = null,
  duplicate_reason = case when duplicate_reason is null then null else '(erased)' end
where account_id = $1";

pub const SQL: &[&str] = &[FIND, FIND_BY_KEY, OF_ACCOUNT, INSERT, DECIDE, FORGET_WORDS];

/// An external payment as it is kept.
#[derive(Clone, Debug)]
pub struct StaffRecord {
    pub id: PaymentId,
    pub account_id: AccountId,
    pub amount: MinorUnits,
    pub currency: Currency,
    pub tender: Tender,
    pub received_on: CivilDate,
    pub reference: Option<String>,
    pub payer_name: Option<String>,
    pub fee: Option<MinorUnits>,
    pub note: Option<String>,
    pub direction: Direction,
    pub mail_receipt: bool,
    pub duplicate_of: Option<PaymentId>,
    pub duplicate_reason: Option<String>,
    pub state: ExternalPaymentState,
    pub recorded_by: String,
    pub recorded_at: Micros,
    pub decided_by: Option<String>,
    pub decided_at: Option<Micros>,
    pub idempotency_key: String,
    pub request_hash: String,
    /// Read with it; issued with its posting.
    pub receipt_number: Option<String>,
}

pub async fn find(
    db: impl Executor<'_, Database = Any>,
    id: PaymentId,
) -> Result<Option<StaffRecord>, DbError> {
    let query = sqlx::query(FIND).bind(id.to_string());
    query.fetch_optional(db).await?.as_ref().map(record).transpose()
}

pub async fn find_by_key(
    db: impl Executor<'_, Database = Any>,
    recorded_by: &str,
    key: &str,
) -> Result<Option<StaffRecord>, DbError> {
    let query = sqlx::query(FIND_BY_KEY).bind(recorded_by).bind(key);
    query.fetch_optional(db).await?.as_ref().map(record).transpose()
}

/// Those of an account, the newest first, before one of them if told.
pub async fn of_account(
    db: impl Executor<'_, Database = Any>,
    account_id: AccountId,
    before: Option<PaymentId>,
    limit: i64,
) -> Result<Vec<StaffRecord>, DbError> {
    // Above every id: a letter after the last digit an id can have.
    let before = before.map_or_else(|| "pay_g".to_owned(), |id| id.to_string());
    let query = sqlx::query(OF_ACCOUNT).bind(account_id.to_string()).bind(before).bind(limit);
    query.fetch_all(db).await?.iter().map(record).collect()
}

pub async fn insert(tx: &mut AnyConnection, new: &StaffRecord) -> Result<(), DbError> {
    let direction = serde_json::to_string(&new.direction)
        .map_err(|_| DbError::inconsistent("external_payment", "direction", new.id))?;
    let written = sqlx::query(INSERT)
        .bind(new.id.to_string())
        .bind(new.account_id.to_string())
        .bind(new.amount.get())
        .bind(new.currency.code())
        .bind(new.tender.code())
        .bind(new.received_on.to_string())
        .bind(new.reference.as_deref())
        .bind(new.payer_name.as_deref())
        .bind(new.fee.map(MinorUnits::get))
        .bind(new.note.as_deref())
        .bind(direction)
        .bind(i64::from(new.mail_receipt))
        .bind(new.duplicate_of.map(|id| id.to_string()))
        .bind(new.duplicate_reason.as_deref())
        .bind(new.state.code())
        .bind(&new.recorded_by)
        .bind(new.recorded_at.0)
        .bind(&new.idempotency_key)
        .bind(&new.request_hash)
        .execute(&mut *tx)
        .await?;
    expect_rows(&written, 1, "external_payment")?;
    let what = match new.state {
        ExternalPaymentState::Posted => "recorded",
        ExternalPaymentState::Proposed | ExternalPaymentState::Declined => "proposed",
    };
    audit::record(tx, &act(new, what, &new.recorded_by, new.recorded_at)).await
}

/// Writes a decision on what was proposed.
pub async fn decide(
    tx: &mut AnyConnection,
    decided: &StaffRecord,
    (by, at): (&str, Micros),
) -> Result<(), DbError> {
    let written = sqlx::query(DECIDE)
        .bind(decided.id.to_string())
        .bind(decided.state.code())
        .bind(by)
        .bind(at.0)
        .execute(&mut *tx)
        .await?;
    expect_rows(&written, 1, "external_payment")?;
    let what = match decided.state {
        ExternalPaymentState::Posted => "approved",
        state => state.code(),
    };
    audit::record(tx, &act(decided, what, by, at)).await
}

/// Forgets what staff wrote beside an account's money, which may name somebody.
pub async fn forget_words(tx: &mut AnyConnection, account: AccountId) -> Result<(), DbError> {
    sqlx::query(FORGET_WORDS).bind(account.to_string()).execute(tx).await?;
    Ok(())
}

fn act(of: &StaffRecord, what: &str, by: &str, at: Micros) -> NewAct {
    NewAct {
        id: format!("{}/{what}", of.id),
        kind: format!("external_payment_{what}"),
        actor: by.to_owned(),
        about: of.id.to_string(),
        account_id: Some(of.account_id),
        at,
        request: request_name(),
        digest: None,
    }
}

fn record(row: &AnyRow) -> Result<StaffRecord, DbError> {
    let id: String = row.try_get("id")?;
    let wrong = |column| DbError::inconsistent("external_payment", column, &id);
    let text = |column| row.try_get::<String, _>(column);
    let fee: Option<i64> = row.try_get("fee")?;
    let decided_at: Option<i64> = row.try_get("decided_at")?;
    let duplicate_of: Option<String> = row.try_get("duplicate_of")?;
    let duplicate_of = duplicate_of.map(|id| PaymentId::parse(&id)).transpose();
    Ok(StaffRecord {
        id: PaymentId::parse(&id).map_err(|_| wrong("id"))?,
        account_id: AccountId::parse(&text("account_id")?).map_err(|_| wrong("account_id"))?,
        amount: MinorUnits::new(row.try_get("amount")?),
        currency: Currency::parse(&text("currency")?).map_err(|_| wrong("currency"))?,
        tender: Tender::parse(&text("tender")?).ok_or_else(|| wrong("tender"))?,
        received_on: CivilDate::parse(&text("received_on")?).map_err(|_| wrong("received_on"))?,
        reference: row.try_get("reference")?,
        payer_name: row.try_get("payer_name")?,
        fee: fee.map(MinorUnits::new),
        note: row.try_get("note")?,
        direction: serde_json::from_str(&text("direction")?).map_err(|_| wrong("direction"))?,
        mail_receipt: row.try_get::<i64, _>("mail_receipt")? == 1,
        duplicate_of: duplicate_of.map_err(|_| wrong("duplicate_of"))?,
        duplicate_reason: row.try_get("duplicate_reason")?,
        state: ExternalPaymentState::parse(&text("state")?).ok_or_else(|| wrong("state"))?,
        recorded_by: text("recorded_by")?,
        recorded_at: Micros(row.try_get("recorded_at")?),
        decided_by: row.try_get("decided_by")?,
        decided_at: decided_at.map(Micros),
        idempotency_key: text("idempotency_key")?,
        request_hash: text("request_hash")?,
        receipt_number: row.try_get("receipt_number")?,
    })
}
