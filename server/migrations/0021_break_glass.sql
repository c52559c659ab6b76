-- Administrators for the hour in which the identity provider is down. A row is there only while
-- somebody has broken the glass, and opens nothing after its end.
create table break_glass (
  name text primary key,
  -- argon2id, as a PHC string.
  password_hash text not null,
  -- The seed of the one-time codes, sealed under a key made of the password.
  seed_salt text not null,
  seed_sealed text not null,
  -- The last period whose code was used: each opens the door once.
  last_step bigint not null,
  wrong_tries bigint not null,
  wrong_since bigint not null,
  enabled_at bigint not null,
  expires_at bigint not null
);
