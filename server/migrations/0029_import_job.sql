-- A file of payments that was sent in, and how far the taking of its rows has come. The file itself
-- lies in data_dir/imports until it is done.
create table import_job (
  id text primary key,
  map_name text not null,
  -- The map as it was then.
  map text not null,
  currency text not null,
  file_hash text not null,
  file_bytes bigint not null,
  uploaded_by text not null,
  uploaded_at bigint not null,
  -- uploaded | running | stopped | done | failed
  state text not null,
  -- 1: the rows are only looked at.
  dry_run bigint not null default 0,
  rows_done bigint not null default 0,
  rows_new bigint not null default 0,
  rows_known bigint not null default 0,
  rows_waiting bigint not null default 0,
  rows_refused bigint not null default 0,
  failure text,
  changed_at bigint not null
);
create index import_job_newest on import_job (uploaded_at, id);
create index import_job_running on import_job (id) where state = 'running';

-- Why a row did nothing, in words that name no person.
create table import_row (
  import_id text not null references import_job (id),
  row_number bigint not null,
  -- Rows of one number, as the payments of one batch of a bank have.
  part bigint not null,
  -- needs_person | refused
  outcome text not null,
  why text not null,
  primary key (import_id, row_number, part)
);

-- The maps of sources, as staff wrote them.
create table column_map (
  name text primary key,
  map text not null,
  changed_by text not null,
  changed_at bigint not null
);
