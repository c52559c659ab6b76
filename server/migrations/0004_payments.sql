-- A payment, its key and its reservation are committed before the gateway is asked.
create table payment (
  id text primary key,
  account_id text not null references account (id),
  -- Who started it, so that two callers may use the same key without meeting.
  started_by text not null,
  session_hash text,
  idempotency_key text not null,
  request_hash text not null,
  amount bigint not null,
  currency text not null,
  tender text not null,
  method text,
  direction text not null,
  preview text not null,
  fingerprint text not null,
  state text not null,
  decline text,
  gateway text not null,
  gateway_ref text,
  received bigint not null default 0,
  started_at bigint not null,
  expires_at bigint not null,
  changed_at bigint not null,
  -- When the sweep looks at it next, and how often it has.
  look_at bigint,
  looks bigint not null default 0,
  -- When the gateway was last asked because someone was waiting for the answer.
  asked_at bigint not null default 0,
  version bigint not null default 0,
  constraint a_key_starts_one_payment unique (account_id, started_by, idempotency_key),
  constraint an_intent_belongs_to_one_payment unique (gateway, gateway_ref),
  constraint amount_is_positive check (amount = cast(amount as bigint) and amount > 0),
  constraint received_is_not_negative check (
    received = cast(received as bigint) and received >= 0
  )
);
create index payment_by_account on payment (account_id, started_at, id);
create index payment_to_look_at on payment (look_at) where look_at is not null;

-- What started payments hold of open items. Rows go when the payment leaves flight.
create table reservation (
  payment_id text not null references payment (id),
  bill_id text not null references bill (id),
  account_id text not null references account (id),
  amount bigint not null,
  primary key (payment_id, bill_id),
  constraint reserved_is_positive check (amount = cast(amount as bigint) and amount > 0)
);
create index reservation_by_account on reservation (account_id, bill_id);

-- Every call that could move money, written with its idempotency key before it is made.
create table payment_attempt (
  payment_id text not null references payment (id),
  operation text not null,
  n bigint not null,
  gateway_key text not null,
  started_at bigint not null,
  answered_at bigint,
  outcome text,
  primary key (payment_id, operation, n)
);

-- What happened to a payment, in order.
create table payment_history (
  payment_id text not null references payment (id),
  n bigint not null,
  event text not null,
  state text not null,
  at bigint not null,
  primary key (payment_id, n)
);
