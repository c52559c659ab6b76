//! The payments of all accounts, newest first, in pages: what was received by its business day,
//! the others by the instant they were started.

use receivables::api::everyones_payments::EveryonesPayment;
use receivables::calendar::{CivilDate, Micros};
use receivables::ids::{AccountId, PaymentId};
use receivables::money::{Currency, MinorUnits};
use receivables::payment::PaymentState;
use receivables::tender::Tender;
use sqlx::any::AnyRow;
use sqlx::{AnyPool, Row};

use crate::clock::instant_text;
use crate::config::Zone;
use crate::db::DbError;

macro_rules! select_payments {
    ($place:literal, $rest:literal) => {
        concat!(
            "select p.id, p.account_id, a.number as account_number, a.name as account_name, ",
            "p.state, p.decline, p.amount, p.received, p.currency, p.tender, p.method, ",
            "p.started_at, p.refunded, p.refunding, p.withdrawn, r.number as receipt_number, ",
            $place,
            $rest
        )
    };
}

/// The days bound what is read, the cursor where it begins.
const POSTED: &str = select_payments!(
    "x.effective_on, x.recorded_at as at, x.id as place ",
    "from (select id, payment_id, effective_on, recorded_at from posting \
       where kind = 'payment_received' and effective_on >= $1 and effective_on <= $2 \
         and (recorded_at < $3 or effective_on < $2 or (recorded_at = $3 and id < $4)) \
       order by effective_on desc, recorded_at desc, id desc limit $5) x \
     join payment p on p.id = x.payment_id join account a on a.id = p.account_id \
     left join receipt r on r.payment_id = p.id \
     order by x.effective_on desc, x.recorded_at desc, x.id desc"
);

const OTHERS: &str = select_payments!(
    "p.started_at as at, p.id as place ",
    "from payment p join account a on a.id = p.account_id \
     left join receipt r on r.payment_id = p.id \
     where p.state <> 'posted' and p.state in ($1, $2, $3, $4) \
       and p.started_at >= $5 and p.started_at < $6 \
       and p.started_at <= $7 and (p.started_at < $7 or p.id < $8) \
     order by p.started_at desc, p.id desc limit $9"
);

pub(super) const SQL: &[&str] = &[POSTED, OTHERS];

/// Which payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    Posted,
    /// Started and not over.
    InProgress,
    In(PaymentState),
}

impl Listed {
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "posted" => Some(Self::Posted),
            "in_progress" => Some(Self::InProgress),
            other => PaymentState::parse(other).map(Self::In),
        }
    }

    const fn states(self) -> [PaymentState; 4] {
        match self {
            Self::Posted => [PaymentState::Posted; 4],
            Self::InProgress => [
                PaymentState::Created,
                PaymentState::AwaitingPayer,
                PaymentState::Processing,
                PaymentState::Unknown,
            ],
            Self::In(state) => [state; 4],
        }
    }
}

/// The row after which a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    on: CivilDate,
    at: i64,
    id: String,
}

impl Place {
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '~');
        let on = CivilDate::parse(parts.next()?).ok()?;
        let at = parts.next()?.parse().ok().filter(|at| *at >= 0)?;
        let id = parts.next()?;
        let is_id = (1..=60).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
        is_id.then(|| Self { on, at, id: id.to_owned() })
    }

    pub fn text(&self) -> String {
        format!("{}~{}~{}", self.on, self.at, self.id)
    }
}

#[derive(Clone, Debug)]
pub struct Wanted {
    pub listed: Listed,
    pub on: Option<CivilDate>,
    pub after: Option<Place>,
    pub limit: i64,
}

/// At most so many rows, each with its place.
pub async fn payments_of_everyone(
    pool: &AnyPool,
    wanted: &Wanted,
    zone: &Zone,
) -> Result<Vec<(EveryonesPayment, Place)>, DbError> {
    let rows = match wanted.listed {
        Listed::Posted => posted(pool, wanted).await?,
        Listed::InProgress | Listed::In(_) => others(pool, wanted, zone).await?,
    };
    rows.iter().map(|row| payment(row, wanted.listed, zone)).collect()
}

async fn posted(pool: &AnyPool, wanted: &Wanted) -> Result<Vec<AnyRow>, DbError> {
    let (on, after) = (wanted.on.map(|on| on.to_string()), wanted.after.as_ref());
    // A page goes on in the cursor's day, below it, and in the days before.
    let newest = after.map(|after| after.on.to_string()).or_else(|| on.clone());
    let query = sqlx::query(POSTED)
        .bind(on.unwrap_or_else(|| "0000-01-01".to_owned()))
        .bind(newest.unwrap_or_else(|| "9999-12-31".to_owned()))
        .bind(after.map_or(i64::MAX, |after| after.at))
        .bind(after.map_or("", |after| after.id.as_str()))
        .bind(wanted.limit);
    Ok(query.fetch_all(pool).await?)
}

async fn others(pool: &AnyPool, wanted: &Wanted, zone: &Zone) -> Result<Vec<AnyRow>, DbError> {
    let [one, two, three, four] = wanted.listed.states().map(PaymentState::code);
    let (from, until) = match wanted.on {
        Some(on) => (zone.begins(on).0, zone.begins(on.plus_days(1)).0),
        None => (0, i64::MAX),
    };
    let after = wanted.after.as_ref();
    let query = sqlx::query(OTHERS).bind(one).bind(two).bind(three).bind(four);
    let query = query
        .bind(from)
        .bind(until)
        .bind(after.map_or(i64::MAX, |after| after.at))
        .bind(after.map_or("", |after| after.id.as_str()))
        .bind(wanted.limit);
    Ok(query.fetch_all(pool).await?)
}

fn payment(
    row: &AnyRow,
    listed: Listed,
    zone: &Zone,
) -> Result<(EveryonesPayment, Place), DbError> {
    let id: String = row.try_get("id")?;
    let wrong = |column| DbError::inconsistent("payment", column, &id);
    let text = |column| row.try_get::<String, _>(column);
    let amount = |column| row.try_get::<i64, _>(column).map(MinorUnits::new);
    let state = PaymentState::parse(&text("state")?).ok_or_else(|| wrong("state"))?;
    let decline: Option<String> = row.try_get("decline")?;
    let started_at = Micros(row.try_get("started_at")?);
    let on = match listed {
        Listed::Posted => {
            let on = CivilDate::parse(&text("effective_on")?);
            on.map_err(|_| DbError::inconsistent("posting", "effective_on", &id))?
        }
        Listed::InProgress | Listed::In(_) => zone.day(started_at),
    };
    let payment = EveryonesPayment {
        id: PaymentId::parse(&id).map_err(|_| wrong("id"))?,
        account_id: AccountId::parse(&text("account_id")?).map_err(|_| wrong("account_id"))?,
        account_number: text("account_number")?,
        account_name: text("account_name")?,
        stage: state.stage(decline.is_some()),
        amount: amount("amount")?,
        received: amount("received")?,
        currency: Currency::parse(&text("currency")?).map_err(|_| wrong("currency"))?,
        tender: Tender::parse(&text("tender")?).ok_or_else(|| wrong("tender"))?,
        method: row.try_get("method")?,
        on,
        started_at: instant_text(started_at),
        receipt_number: row.try_get("receipt_number")?,
        refunded: amount("refunded")?,
        refunding: amount("refunding")?,
        withdrawn: amount("withdrawn")?,
    };
    Ok((payment, Place { on, at: row.try_get("at")?, id: text("place")? }))
}
