//! The invariants of money that goes back: refunds and disputes.

use super::check::Invariant;

const NO_MORE_GOES_BACK_THAN_CAME: &str = "
select id from payment
where refunded < 0 or refunding < 0 or withdrawn < 0
  or refunded + refunding + withdrawn > received
  or (state <> 'posted' and refunded + refunding + withdrawn <> 0)";

const PAYMENTS_KNOW_THEIR_REFUNDS: &str = "
select p.id from payment p
left join (
  select payment_id,
    cast(sum(case when state = 'done' then amount else 0 end) as bigint) as done,
    cast(sum(case when state in ('created', 'pending', 'unknown') then amount else 0 end)
      as bigint) as under_way
  from refund group by payment_id
) r on r.payment_id = p.id
left join (
  select payment_id, cast(sum(withdrawn - reinstated) as bigint) as withdrawn
  from dispute group by payment_id
) d on d.payment_id = p.id
where p.refunded <> coalesce(r.done, 0) or p.refunding <> coalesce(r.under_way, 0)
  or p.withdrawn <> coalesce(d.withdrawn, 0)";

/// Money leaves the clearing account when a refund is done, and comes back when it fails after.
const REFUNDS_EQUAL_THE_BOOK: &str = "
select r.id from refund r
left join (
  select x.source_ref,
    cast(sum(case when x.kind = 'refund_paid' then -e.amount else 0 end) as bigint) as paid,
    cast(sum(-e.amount) as bigint) as gone,
    sum(case when x.kind = 'refund_paid' then 1 else 0 end) as times
  from posting x join entry e on e.posting_id = x.id
  where x.kind in ('refund_paid', 'refund_returned') and e.book_account like 'clearing:%'
  group by x.source_ref
) b on b.source_ref = r.id
where coalesce(b.gone, 0) <> case when r.state = 'done' then r.amount else 0 end
  or coalesce(b.times, 0) > 1
  or (r.state = 'done' and coalesce(b.paid, 0) <> r.amount)";

const DISPUTES_EQUAL_THE_BOOK: &str = "
select d.id from dispute d
left join (
  select x.source_ref,
    cast(sum(case when x.kind = 'dispute_withdrawn' then -e.amount else 0 end) as bigint) as taken,
    cast(sum(case when x.kind = 'dispute_reinstated' then e.amount else 0 end) as bigint) as back
  from posting x join entry e on e.posting_id = x.id
  where x.kind in ('dispute_withdrawn', 'dispute_reinstated') and e.book_account like 'clearing:%'
  group by x.source_ref
) b on b.source_ref = d.id
where d.withdrawn <> coalesce(b.taken, 0) or d.reinstated <> coalesce(b.back, 0)";

const MONEY_GOES_BACK_FROM_ITS_OWN_ACCOUNT: &str = "
select x.id from posting x
left join payment p on p.id = x.payment_id
where x.kind in ('refund_paid', 'refund_returned', 'dispute_withdrawn', 'dispute_reinstated')
  and (p.id is null or p.account_id <> x.account_id
    or not exists (select 1 from refund r where r.id = x.source_ref and r.payment_id = p.id)
      and not exists (select 1 from dispute d where d.id = x.source_ref and d.payment_id = p.id))";

pub(super) const INVARIANTS: &[Invariant] = &[
    Invariant {
        holds: "no more of a payment goes back than was received",
        broken: NO_MORE_GOES_BACK_THAN_CAME,
    },
    Invariant {
        holds: "every payment knows its refunds and disputes",
        broken: PAYMENTS_KNOW_THEIR_REFUNDS,
    },
    Invariant {
        holds: "every refund that is done posted once, and no other holds money",
        broken: REFUNDS_EQUAL_THE_BOOK,
    },
    Invariant {
        holds: "every dispute's money is what the book says",
        broken: DISPUTES_EQUAL_THE_BOOK,
    },
    Invariant {
        holds: "money goes back from the account that it came to",
        broken: MONEY_GOES_BACK_FROM_ITS_OWN_ACCOUNT,
    },
];

pub(super) const SQL: &[&str] = &[
    NO_MORE_GOES_BACK_THAN_CAME,
    PAYMENTS_KNOW_THEIR_REFUNDS,
    REFUNDS_EQUAL_THE_BOOK,
    DISPUTES_EQUAL_THE_BOOK,
    MONEY_GOES_BACK_FROM_ITS_OWN_ACCOUNT,
];
