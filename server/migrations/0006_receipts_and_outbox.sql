-- The receipt as it was posted; shown, mailed and printed from here, never computed again.
create table receipt (
  payment_id text primary key,
  account_id text not null references account (id),
  number text not null,
  issued_at bigint not null,
  content text not null,
  constraint receipt_number_is_given_once unique (number)
);

-- Work to do after a commit: written in the same transaction as what caused it, done at least
-- once, its id being the receiver's idempotency key.
create table outbox (
  id text primary key,
  account_id text,
  kind text not null,
  payload text not null,
  due_at bigint not null,
  tries bigint not null default 0,
  last_error text,
  done_at bigint,
  created_at bigint not null
);
create index outbox_due on outbox (due_at) where done_at is null;
