//! Finding: what was typed may be several things at once, so each is asked for, the exact ones
//! first.

use receivables::api::search::{Found, SearchAnswer, SearchHit};
use receivables::calendar::{CivilDate, Micros};
use receivables::ids::{AccountId, BillId, PaymentId};
use receivables::money::{Currency, MinorUnits};
use receivables::typed_amount::parse_typed_amount;
use receivables::words::{Language, typed_amount_error};
use sqlx::any::AnyRow;
use sqlx::{AnyPool, Row};

use crate::accounts;
use crate::config::Zone;
use crate::db::DbError;
use crate::problem::Refusal;

const HITS_AT_MOST: usize = 20;
/// One more says that there is more.
const ASKED_FOR: i64 = 21;
const LONGEST: usize = 100;

const ACCOUNT: &str = "
select a.number, a.name, a.currency,
  (select cast(coalesce(sum(b.open_amount), 0) as bigint) from bill b
    where b.account_id = a.id and b.open_amount > 0 and b.standing = 'issued') as owed,
  (select cast(coalesce(sum(b.open_amount), 0) as bigint) from bill b
    where b.account_id = a.id and b.open_amount > 0 and b.standing = 'issued'
      and b.due_on < $2) as past_due,
  (select max(x.recorded_at) from posting x
    where x.account_id = a.id and x.kind = 'payment_received') as last_paid_at
from account a where a.id = $1";

macro_rules! select_bill {
    ($rest:literal) => {
        concat!("select b.account_id, b.id as bill_id, b.number, b.total from bill b ", $rest)
    };
}

macro_rules! select_payment {
    ($rest:literal) => {
        concat!("select p.account_id, p.id as payment_id, p.amount from payment p ", $rest)
    };
}

const BILL_BY_NUMBER: &str =
    select_bill!("where b.number = $1 or b.id = $1 order by b.issued_on desc, b.id limit $2");
/// The wanted currencies stand in one text, as neither engine binds a list.
const BILL_BY_TOTAL: &str = select_bill!(
    "join account a on a.id = b.account_id where b.total = $1 and $3 like '%' || a.currency || '%' \
     order by b.issued_on desc, b.id limit $2"
);
const PAYMENT_BY_NAME: &str = select_payment!(
    "where p.id = $1 or p.gateway_ref = $1 or p.id in (select payment_id from receipt \
     where number = $1) order by p.started_at desc, p.id limit $2"
);
const PAYMENT_BY_AMOUNT: &str = select_payment!(
    "join account a on a.id = p.account_id where p.amount = $1 and $3 like '%' || a.currency || '%' \
     order by p.started_at desc, p.id limit $2"
);

pub(super) const SQL: &[&str] =
    &[ACCOUNT, BILL_BY_NUMBER, BILL_BY_TOTAL, PAYMENT_BY_NAME, PAYMENT_BY_AMOUNT];

/// What was typed into the box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    Words(String),
    /// A sum as it would be in each kind of currency, beside the codes of that kind.
    Sum(Vec<(&'static str, MinorUnits)>),
}

/// Why nothing can be looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAsked {
    Empty,
    TooLong,
    /// What is wrong with the sum, in words.
    Sum(String),
}

impl NotAsked {
    pub fn refusal(self) -> Refusal {
        match self {
            Self::Empty => Refusal::unprocessable("field-required", "Type what to look for."),
            Self::TooLong => {
                let words = format!("Look for at most {LONGEST} characters.");
                Refusal::unprocessable("text-invalid", words)
            }
            Self::Sum(words) => Refusal::unprocessable("amount-invalid", words),
        }
    }
}

impl Typed {
    pub fn parse(text: &str) -> Result<Self, NotAsked> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NotAsked::Empty);
        }
        if text.chars().count() > LONGEST {
            return Err(NotAsked::TooLong);
        }
        let Some(sum) = text.strip_prefix('=') else { return Ok(Self::Words(text.to_owned())) };
        let language = Language::EnglishUs;
        let read = |currency: Currency| {
            parse_typed_amount(sum, currency, language.number_style())
                .map(|amount| (currency.codes_of_same_exponent(), amount))
                .map_err(|error| typed_amount_error(language, &error, sum, currency))
        };
        let sums: Vec<_> = Currency::one_of_each_exponent().into_iter().map(read).collect();
        if sums.iter().all(Result::is_err) {
            let usual = read(Currency::USD).err().unwrap_or_default();
            return Err(NotAsked::Sum(usual));
        }
        Ok(Self::Sum(sums.into_iter().flatten().collect()))
    }
}

/// What was found, on which account.
struct Candidate {
    account_id: AccountId,
    found: Found,
}

/// Everything that was typed may mean.
pub async fn find(
    pool: &AnyPool,
    typed: &Typed,
    today: CivilDate,
    zone: &Zone,
) -> Result<SearchAnswer, DbError> {
    let candidates = match typed {
        Typed::Words(words) => by_words(pool, words).await?,
        Typed::Sum(sums) => by_sum(pool, sums).await?,
    };
    let is_more = candidates.len() > HITS_AT_MOST;
    let mut items = Vec::new();
    for candidate in candidates.into_iter().take(HITS_AT_MOST) {
        items.push(hit(pool, candidate, today, zone).await?);
    }
    Ok(SearchAnswer { items, is_more })
}

async fn by_words(pool: &AnyPool, words: &str) -> Result<Vec<Candidate>, DbError> {
    let mut candidates = Vec::new();
    if let Some(account_id) = accounts::find_by_name(pool, words).await? {
        candidates.push(Candidate { account_id, found: Found::Account });
    }
    let bills = sqlx::query(BILL_BY_NUMBER).bind(words).bind(ASKED_FOR).fetch_all(pool).await?;
    let payments = sqlx::query(PAYMENT_BY_NAME).bind(words).bind(ASKED_FOR).fetch_all(pool).await?;
    candidates.extend(bills.iter().map(bill).collect::<Result<Vec<_>, _>>()?);
    candidates.extend(payments.iter().map(payment).collect::<Result<Vec<_>, _>>()?);
    for account_id in accounts::find_by_words(pool, words, ASKED_FOR).await? {
        let is_there = |candidate: &Candidate| {
            candidate.account_id == account_id && candidate.found == Found::Account
        };
        if !candidates.iter().any(is_there) {
            candidates.push(Candidate { account_id, found: Found::Account });
        }
    }
    Ok(candidates)
}

async fn by_sum(
    pool: &AnyPool,
    sums: &[(&'static str, MinorUnits)],
) -> Result<Vec<Candidate>, DbError> {
    let mut candidates = Vec::new();
    for (currencies, sum) in sums {
        let query = sqlx::query(BILL_BY_TOTAL).bind(sum.get()).bind(ASKED_FOR).bind(*currencies);
        let bills = query.fetch_all(pool).await?;
        candidates.extend(bills.iter().map(bill).collect::<Result<Vec<_>, _>>()?);
        let query =
            sqlx::query(PAYMENT_BY_AMOUNT).bind(sum.get()).bind(ASKED_FOR).bind(*currencies);
        let payments = query.fetch_all(pool).await?;
        candidates.extend(payments.iter().map(payment).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(candidates)
}

fn account_of(row: &AnyRow) -> Result<AccountId, DbError> {
    let id: String = row.try_get("account_id")?;
    AccountId::parse(&id).map_err(|_| DbError::inconsistent("account", "id", &id))
}

fn bill(row: &AnyRow) -> Result<Candidate, DbError> {
    let id: String = row.try_get("bill_id")?;
    let bill_id = BillId::parse(&id).map_err(|_| DbError::inconsistent("bill", "id", &id))?;
    let total = MinorUnits::new(row.try_get("total")?);
    let found = Found::Bill { bill_id, number: row.try_get("number")?, total };
    Ok(Candidate { account_id: account_of(row)?, found })
}

fn payment(row: &AnyRow) -> Result<Candidate, DbError> {
    let id: String = row.try_get("payment_id")?;
    let payment_id =
        PaymentId::parse(&id).map_err(|_| DbError::inconsistent("payment", "id", &id))?;
    let amount = MinorUnits::new(row.try_get("amount")?);
    Ok(Candidate { account_id: account_of(row)?, found: Found::Payment { payment_id, amount } })
}

async fn hit(
    pool: &AnyPool,
    Candidate { account_id, found }: Candidate,
    today: CivilDate,
    zone: &Zone,
) -> Result<SearchHit, DbError> {
    let query = sqlx::query(ACCOUNT).bind(account_id.to_string()).bind(today.to_string());
    let row = query.fetch_one(pool).await?;
    let currency: String = row.try_get("currency")?;
    let last_paid_at: Option<i64> = row.try_get("last_paid_at")?;
    Ok(SearchHit {
        found,
        account_id,
        account_number: row.try_get("number")?,
        account_name: row.try_get("name")?,
        currency: Currency::parse(&currency)
            .map_err(|_| DbError::inconsistent("account", "currency", account_id))?,
        owed: MinorUnits::new(row.try_get("owed")?),
        past_due: MinorUnits::new(row.try_get("past_due")?),
        last_paid_on: last_paid_at.map(|at| zone.day(Micros(at))),
    })
}
