-- What was applied can be taken back, whole or in part, by an application of its own with a
-- negative amount; nothing is edited. Credit on account can come from a credit note as well as
-- from a payment, so an application says whose it is.
create table application_with_reversals (
  id text primary key,
  posting_id text not null references posting (id),
  account_id text not null references account (id),
  payment_id text,
  adjustment_id text,
  bill_id text not null references bill (id),
  amount bigint not null,
  -- The application that a negative amount takes back.
  reverses text,
  reason text not null,
  applied_on text not null,
  constraint applied_is_positive_unless_it_reverses check (
    amount = cast(amount as bigint)
    and ((reverses is null and amount > 0) or (reverses is not null and amount < 0))
  ),
  constraint applied_money_is_of_one_source check (
    (payment_id is null) <> (adjustment_id is null)
  )
);
insert into application_with_reversals
  (id, posting_id, account_id, payment_id, bill_id, amount, reason, applied_on)
select id, posting_id, account_id, payment_id, bill_id, amount, reason, applied_on
from application;
drop table application;
alter table application_with_reversals rename to application;
create index application_by_bill on application (bill_id);
create index application_by_payment on application (payment_id);
create index application_by_adjustment on application (adjustment_id)
  where adjustment_id is not null;
create index application_by_reversed on application (reverses) where reverses is not null;

alter table posting add column adjustment_id text;

-- Credit notes and write-offs: what changes a balance without money. Each is proposed by one
-- operator; a write-off is posted only once another one approves it.
create table adjustment (
  id text primary key,
  account_id text not null references account (id),
  -- None: a credit note to the account itself.
  bill_id text references bill (id),
  kind text not null,
  amount bigint not null,
  reason text not null,
  state text not null,
  proposed_by text not null,
  proposed_at bigint not null,
  decided_by text,
  decided_at bigint,
  reversed_by text,
  reversed_at bigint,
  idempotency_key text not null,
  request_hash text not null,
  constraint an_adjustment_is_proposed_once unique (proposed_by, idempotency_key),
  constraint adjustment_is_positive check (amount = cast(amount as bigint) and amount > 0),
  constraint nobody_approves_their_own_write_off check (
    kind <> 'write_off' or state not in ('posted', 'reversed')
    or (decided_by is not null and decided_by <> proposed_by)
  )
);
create index adjustment_by_account on adjustment (account_id, proposed_at, id);

-- What staff did to payments and bills, with the answer to a repeat of the same key.
create table correction (
  operator text not null,
  idempotency_key text not null,
  request_hash text not null,
  account_id text not null references account (id),
  answer text not null,
  done_at bigint not null,
  primary key (operator, idempotency_key)
);

-- Staff until the company's own sign-in: each has a key, shown once and kept as a hash.
create table operator (
  name text primary key,
  key_hash text not null,
  created_at bigint not null,
  ended_at bigint,
  constraint operator_key_is_unique unique (key_hash)
);
