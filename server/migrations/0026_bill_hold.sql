-- Bills put on hold and released, each with its reason: the bill itself keeps only the reason for
-- which it is on hold now.
create table bill_hold (
  -- The bill and how many times; also the id of the act in the audit trail.
  id text primary key,
  bill_id text not null references bill (id),
  account_id text not null references account (id),
  -- held | released
  act text not null,
  reason text,
  done_by text not null,
  done_at bigint not null
);
create index bill_hold_by_bill on bill_hold (bill_id);
create index bill_hold_by_account on bill_hold (account_id);
