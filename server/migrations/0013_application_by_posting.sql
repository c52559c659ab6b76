-- A posting's applications are read with it: by the audit trail's digest, and by the export.
create index application_by_posting on application (posting_id);
