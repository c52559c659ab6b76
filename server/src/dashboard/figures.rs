//! The sums, each by one question.

use std::collections::BTreeMap;

use receivables::api::dashboard::{Age, AgingBucket, CollectedOn, CurrencyFigures, Figure};
use receivables::calendar::CivilDate;
use receivables::money::{Currency, MinorUnits};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::db::DbError;

const NEEDS_A_PERSON: &str = "select count(*) from work_item where done_at is null";

/// A bucket is the number of the first day that is late enough, counted from today's.
const AGING: &str = "
select x.currency, x.bucket, cast(sum(x.open_amount) as bigint) as amount, count(*) as n
from (select a.currency, b.open_amount,
    case when b.due_on is null or b.due_on >= $1 then 0 when b.due_on >= $2 then 1
      when b.due_on >= $3 then 2 when b.due_on >= $4 then 3 else 4 end as bucket
  from bill b join account a on a.id = b.account_id
  where b.open_amount > 0 and b.standing = 'issued') x
group by x.currency, x.bucket";

const IN_PROGRESS: &str = "
select currency, cast(sum(amount) as bigint) as amount, count(*) as n from payment
where state in ('created', 'awaiting_payer', 'processing', 'unknown') and state <> 'posted'
group by currency";

const COLLECTED: &str = "
select p.currency, x.effective_on, cast(sum(p.received) as bigint) as amount, count(*) as n
from posting x join payment p on p.id = x.payment_id
where x.kind = 'payment_received' and x.effective_on >= $1 and x.effective_on <= $2
group by p.currency, x.effective_on";

pub(super) const SQL: &[&str] = &[NEEDS_A_PERSON, AGING, IN_PROGRESS, COLLECTED];

pub const DAYS: i32 = 30;

pub async fn needs_a_person(connection: &mut AnyConnection) -> Result<i64, DbError> {
    Ok(sqlx::query(NEEDS_A_PERSON).fetch_one(connection).await?.try_get(0)?)
}

/// What one currency has, before the days and buckets without anything are added.
#[derive(Default)]
struct Sums {
    aging: BTreeMap<usize, Figure>,
    in_progress: Figure,
    collected: BTreeMap<CivilDate, Figure>,
}

pub async fn figures(
    connection: &mut AnyConnection,
    today: CivilDate,
) -> Result<Vec<CurrencyFigures>, DbError> {
    let mut found = BTreeMap::<String, Sums>::new();
    let day = |days: i32| today.plus_days(-days).to_string();
    let query = sqlx::query(AGING).bind(day(0)).bind(day(30)).bind(day(60)).bind(day(90));
    for row in query.fetch_all(&mut *connection).await? {
        let bucket: i64 = row.try_get("bucket")?;
        let bucket =
            usize::try_from(bucket).map_err(|_| DbError::inconsistent("bill", "due_on", bucket))?;
        of(&mut found, &row)?.aging.insert(bucket, figure(&row)?);
    }
    for row in sqlx::query(IN_PROGRESS).fetch_all(&mut *connection).await? {
        of(&mut found, &row)?.in_progress = figure(&row)?;
    }
    let query = sqlx::query(COLLECTED).bind(day(DAYS - 1)).bind(day(0));
    for row in query.fetch_all(connection).await? {
        let on: String = row.try_get("effective_on")?;
        let on = CivilDate::parse(&on)
            .map_err(|_| DbError::inconsistent("posting", "effective_on", on))?;
        of(&mut found, &row)?.collected.insert(on, figure(&row)?);
    }
    found.into_iter().map(|(currency, sums)| told(&currency, &sums, today)).collect()
}

fn of<'f>(found: &'f mut BTreeMap<String, Sums>, row: &AnyRow) -> Result<&'f mut Sums, DbError> {
    Ok(found.entry(row.try_get("currency")?).or_default())
}

fn figure(row: &AnyRow) -> Result<Figure, DbError> {
    let amount = MinorUnits::new(row.try_get("amount")?);
    Ok(Figure { amount, count: row.try_get("n")? })
}

fn told(currency: &str, sums: &Sums, today: CivilDate) -> Result<CurrencyFigures, DbError> {
    let aging = Age::ALL.iter().enumerate().map(|(bucket, age)| {
        let Figure { amount, count } = sums.aging.get(&bucket).copied().unwrap_or_default();
        AgingBucket { age: *age, amount, count }
    });
    let aging: Vec<AgingBucket> = aging.collect();
    let late = aging.iter().filter(|bucket| bucket.age != Age::Current);
    let past_due = late.fold(Figure::default(), |sum, bucket| Figure {
        amount: sum.amount.plus_at_most_max(bucket.amount),
        count: sum.count + bucket.count,
    });
    let collected = (0..DAYS).rev().map(|days| {
        let on = today.plus_days(-days);
        let Figure { amount, count } = sums.collected.get(&on).copied().unwrap_or_default();
        CollectedOn { on, amount, count }
    });
    Ok(CurrencyFigures {
        currency: Currency::parse(currency)
            .map_err(|_| DbError::inconsistent("account", "currency", currency))?,
        collected_today: sums.collected.get(&today).copied().unwrap_or_default(),
        past_due,
        in_progress: sums.in_progress,
        aging,
        collected: collected.collect(),
    })
}
