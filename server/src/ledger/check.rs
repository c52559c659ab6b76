//! The invariants of the book (RULES 5), each a question whose answer must be "none".

use sqlx::{AnyPool, Row};

use super::check_money_back;
use super::digest::changed;
use crate::audit;
use crate::db::{DbError, snapshot};

/// One invariant: what holds, and the rows that break it, named.
pub(super) struct Invariant {
    pub holds: &'static str,
    pub broken: &'static str,
}

const POSTINGS_BALANCE: &str = "
select posting_id from entry group by posting_id, currency having sum(amount) <> 0";

const POSTINGS_HAVE_ENTRIES: &str = "
select p.id from posting p where not exists (select 1 from entry e where e.posting_id = p.id)";

const BILLS_ADD_UP: &str = "
select b.id from bill b
left join (select bill_id, cast(sum(amount) as bigint) as applied from application group by bill_id) a
  on a.bill_id = b.id
left join (
  select e.bill_id, cast(sum(-e.amount) as bigint) as adjusted
  from entry e join posting x on x.id = e.posting_id
  where e.book_account = 'receivable'
    and x.kind in ('credit_note', 'write_off', 'adjustment_reversed')
  group by e.bill_id
) d on d.bill_id = b.id
where b.total - b.open_amount <> coalesce(a.applied, 0) + coalesce(d.adjusted, 0)
  and b.standing not in ('draft', 'cancelled')";

const NOTHING_IS_TAKEN_BACK_TWICE: &str = "
select a.id from application a
join (
  select reverses, cast(sum(amount) as bigint) as taken_back from application
  where reverses is not null group by reverses
) r on r.reverses = a.id
where a.amount + r.taken_back < 0 or a.reverses is not null";

const REVERSALS_FIT_WHAT_THEY_REVERSE: &str = "
select r.id from application r
left join application a on a.id = r.reverses
where r.reverses is not null
  and (a.id is null or a.bill_id <> r.bill_id or a.account_id <> r.account_id
    or coalesce(a.payment_id, '') <> coalesce(r.payment_id, '')
    or coalesce(a.adjustment_id, '') <> coalesce(r.adjustment_id, ''))";

const ADJUSTMENTS_POST_ONCE: &str = "
select a.id from adjustment a
left join (
  select adjustment_id, count(*) as postings from posting
  where kind in ('credit_note', 'write_off') group by adjustment_id
) x on x.adjustment_id = a.id
left join (
  select adjustment_id, count(*) as reversals from posting
  where kind = 'adjustment_reversed' group by adjustment_id
) r on r.adjustment_id = a.id
where coalesce(x.postings, 0) <> case when a.state in ('posted', 'reversed') then 1 else 0 end
  or coalesce(r.reversals, 0) <> case when a.state = 'reversed' then 1 else 0 end";

const ADJUSTMENTS_EQUAL_THE_BOOK: &str = "
select a.id from adjustment a
left join (
  select x.adjustment_id, cast(sum(e.amount) as bigint) as booked
  from posting x join entry e on e.posting_id = x.id
  where e.book_account in ('credit_notes', 'write_offs') group by x.adjustment_id
) b on b.adjustment_id = a.id
where coalesce(b.booked, 0) <> case when a.state = 'posted' then a.amount else 0 end";

const BILLS_EQUAL_THE_BOOK: &str = "
select b.id from bill b
left join (
  select bill_id, cast(sum(amount) as bigint) as owed from entry
  where book_account = 'receivable' group by bill_id
) e on e.bill_id = b.id
where b.open_amount <> coalesce(e.owed, 0) and b.standing <> 'draft'";

const LINES_ADD_UP: &str = "
select b.id from bill b
left join (select bill_id, cast(sum(amount) as bigint) as lines from bill_line group by bill_id) l
  on l.bill_id = b.id
where b.total <> coalesce(l.lines, 0)";

const PAYMENTS_ADD_UP: &str = "
select p.id from payment p
left join (
  select payment_id, cast(sum(amount) as bigint) as applied from application group by payment_id
) a on a.payment_id = p.id
left join (
  select x.payment_id, cast(sum(-e.amount) as bigint) as on_account
  from entry e join posting x on x.id = e.posting_id
  where e.book_account = 'credit_on_account' group by x.payment_id
) c on c.payment_id = p.id
where p.state = 'posted'
  and p.received
    <> coalesce(a.applied, 0) + coalesce(c.on_account, 0) + p.refunded + p.withdrawn";

const POSTED_ONCE: &str = "
select p.id from payment p
left join (
  select payment_id, count(*) as postings from posting
  where kind = 'payment_received' group by payment_id
) x on x.payment_id = p.id
where p.state = 'posted' and coalesce(x.postings, 0) <> 1";

const ONLY_POSTED_PAYMENTS_POST: &str = "
select x.payment_id from posting x join payment p on p.id = x.payment_id
where x.kind = 'payment_received' and (p.state <> 'posted' or p.account_id <> x.account_id)";

const ONE_RECEIPT_EACH: &str = "
select p.id from payment p
left join receipt r on r.payment_id = p.id
where (p.state = 'posted' and r.payment_id is null and p.gateway <> 'import')
  or (p.state <> 'posted' and r.payment_id is not null)";

const CREDIT_EQUALS_THE_BOOK: &str = "
select a.id from account a
left join (
  select account_id, cast(sum(-amount) as bigint) as credit from entry
  where book_account = 'credit_on_account' group by account_id
) e on e.account_id = a.id
where a.credit <> coalesce(e.credit, 0)";

const ONLY_PAYMENTS_IN_FLIGHT_RESERVE: &str = "
select r.payment_id from reservation r join payment p on p.id = r.payment_id
where p.state not in ('created', 'awaiting_payer', 'processing', 'unknown')
  or p.account_id <> r.account_id";

const NOTHING_IS_RESERVED_TWICE: &str = "
select b.id from bill b
join (
  select bill_id, cast(sum(amount) as bigint) as reserved from reservation group by bill_id
) r on r.bill_id = b.id
where b.open_amount < r.reserved";

const POSTINGS_SAY_WHAT_WAS_RECEIVED: &str = "
select p.id from payment p
join posting x on x.payment_id = p.id and x.kind = 'payment_received'
left join (
  select posting_id, cast(sum(amount) as bigint) as amount, min(currency) as currency
  from entry where book_account like 'clearing:%' group by posting_id
) e on e.posting_id = x.id
where coalesce(e.amount, 0) <> p.received or coalesce(e.currency, '') <> p.currency
  or x.source <> p.gateway or x.source_ref <> coalesce(p.gateway_ref, '')";

const BOOKED_ON_ONE_ACCOUNT: &str = "
select x.id from posting x
where exists (
  select 1 from entry e join account a on a.id = x.account_id
  where e.posting_id = x.id and (e.account_id <> x.account_id or e.currency <> a.currency)
) or exists (
  select 1 from application l
  join bill b on b.id = l.bill_id left join payment p on p.id = l.payment_id
  where l.posting_id = x.id and (l.account_id <> x.account_id or b.account_id <> x.account_id
    or coalesce(p.account_id, x.account_id) <> x.account_id)
)";

const APPLIED_AS_BOOKED: &str = "
select x.id from posting x
left join (
  select posting_id, cast(sum(amount) as bigint) as amount from application group by posting_id
) l on l.posting_id = x.id
left join (
  select posting_id, cast(sum(-amount) as bigint) as amount
  from entry where book_account = 'receivable' group by posting_id
) e on e.posting_id = x.id
where x.kind in ('payment_received', 'credit_applied')
  and coalesce(l.amount, 0) <> coalesce(e.amount, 0)";

const WHAT_THE_GATEWAY_REPORTED_IS_POSTED: &str = "
select p.id from gateway_event g join payment p on p.gateway_ref = g.object_id
where g.outcome = 'taken: posted' and p.state <> 'posted'";

const MATCHED_MONEY_IS_POSTED: &str = "
select m.gateway_ref from external_money m left join payment p on p.id = m.payment_id
where m.payment_id is not null
  and (p.id is null or p.state <> 'posted' or p.gateway <> m.gateway
    or p.gateway_ref <> m.gateway_ref or p.received <> m.amount or p.currency <> m.currency)";

const INVARIANTS: &[Invariant] = &[
    Invariant { holds: "every posting sums to zero", broken: POSTINGS_BALANCE },
    Invariant { holds: "every posting has entries", broken: POSTINGS_HAVE_ENTRIES },
    Invariant {
        holds: "every bill's total is what is applied, credited, written off and open",
        broken: BILLS_ADD_UP,
    },
    Invariant { holds: "no application is taken back twice", broken: NOTHING_IS_TAKEN_BACK_TWICE },
    Invariant {
        holds: "what is taken back is of the same bill and payment",
        broken: REVERSALS_FIT_WHAT_THEY_REVERSE,
    },
    Invariant { holds: "every bill's open amount is the book's", broken: BILLS_EQUAL_THE_BOOK },
    Invariant { holds: "every adjustment posted once", broken: ADJUSTMENTS_POST_ONCE },
    Invariant {
        holds: "every adjustment's amount is the book's",
        broken: ADJUSTMENTS_EQUAL_THE_BOOK,
    },
    Invariant { holds: "every bill's lines sum to its total", broken: LINES_ADD_UP },
    Invariant {
        holds: "every payment's money is applied, on account, refunded or withdrawn",
        broken: PAYMENTS_ADD_UP,
    },
    Invariant { holds: "every posted payment posted once", broken: POSTED_ONCE },
    Invariant {
        holds: "every payment's posting is on its own account, and posted",
        broken: ONLY_POSTED_PAYMENTS_POST,
    },
    Invariant { holds: "every payment posted here has one receipt", broken: ONE_RECEIPT_EACH },
    Invariant { holds: "every account's credit is the book's", broken: CREDIT_EQUALS_THE_BOOK },
    Invariant {
        holds: "only payments in flight hold reservations",
        broken: ONLY_PAYMENTS_IN_FLIGHT_RESERVE,
    },
    Invariant {
        holds: "no bill is reserved beyond what is open",
        broken: NOTHING_IS_RESERVED_TWICE,
    },
    Invariant {
        holds: "every payment's posting says the amount, currency and reference received",
        broken: POSTINGS_SAY_WHAT_WAS_RECEIVED,
    },
    Invariant {
        holds: "a posting, its entries, bills and payments are of one account and its currency",
        broken: BOOKED_ON_ONE_ACCOUNT,
    },
    Invariant {
        holds: "what a posting applies to bills is what it takes off what is owed",
        broken: APPLIED_AS_BOOKED,
    },
    Invariant {
        holds: "every payment whose success at the gateway was taken in is posted",
        broken: WHAT_THE_GATEWAY_REPORTED_IS_POSTED,
    },
    Invariant {
        holds: "money that came without us and was matched is posted, as it was received",
        broken: MATCHED_MONEY_IS_POSTED,
    },
];

pub(super) const SQL: &[&str] = &[
    POSTINGS_BALANCE,
    POSTINGS_HAVE_ENTRIES,
    BILLS_ADD_UP,
    NOTHING_IS_TAKEN_BACK_TWICE,
    REVERSALS_FIT_WHAT_THEY_REVERSE,
    ADJUSTMENTS_POST_ONCE,
    ADJUSTMENTS_EQUAL_THE_BOOK,
    BILLS_EQUAL_THE_BOOK,
    LINES_ADD_UP,
    PAYMENTS_ADD_UP,
    POSTED_ONCE,
    ONLY_POSTED_PAYMENTS_POST,
    ONE_RECEIPT_EACH,
    CREDIT_EQUALS_THE_BOOK,
    ONLY_PAYMENTS_IN_FLIGHT_RESERVE,
    NOTHING_IS_RESERVED_TWICE,
    POSTINGS_SAY_WHAT_WAS_RECEIVED,
    BOOKED_ON_ONE_ACCOUNT,
    APPLIED_AS_BOOKED,
    WHAT_THE_GATEWAY_REPORTED_IS_POSTED,
    MATCHED_MONEY_IS_POSTED,
];

/// The answer for one invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub holds: &'static str,
    /// What breaks it; empty when it holds.
    pub broken: Vec<String>,
}

/// Asks every invariant, all of one moment.
pub async fn check(pool: &AnyPool) -> Result<Vec<Finding>, DbError> {
    let mut moment = snapshot(pool).await?;
    let mut findings = Vec::new();
    for invariant in INVARIANTS.iter().chain(check_money_back::INVARIANTS) {
        let rows = sqlx::query(invariant.broken).fetch_all(&mut *moment).await?;
        let broken = rows.iter().map(|row| row.try_get::<String, _>(0));
        let broken = broken.collect::<Result<Vec<_>, _>>()?;
        findings.push(Finding { holds: invariant.holds, broken });
    }
    let holds = "every posting is as the audit trail recorded it";
    findings.push(Finding { holds, broken: changed(&mut moment).await? });
    let holds = audit::HOLDS;
    let broken = audit::verify(&mut moment, None).await?.broken.into_iter().collect();
    findings.push(Finding { holds, broken });
    Ok(findings)
}
