-- Who did what, about which thing, and when: written with what it records, in one transaction.
-- Afterwards each act gets its place in a chain and a hash over itself and the act before it, so
-- that an act which is changed, taken out or moved shows. Only ids, nobody's name or address.
create table audit_act (
  -- The key of what it records.
  id text primary key,
  kind text not null,
  actor text not null,
  about text not null,
  account_id text,
  at bigint not null,
  request text,
  -- Of a posting: the hash of its entries and applications.
  digest text,
  -- Its place in the chain, once it is sealed.
  n bigint,
  hash text,
  constraint a_place_holds_one_act unique (n),
  constraint an_act_is_sealed_whole check ((n is null) = (hash is null))
);
create index audit_act_unsealed on audit_act (at, id) where n is null;
