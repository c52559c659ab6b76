-- Bills with their frozen lines. What is left open is kept beside the total because every page
-- and every allocation asks for it; the check below and the book hold it to the truth.
create table bill (
  id text primary key,
  account_id text not null references account (id),
  number text not null,
  period_from text,
  period_to text,
  issued_on text not null,
  due_on text,
  total bigint not null,
  open_amount bigint not null,
  standing text not null,
  hold_reason text,
  -- any | never | at_least:<minor units>
  part_payment text not null default 'any',
  settled_on text,
  constraint bill_number_is_known_once unique (account_id, number),
  constraint open_is_between_nothing_and_total check (
    open_amount = cast(open_amount as bigint) and total = cast(total as bigint)
    and open_amount >= 0 and open_amount <= total
  )
);
-- Only open bills: the current bill stays as quick as the few rows it shows.
create index bill_open on bill (account_id, due_on, id) where open_amount > 0;
create index bill_by_issue on bill (account_id, issued_on, id);

create table bill_line (
  bill_id text not null references bill (id),
  line bigint not null,
  description text not null,
  quantity text not null,
  unit_price bigint not null,
  discount bigint not null,
  tax_rate text not null,
  tax bigint not null,
  amount bigint not null,
  primary key (bill_id, line)
);
