-- The book: double entry, append only. Triggers (set up at every start, each engine in its own
-- words) refuse UPDATE and DELETE on all three tables; a mistake gets a reversing posting.
create table posting (
  id text primary key,
  account_id text not null references account (id),
  -- bill_issued | payment_received
  kind text not null,
  -- What caused it, from where: a bill, a gateway's own reference. Posts exactly once.
  source text not null,
  source_ref text not null,
  payment_id text,
  effective_on text not null,
  recorded_at bigint not null,
  constraint a_source_posts_once unique (source, source_ref)
);
create index posting_by_account on posting (account_id, recorded_at, id);

create table entry (
  posting_id text not null references posting (id),
  line bigint not null,
  account_id text not null references account (id),
  -- receivable | income | clearing:<gateway> | credit_on_account
  book_account text not null,
  bill_id text,
  currency text not null,
  -- Debits positive, credits negative: a posting's entries sum to zero.
  amount bigint not null,
  primary key (posting_id, line),
  constraint entry_is_whole_and_not_zero check (
    amount = cast(amount as bigint) and amount <> 0
  )
);
create index entry_by_account on entry (account_id, book_account);

create table application (
  id text primary key,
  posting_id text not null references posting (id),
  account_id text not null references account (id),
  payment_id text not null,
  bill_id text not null references bill (id),
  amount bigint not null,
  reason text not null,
  applied_on text not null,
  constraint applied_is_positive check (amount = cast(amount as bigint) and amount > 0)
);
create index application_by_bill on application (bill_id);
create index application_by_payment on application (payment_id);
