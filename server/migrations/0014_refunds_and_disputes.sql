-- Money that goes back: refunds that staff ask for, and disputes by which a payer's bank takes
-- it. What went back, is on its way back and was withdrawn stands beside what was received, so
-- that the table itself refuses to give back more than came in, whoever asks at once.
alter table payment add column refunded bigint not null default 0;
alter table payment add column refunding bigint not null default 0;
alter table payment add column withdrawn bigint not null default 0
  constraint no_more_goes_back_than_was_received check (
    refunded = cast(refunded as bigint) and refunding = cast(refunding as bigint)
    and withdrawn = cast(withdrawn as bigint)
    and refunded >= 0 and refunding >= 0 and withdrawn >= 0
    and refunded + refunding + withdrawn <= received
  );

-- A refund, its keys and its amount are committed before the gateway is asked.
create table refund (
  id text primary key,
  payment_id text not null references payment (id),
  account_id text not null references account (id),
  -- Who asked: an operator; 'gateway' where it was made in the gateway's own pages.
  requested_by text not null,
  idempotency_key text not null,
  request_hash text not null,
  amount bigint not null,
  currency text not null,
  reason text,
  state text not null,
  -- None where no gateway took the payment: staff gave the money back themselves.
  gateway text,
  gateway_key text,
  gateway_ref text,
  failure text,
  requested_at bigint not null,
  changed_at bigint not null,
  -- When the sweep looks at it next, and how often it has.
  look_at bigint,
  looks bigint not null default 0,
  version bigint not null default 0,
  constraint a_key_asks_for_one_refund unique (requested_by, idempotency_key),
  constraint a_gateway_refund_belongs_to_one_refund unique (gateway, gateway_ref),
  constraint refund_is_positive check (amount = cast(amount as bigint) and amount > 0)
);
create index refund_by_payment on refund (payment_id, requested_at, id);
create index refund_to_look_at on refund (look_at) where look_at is not null;

-- What the payer's bank questions; a payment can have several.
create table dispute (
  id text primary key,
  payment_id text not null references payment (id),
  account_id text not null references account (id),
  gateway text not null,
  gateway_ref text not null,
  state text not null,
  reason text not null,
  -- What the bank disputes; what of it was taken out of the book, and came back. Each once.
  amount bigint not null,
  withdrawn bigint not null default 0,
  reinstated bigint not null default 0,
  opened_at bigint not null,
  changed_at bigint not null,
  version bigint not null default 0,
  constraint a_dispute_is_known_once unique (gateway, gateway_ref),
  constraint no_more_is_reinstated_than_was_withdrawn check (
    amount = cast(amount as bigint) and withdrawn = cast(withdrawn as bigint)
    and reinstated = cast(reinstated as bigint)
    and amount >= 0 and withdrawn >= 0 and withdrawn <= amount
    and reinstated >= 0 and reinstated <= withdrawn
  )
);
create index dispute_by_payment on dispute (payment_id, opened_at, id);
