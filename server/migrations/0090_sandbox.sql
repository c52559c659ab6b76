-- The sandbox's memory: what the stand-in for the gateway knows. It lies in the same database
-- because in memory it would forget intents that the book still speaks of. Used only without a
-- gateway key; nothing outside the sandbox reads it.

-- Objects in a made order of their own, since many are made within one second.
create table sandbox_counter (
  name text primary key,
  value bigint not null
);
insert into sandbox_counter (name, value) values ('sequence', 0);

create table sandbox_object (
  id text primary key,
  kind text not null,
  intent_id text not null,
  sequence bigint not null,
  created_seconds bigint not null,
  -- When a debit that is under way comes to its end.
  settles_at bigint,
  document text not null,
  constraint sandbox_kind_is_known check (kind in ('intent', 'charge', 'refund'))
);
create unique index sandbox_object_in_order on sandbox_object (kind, sequence);
create index sandbox_object_settles on sandbox_object (settles_at) where settles_at is not null;

create table sandbox_event (
  id text primary key,
  kind text not null,
  sequence bigint not null,
  created_seconds bigint not null,
  document text not null,
  -- How often it is still to be delivered, and when next, in microseconds.
  deliveries_left bigint not null,
  next_try_at bigint,
  tries bigint not null
);
create unique index sandbox_event_in_order on sandbox_event (sequence);
create index sandbox_event_due on sandbox_event (next_try_at) where next_try_at is not null;

-- The first answer to each idempotency key, repeated for a day.
create table sandbox_answer (
  idempotency_key text primary key,
  fingerprint text not null,
  status bigint not null,
  body text not null,
  answered_at bigint not null
);
