-- The table on somebody's share that is looked at for payments: how it was when it was last read
-- whole. What is in it is in external_money.
create table watched_table (
  source text primary key,
  content_hash text not null,
  rows_read bigint not null,
  read_at bigint not null
);
