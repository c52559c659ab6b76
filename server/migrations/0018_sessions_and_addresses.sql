-- How a session began, whether it outlives the browser's, and on what it runs, in two words.
alter table session add column method text not null default 'code';
alter table session add column remembered bigint not null default 0;
alter table session add column device text not null default '';

-- A customer who takes another address: confirmed there by a code, told of at the old one. The
-- code is bound to the session that asked.
create table email_change (
  id text primary key,
  customer_id text not null references customer (id),
  email text not null,
  code_hash text not null,
  tries_left bigint not null,
  created_at bigint not null,
  expires_at bigint not null,
  confirmed_at bigint,
  -- When the new address takes the place of the old one.
  effective_at bigint,
  done_at bigint,
  stopped_at bigint,
  constraint a_change_ends_once check (done_at is null or stopped_at is null)
);
create index email_change_by_customer on email_change (customer_id, created_at);
create index email_change_to_do on email_change (effective_at)
  where done_at is null and stopped_at is null;
