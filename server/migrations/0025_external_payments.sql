-- External payments as staff recorded them: what they said beside the money, and the approval a
-- large one waits for. The id is the payment's, which there is once it is posted.
create table external_payment (
  id text primary key,
  account_id text not null references account (id),
  amount bigint not null,
  currency text not null,
  tender text not null,
  received_on text not null,
  reference text,
  payer_name text,
  fee bigint,
  note text,
  -- The bills that the payer named.
  direction text not null,
  mail_receipt bigint not null,
  -- The payment it looked like, and why it is another.
  duplicate_of text,
  duplicate_reason text,
  -- proposed | posted | declined
  state text not null,
  recorded_by text not null,
  recorded_at bigint not null,
  decided_by text,
  decided_at bigint,
  idempotency_key text not null,
  request_hash text not null,
  constraint an_external_payment_is_recorded_once unique (recorded_by, idempotency_key),
  constraint external_payment_is_positive check (
    amount = cast(amount as bigint) and amount > 0
  ),
  constraint fee_is_less_than_its_payment check (
    fee is null or (fee = cast(fee as bigint) and fee >= 0 and fee < amount)
  ),
  constraint nobody_approves_their_own_external_payment check (
    state <> 'posted' or decided_by is null or decided_by <> recorded_by
  )
);
create index external_payment_by_account on external_payment (account_id, id);
create index external_payment_proposed on external_payment (account_id, amount)
  where state = 'proposed';
