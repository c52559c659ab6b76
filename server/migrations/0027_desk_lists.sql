-- What staff read of all accounts at once: what was received, by its business day; payments that
-- came to nothing or are under way; and what is open, by its due date.
create index posting_received_by_day on posting (effective_on, recorded_at, id)
  where kind = 'payment_received';
create index payment_by_state on payment (state, started_at, id) where state <> 'posted';
create index bill_asked_for_by_due_date on bill (due_on, account_id, open_amount)
  where open_amount > 0 and standing = 'issued';
