-- One-time codes and links: hashed, ten minutes, one use, five tries, bound to the browser.
create table sign_in_code (
  id text primary key,
  email text not null,
  code_hash text not null,
  link_hash text not null,
  browser_hash text not null,
  tries_left bigint not null,
  created_at bigint not null,
  expires_at bigint not null,
  used_at bigint,
  constraint link_is_unique unique (link_hash)
);
create index sign_in_code_by_browser on sign_in_code (browser_hash, created_at);
create index sign_in_code_by_email on sign_in_code (email, created_at);

create table session (
  token_hash text primary key,
  customer_id text not null references customer (id),
  created_at bigint not null,
  last_seen_at bigint not null,
  idle_until bigint not null,
  absolute_until bigint not null,
  ended_at bigint
);
create index session_by_customer on session (customer_id);
