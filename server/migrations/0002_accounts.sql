-- Who may ask, and what owes. An account's row is also the lock of everything that moves its
-- money: whoever updates it first goes first.
create table customer (
  id text primary key,
  email text not null,
  name text not null,
  created_at bigint not null,
  constraint email_is_known_once unique (email)
);

create table account (
  id text primary key,
  number text not null,
  name text not null,
  currency text not null,
  -- The account's own allocation order; the biller's where there is none.
  allocation_order text,
  -- Paid and not applied. The book proves it; kept here so that one read shows it.
  credit bigint not null default 0,
  receipts_issued bigint not null default 0,
  version bigint not null default 0,
  constraint account_number_is_known_once unique (number),
  constraint credit_is_not_negative check (credit = cast(credit as bigint) and credit >= 0)
);

-- Which customers may see and pay which accounts.
create table account_customer (
  customer_id text not null references customer (id),
  account_id text not null references account (id),
  primary key (customer_id, account_id)
);
create index account_customer_by_account on account_customer (account_id);
