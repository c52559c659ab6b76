-- Passkeys: public keys whose other halves never leave their owner's devices.
create table passkey (
  -- As the device named it.
  id text primary key,
  customer_id text not null references customer (id),
  -- The device on which it was made.
  label text not null,
  credential text not null,
  created_at bigint not null,
  last_used_at bigint
);
create index passkey_by_customer on passkey (customer_id, created_at);

-- What a device was asked to sign, until it has or the time is over. One for a browser.
create table passkey_ceremony (
  id text primary key,
  state text not null,
  expires_at bigint not null
);
create index passkey_ceremony_by_end on passkey_ceremony (expires_at);
