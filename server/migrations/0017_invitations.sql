-- People who are asked in. Of the link only its hash is kept; the newest one counts.
create table invitation (
  id text primary key,
  email text not null,
  name text not null,
  -- What the person may do with its accounts.
  role text not null,
  link_hash text not null,
  tries_left bigint not null,
  invited_by text not null,
  created_at bigint not null,
  sent_at bigint not null,
  expires_at bigint not null,
  accepted_at bigint,
  revoked_at bigint,
  constraint invitation_link_is_unique unique (link_hash),
  constraint an_invitation_ends_once check (accepted_at is null or revoked_at is null)
);
create index invitation_by_email on invitation (email, id);

create table invitation_account (
  invitation_id text not null references invitation (id),
  account_id text not null references account (id),
  primary key (invitation_id, account_id)
);
create index invitation_account_by_account on invitation_account (account_id);
