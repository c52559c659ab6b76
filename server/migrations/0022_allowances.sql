-- How much of an allowance is spent: until when it would take to fill up again. Named by a hash,
-- so that the row does not tell whose it is; gone once it has filled up.
create table allowance (
  key text primary key,
  spent_until bigint not null
);
create index allowance_by_end on allowance (spent_until);
