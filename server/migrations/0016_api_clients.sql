-- Programs of the biller's that ask by the API. A client has at most two keys that open at the
-- same time; a key is kept as a hash, ends by itself, and its id names it without opening
-- anything.
create table api_client (
  name text primary key,
  scopes text not null,
  created_by text not null,
  created_at bigint not null,
  ended_at bigint,
  -- Whoever makes a key updates the row first: it is the lock of the client's keys.
  version bigint not null default 0
);

create table api_key (
  id text primary key,
  client text not null references api_client (name),
  key_hash text not null,
  created_by text not null,
  created_at bigint not null,
  expires_at bigint not null,
  last_used_at bigint,
  ended_at bigint,
  constraint api_key_is_unique unique (key_hash)
);
create index api_key_by_client on api_key (client);
