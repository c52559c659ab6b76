-- The current bill asks for an account's payments in flight at every look. An account has at
-- most a few of those and, after some years, hundreds of others.
create index payment_in_flight on payment (account_id, started_at, id)
where state in ('created', 'awaiting_payer', 'processing', 'unknown');
