-- What people may do. Operators go on with what their keys have opened until now; customers go
-- on paying the accounts they hold.
alter table operator add column roles text not null default 'clerk,approver';

alter table account_customer add column role text not null default 'payer'
  constraint account_role_is_known check (role in ('payer', 'viewer'));
