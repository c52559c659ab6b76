//! The database itself refuses to change or delete what is written in the book. The two engines
//! have no common words for a trigger, so this is the one place with a text for each; it runs at
//! every start and changes nothing when the triggers are there.

use sqlx::{AnyConnection, AssertSqlSafe};

use super::{DbError, Engine};

const TABLES: [&str; 5] = ["posting", "entry", "application", "receipt", "audit_act"];

const POSTGRES_FUNCTION: &str = "
create or replace function refuse_change_to_the_book() returns trigger language plpgsql as $$
begin
  raise exception 'the book is append only: % on % refused', tg_op, tg_table_name;
end $$";

/// An act of the audit trail may be given its place, once, and nothing else.
const TOUCHES_AN_ACT: &str = "old.n is not null or new.id <> old.id or new.kind <> old.kind \
     or new.actor <> old.actor or new.about <> old.about or new.at <> old.at \
     or coalesce(new.account_id, '') <> coalesce(old.account_id, '') \
     or coalesce(new.request, '') <> coalesce(old.request, '') \
     or coalesce(new.digest, '') <> coalesce(old.digest, '')";

/// Of a receipt, the name of the account may be forgotten, and nothing else.
fn touches_a_receipt(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => {
            "new.payment_id <> old.payment_id or new.account_id <> old.account_id \
             or new.number <> old.number or new.issued_at <> old.issued_at \
             or json_set(new.content, '$.account_name', '') \
               <> json_set(old.content, '$.account_name', '') \
             or json_extract(new.content, '$.account_name') <> '(erased)'"
        }
        Engine::Postgres => {
            "new.payment_id <> old.payment_id or new.account_id <> old.account_id \
             or new.number <> old.number or new.issued_at <> old.issued_at \
             or (new.content::jsonb - 'account_name') <> (old.content::jsonb - 'account_name') \
             or new.content::jsonb ->> 'account_name' <> '(erased)'"
        }
    }
}

/// A database of an older version refuses that, too. SQLite keeps the trigger it has.
const OLDER: &str = "drop trigger if exists receipt_refuses_update";

pub(super) async fn guard(connection: &mut AnyConnection, engine: Engine) -> Result<(), DbError> {
    if engine == Engine::Postgres {
        sqlx::query(POSTGRES_FUNCTION).execute(&mut *connection).await?;
    }
    if engine == Engine::Sqlite {
        sqlx::query(OLDER).execute(&mut *connection).await?;
    }
    for table in TABLES {
        for change in ["update", "delete"] {
            let when = match (table, change) {
                ("audit_act", "update") => format!("when ({TOUCHES_AN_ACT})"),
                ("receipt", "update") => format!("when ({})", touches_a_receipt(engine)),
                _ => String::new(),
            };
            let text = match engine {
                Engine::Sqlite => format!(
                    "create trigger if not exists {table}_refuses_{change} before {change} on \
                     {table} {when} begin select raise(abort, 'the book is append only'); end"
                ),
                Engine::Postgres => format!(
                    "create or replace trigger {table}_refuses_{change} before {change} on \
                     {table} for each row {when} execute function refuse_change_to_the_book()"
                ),
            };
            // Built from the two lists above and nothing else.
            sqlx::query(AssertSqlSafe(text)).execute(&mut *connection).await?;
        }
    }
    if engine == Engine::Postgres {
        for table in TABLES {
            let text = format!(
                "create or replace trigger {table}_refuses_truncate before truncate on {table} \
                 for each statement execute function refuse_change_to_the_book()"
            );
            sqlx::query(AssertSqlSafe(text)).execute(&mut *connection).await?;
        }
    }
    Ok(())
}
