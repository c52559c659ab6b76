-- The sandbox plays disputes too. A constraint cannot be changed in place on both engines.
create table sandbox_object_with_disputes (
  id text primary key,
  kind text not null,
  intent_id text not null,
  sequence bigint not null,
  created_seconds bigint not null,
  -- When something that is under way comes to its end: a debit, a refund.
  settles_at bigint,
  document text not null,
  constraint sandbox_object_kind_is_known check (
    kind in ('intent', 'charge', 'refund', 'dispute')
  )
);
insert into sandbox_object_with_disputes
  (id, kind, intent_id, sequence, created_seconds, settles_at, document)
select id, kind, intent_id, sequence, created_seconds, settles_at, document from sandbox_object;
drop table sandbox_object;
alter table sandbox_object_with_disputes rename to sandbox_object;
create unique index sandbox_object_in_order on sandbox_object (kind, sequence);
create index sandbox_object_settles on sandbox_object (settles_at) where settles_at is not null;
