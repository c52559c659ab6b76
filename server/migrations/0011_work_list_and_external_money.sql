-- What waits for a person: each row says what it is about and why, in plain words, and nothing
-- about anybody. A matter is open once, however often it is found.
create table work_item (
  id text primary key,
  kind text not null,
  -- What it is about: payment | gateway_intent | gateway_event | outbox | ...
  thing text not null,
  thing_id text not null,
  account_id text references account (id),
  why text not null,
  opened_at bigint not null,
  done_at bigint,
  -- How it ended: what resolved it, or the note of who did.
  ending text
);
create unique index work_item_open_once on work_item (kind, thing, thing_id)
  where done_at is null;
create index work_item_open on work_item (opened_at, id) where done_at is null;

-- Money that came through the gateway without a payment started here, one row an intent. It is
-- unmatched while it has no payment. The row is also the lock of that decision.
create table external_money (
  gateway text not null,
  gateway_ref text not null,
  -- The checkout session it was paid in, and what the payer's link said: a claim, not a proof.
  session_ref text,
  reference text,
  amount bigint not null,
  currency text not null,
  tender text not null,
  method text,
  received_on text not null,
  received_at bigint not null,
  found_at bigint not null,
  payment_id text references payment (id),
  -- reference | note | operator
  matched_by text,
  matched_at bigint,
  primary key (gateway, gateway_ref),
  constraint external_money_is_positive check (
    amount = cast(amount as bigint) and amount > 0
  )
);
create index external_money_unmatched on external_money (found_at) where payment_id is null;

-- The sandbox's checkout sessions. The intent is made when the payer pays.
create table sandbox_session (
  id text primary key,
  intent_id text,
  sequence bigint not null,
  created_seconds bigint not null,
  document text not null
);
create unique index sandbox_session_in_order on sandbox_session (sequence);
create index sandbox_session_by_intent on sandbox_session (intent_id);
