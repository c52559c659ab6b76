-- What happened on an account is read by account, newest first. Postings have their index; these
-- are for what is no posting, and for letters.
create index audit_act_by_account on audit_act (account_id, at, id) where digest is null;
create index outbox_letters_by_account on outbox (account_id, created_at, id)
  where kind <> 'write_back';
