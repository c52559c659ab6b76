-- What accounts are found by: the words of their number, their name and their customers, each as
-- the number that its first letters make, so that both engines sort them alike.
create table account_word (
  account_id text not null references account (id),
  word bigint not null,
  primary key (account_id, word)
);
create index account_word_by_word on account_word (word, account_id);

-- What else staff look for: a bill by its number, a payment by the gateway's name of it, either by
-- a sum, the newest first.
create index bill_by_number on bill (number);
create index bill_by_total on bill (total, issued_on);
create index payment_by_gateway_ref on payment (gateway_ref);
create index payment_by_amount on payment (amount, started_at);
