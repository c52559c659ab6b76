-- Members of staff as the company's identity provider names them: by issuer and subject, never by
-- a mail address, which can be given to somebody else.
create table staff_member (
  id text primary key,
  issuer text not null,
  subject text not null,
  -- As the provider last said it, to show who is signed in.
  name text not null,
  created_at bigint not null,
  last_signed_in_at bigint not null,
  -- An ended member's sessions are dead, and no new one begins.
  ended_at bigint,
  constraint a_subject_is_one_member unique (issuer, subject)
);

-- Sign-ins under way: what has to come back from the provider, for the browser that began. A row
-- is deleted by the first return that names it.
create table staff_sign_in_begun (
  state_hash text primary key,
  browser_hash text not null,
  nonce text not null,
  pkce_verifier text not null,
  begun_at bigint not null,
  expires_at bigint not null
);
create index staff_sign_in_begun_by_end on staff_sign_in_begun (expires_at);

create table staff_session (
  token_hash text primary key,
  member_id text not null references staff_member (id),
  -- As mapped at sign-in, by commas.
  roles text not null,
  created_at bigint not null,
  last_seen_at bigint not null,
  idle_until bigint not null,
  absolute_until bigint not null,
  ended_at bigint
);
create index staff_session_by_member on staff_session (member_id);
