//! The invariants of the book (RULES 5), each a question whose answer must be "none".

use sqlx::{AnyPool, Row};

use crate::db::DbError;

/// One invariant: what holds, and the rows that break it, named.
struct Invariant {
    holds: &'static str,
    broken: &'static str,
}

const POSTINGS_BALANCE: &str = "
select posting_id from entry group by posting_id, currency having sum(amount) <> 0";

const POSTINGS_HAVE_ENTRIES: &str = "
select p.id from posting p where not exists (select 1 from entry e where e.posting_id = p.id)";

const BILLS_ADD_UP: &str = "
select b.id from bill b
where b.total - b.open_amount
  <> (select coalesce(cast(sum(a.amount) as bigint), 0) from application a where a.bill_id = b.id)
  and b.standing not in ('draft', 'cancelled')";

const BILLS_EQUAL_THE_BOOK: &str = "
select b.id from bill b
where b.open_amount <> (
  select coalesce(cast(sum(e.amount) as bigint), 0) from entry e
  where e.bill_id = b.id and e.book_account = 'receivable')
  and b.standing <> 'draft'";

const LINES_ADD_UP: &str = "
select b.id from bill b
where b.total
  <> (select coalesce(cast(sum(l.amount) as bigint), 0) from bill_line l where l.bill_id = b.id)";

const PAYMENTS_ADD_UP: &str = "
select p.id from payment p
where p.state = 'posted' and p.received <> (
  select coalesce(cast(sum(a.amount) as bigint), 0) from application a where a.payment_id = p.id
) + (
  select coalesce(cast(sum(-e.amount) as bigint), 0) from entry e
  join posting x on x.id = e.posting_id
  where x.payment_id = p.id and x.kind = 'payment_received'
    and e.book_account = 'credit_on_account'
) - (
  select coalesce(cast(sum(e.amount) as bigint), 0) from entry e
  join posting x on x.id = e.posting_id
  where x.payment_id = p.id and x.kind = 'credit_applied'
    and e.book_account = 'credit_on_account'
)";

const POSTED_ONCE: &str = "
select p.id from payment p
where p.state = 'posted' and 1 <> (
  select count(*) from posting x where x.payment_id = p.id and x.kind = 'payment_received')";

const ONLY_POSTED_PAYMENTS_POST: &str = "
select x.payment_id from posting x join payment p on p.id = x.payment_id
where x.kind = 'payment_received' and (p.state <> 'posted' or p.account_id <> x.account_id)";

const ONE_RECEIPT_EACH: &str = "
select p.id from payment p
where (p.state = 'posted') <> exists (select 1 from receipt r where r.payment_id = p.id)";

const CREDIT_EQUALS_THE_BOOK: &str = "
select a.id from account a
where a.credit <> (
  select coalesce(cast(sum(-e.amount) as bigint), 0) from entry e
  where e.account_id = a.id and e.book_account = 'credit_on_account')";

const ONLY_PAYMENTS_IN_FLIGHT_RESERVE: &str = "
select r.payment_id from reservation r join payment p on p.id = r.payment_id
where p.state not in ('created', 'awaiting_payer', 'processing', 'unknown')
  or p.account_id <> r.account_id";

const NOTHING_IS_RESERVED_TWICE: &str = "
select b.id from bill b
where b.open_amount
  < (select coalesce(cast(sum(r.amount) as bigint), 0) from reservation r where r.bill_id = b.id)";

const INVARIANTS: &[Invariant] = &[
    Invariant { holds: "every posting sums to zero", broken: POSTINGS_BALANCE },
    Invariant { holds: "every posting has entries", broken: POSTINGS_HAVE_ENTRIES },
    Invariant { holds: "every bill's total is what is applied and open", broken: BILLS_ADD_UP },
    Invariant { holds: "every bill's open amount is the book's", broken: BILLS_EQUAL_THE_BOOK },
    Invariant { holds: "every bill's lines sum to its total", broken: LINES_ADD_UP },
    Invariant { holds: "every payment's money is applied or on account", broken: PAYMENTS_ADD_UP },
    Invariant { holds: "every posted payment posted once", broken: POSTED_ONCE },
    Invariant {
        holds: "every payment's posting is on its own account, and posted",
        broken: ONLY_POSTED_PAYMENTS_POST,
    },
    Invariant { holds: "every posted payment has one receipt", broken: ONE_RECEIPT_EACH },
    Invariant { holds: "every account's credit is the book's", broken: CREDIT_EQUALS_THE_BOOK },
    Invariant {
        holds: "only payments in flight hold reservations",
        broken: ONLY_PAYMENTS_IN_FLIGHT_RESERVE,
    },
    Invariant {
        holds: "no bill is reserved beyond what is open",
        broken: NOTHING_IS_RESERVED_TWICE,
    },
];

pub(super) const SQL: &[&str] = &[
    POSTINGS_BALANCE,
    POSTINGS_HAVE_ENTRIES,
    BILLS_ADD_UP,
    BILLS_EQUAL_THE_BOOK,
    LINES_ADD_UP,
    PAYMENTS_ADD_UP,
    POSTED_ONCE,
    ONLY_POSTED_PAYMENTS_POST,
    ONE_RECEIPT_EACH,
    CREDIT_EQUALS_THE_BOOK,
    ONLY_PAYMENTS_IN_FLIGHT_RESERVE,
    NOTHING_IS_RESERVED_TWICE,
];

/// The answer for one invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub holds: &'static str,
    /// What breaks it; empty when it holds.
    pub broken: Vec<String>,
}

/// Asks every invariant.
pub async fn check(pool: &AnyPool) -> Result<Vec<Finding>, DbError> {
    let mut findings = Vec::with_capacity(INVARIANTS.len());
    for invariant in INVARIANTS {
        let rows = sqlx::query(invariant.broken).fetch_all(pool).await?;
        let broken = rows.iter().map(|row| row.try_get::<String, _>(0));
        let broken = broken.collect::<Result<Vec<_>, _>>()?;
        findings.push(Finding { holds: invariant.holds, broken });
    }
    Ok(findings)
}
