-- Staff look through what people did by who did it and by what it was. Postings, which have a
-- digest, are looked through by account and day elsewhere, and pay for none of this.
create index audit_act_by_actor on audit_act (actor, n) where digest is null;
create index audit_act_by_kind on audit_act (kind, n) where digest is null;
