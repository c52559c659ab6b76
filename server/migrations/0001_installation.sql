-- What this database is: stamped once, checked at every start. A live database refuses a
-- sandbox start and the reverse, so demo money can never meet real money.
create table installation (
  name text primary key,
  value text not null
);
