-- What the gateway told us, as it told it: stored once, answered, then acted upon.
create table gateway_event (
  event_id text primary key,
  kind text not null,
  object_id text,
  livemode bigint not null,
  body text not null,
  received_at bigint not null,
  due_at bigint not null,
  tries bigint not null default 0,
  applied_at bigint,
  outcome text
);
create index gateway_event_due on gateway_event (due_at) where applied_at is null;
